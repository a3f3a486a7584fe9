"""The receiver's ledger as SQL: plain tables that an integrator may read while it runs.

What came is named by `(stream, seq)` of `message`, and that key alone keeps repeats out: `summary`,
`cell` and `event` have none of their own. Times are Unix milliseconds.
"""

SCHEMA_VERSION = 1

PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA trusted_schema = OFF;
PRAGMA journal_size_limit = 67108864;
PRAGMA cache_size = -65536;
"""

TABLES = """
CREATE TABLE gateway (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  epoch TEXT NOT NULL,            -- of the store it has now
  first_seen_ms INTEGER NOT NULL,
  seen_ms INTEGER NOT NULL,       -- when anything last came, to about ten seconds
  silent_since_ms INTEGER,        -- NULL while live values come
  site TEXT,                      -- the last description, as JSON
  site_ms INTEGER
) STRICT;

CREATE TABLE stream (
  id INTEGER PRIMARY KEY,
  gateway INTEGER NOT NULL REFERENCES gateway,
  epoch TEXT NOT NULL,
  lane TEXT NOT NULL,
  UNIQUE (gateway, epoch, lane)
) STRICT;

CREATE TABLE message (
  stream INTEGER NOT NULL REFERENCES stream,
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL,             -- BLAKE2b of the payload, 16 bytes in hex
  size_bytes INTEGER NOT NULL,
  made_ms INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  first_row INTEGER,              -- its rows in summary, cell or event; NULL where it has none
  last_row INTEGER,
  PRIMARY KEY (stream, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE received (           -- the numbers of `message`, as closed ranges
  stream INTEGER NOT NULL REFERENCES stream,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (stream, first)
) STRICT, WITHOUT ROWID;

CREATE TABLE gap (                -- numbers that were missing, and when they no longer were
  stream INTEGER NOT NULL REFERENCES stream,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  since_ms INTEGER NOT NULL,
  closed_ms INTEGER
) STRICT;
CREATE INDEX gap_open ON gap (stream, first) WHERE closed_ms IS NULL;

CREATE TABLE tombstone (          -- numbers that the gateway's disk limit thinned or removed
  stream INTEGER NOT NULL REFERENCES stream,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  kept_s REAL NOT NULL,           -- resolution kept; 0 is nothing
  replaced_by INTEGER,            -- number of the message that says them now
  at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX tombstone_stream ON tombstone (stream);

CREATE TABLE summary (
  stream INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  gateway TEXT NOT NULL,
  device TEXT NOT NULL,
  point TEXT NOT NULL,
  kind TEXT NOT NULL,             -- gauge, counter, or state (bits too)
  unit TEXT NOT NULL,
  since_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  count INTEGER NOT NULL,
  good INTEGER NOT NULL,
  quality INTEGER NOT NULL,
  good_s REAL,
  mean REAL,
  min REAL,
  max REAL,
  last REAL,
  delta REAL,
  counter_epoch INTEGER,
  seconds TEXT,                   -- JSON: seconds in each value
  clock_stepped INTEGER NOT NULL
) STRICT;

CREATE TABLE cell (
  stream INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  gateway TEXT NOT NULL,
  device TEXT NOT NULL,
  point TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  value REAL,
  quality INTEGER NOT NULL
) STRICT;

CREATE TABLE event (
  stream INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  gateway TEXT NOT NULL,
  lane TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  detail TEXT NOT NULL            -- JSON
) STRICT;

CREATE TABLE notice (             -- what the receiver itself found odd
  kind TEXT NOT NULL,             -- conflict, illegible, silent
  gateway TEXT NOT NULL,
  subject TEXT NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  times INTEGER NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (kind, gateway, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE copied (             -- how far a copy has come, by row
  target TEXT NOT NULL,
  source TEXT NOT NULL,
  row INTEGER NOT NULL,
  PRIMARY KEY (target, source)
) STRICT, WITHOUT ROWID;
"""

INSERT_SUMMARY = """
INSERT INTO summary VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
INSERT_CELL = "INSERT INTO cell VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
INSERT_EVENT = "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
