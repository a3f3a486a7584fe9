"""A process that stores readings as fast as it can until it is killed.

`store_victim.py FOLDER FIRST LIMIT_BYTES` says `open`, then `offered DEVICE NUMBER` before a
reading is handed in and `stored DEVICE NUMBER` once its commit has returned.
"""

import sys
import time
from pathlib import Path

from edge.store.store import Store
from tests.prove.store_oracle import ManualClock, columns_of, scan_of, settings


class RunningClock(ManualClock):
    def mono_ns(self):
        return time.monotonic_ns()


def main():
    folder, first, limit_bytes = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    clock = RunningClock()
    store = Store(
        settings(folder, clock, limit_bytes=limit_bytes, raw_age_s=0.02), commit_interval_s=0.003
    )
    print("open", flush=True)
    pump, meter = columns_of("pump", raw=True), columns_of("meter")
    number = first
    while True:
        futures = []
        for _ in range(7):
            for columns in (pump, meter):
                scan = scan_of(columns, number)
                clock.ns = scan.measured_at
                print("offered", columns.device, number, flush=True)
                futures.append((columns.device, number, store.append(scan)))
            number += 1
        for device, each, future in futures:
            future.result()
            print("stored", device, each, flush=True)


if __name__ == "__main__":
    main()
