"""The digest: scans become summaries, events and raw cells. Pure."""
