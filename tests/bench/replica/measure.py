#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""How fast a replica catches up, how much memory that takes, and how late live
records are. measure.py [RECORDS]"""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../replica"))
from replica import (Replica, content, days, make_year, master, post, same,  # noqa: E402
                     serving, temporary_folder, wait_for)

RECORDS = int(sys.argv[1]) if len(sys.argv) > 1 else 3000000


def peak(replica):
    with open(f"/proc/{replica.process.pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024


def catch_up(sync):
    top = temporary_folder()
    make_year(f"{top}/year", 2, RECORDS // 2, 128)
    last = os.path.join("20250102", "meta")
    size = os.stat(f"{top}/year/{last}").st_size
    records = sum((os.stat(f"{top}/year/{day}/meta").st_size - 16) // 72
                  for day in days(f"{top}/year"))

    def there():
        try:
            return os.stat(f"{top}/a/app/{last}").st_size == size
        except FileNotFoundError:
            return False
    with serving(f"{top}/year") as one:
        began = time.monotonic()
        with Replica(one.from_url(), f"{top}/a", "--channel", "app", "--sync", sync) as a:
            wait_for(there, a.stderr, 600)
            took = time.monotonic() - began
            memory = peak(a)
    assert same(f"{top}/year", f"{top}/a/app")
    print(f"| catch-up, --sync={sync} | {records} | {records / took:,.0f} records/s | {memory:.0f} MB |")


def live(sync, count=300):
    top = temporary_folder()
    with master("--sync", sync) as one, \
            Replica(one.from_url(), f"{top}/a", "--channel", "app", "--sync", sync) as a:
        post(one, b"first\n")
        wait_for(lambda: content(f"{a.dir}/app"), a.stderr)
        path = f"{a.dir}/app/{days(one.dir)[-1]}/meta"
        lags = []
        for n in range(count):
            before = os.stat(path).st_size
            began = time.monotonic()
            post(one, b"%d\n" % n)
            while os.stat(path).st_size == before:
                time.sleep(0.0002)
            lags.append((time.monotonic() - began) * 1000)
    lags.sort()
    print(f"| live, --sync={sync} | {count} | p50 {lags[count // 2]:.1f} ms, "
          f"p99 {lags[count * 99 // 100]:.1f} ms, with the POST | |")


print("| question | records | answer | peak memory |\n|---|---|---|---|")
catch_up("none")
catch_up("batch")
live("none")
live("batch")
