#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A client that does all right while others attack: it must notice nothing.

A process of its own, so that it is not the test that holds it up. It writes 100
payloads a second into a ring and follows them through the bridge.
"""

import json
import os
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bridge import Ring, check, payload  # noqa: E402
from frames import TEXT, WebSocket  # noqa: E402

WORST = 1.0


class Witness:
    """with Witness(bridge, ring): attack. The ring must be new."""

    def __init__(self, bridge, ring, channel="app", token=None):
        ring.write(b"")
        self.process = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), str(bridge.port()), ring.path,
             ring.size, channel, token or ""], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        check(self.process.stdout.readline() == b"follows\n", "the witness does not get in")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        out, _ = self.process.communicate(timeout=60)
        if kind:
            return
        check(self.process.returncode == 0, f"the witness has failed: {out!r}")
        seen = json.loads(out)
        print("# witness:", seen)
        self.seen = seen
        check(seen["received"] > 0 and not seen["lost"], "the witness has lost something")
        check(seen["worst"] < WORST, "the witness was held up")


class Feed(threading.Thread):
    """Writes, and remembers when."""

    def __init__(self, path, size):
        super().__init__(daemon=True)
        ring = Ring(size, name=os.path.basename(path).removesuffix(".ring"),
                    folder=os.path.dirname(path))
        self.writer = ring.writer(bufsize=0)
        self.times = []
        self.stopping = False

    def run(self):
        while not self.stopping:
            self.times.append(time.monotonic())
            self.writer.stdin.write(f"{payload(len(self.times) - 1)}\n".encode())
            time.sleep(0.01)
        self.writer.stdin.write(b"end\n")
        self.writer.stdin.close()
        self.writer.wait()


def main():
    port, path, size, channel, token = sys.argv[1:]
    headers = [f"Authorization: Bearer {token}"] if token else []
    feed = Feed(path, size)
    received = lost = 0
    delays = []
    with WebSocket(int(port), f"/ws/{channel}", headers=headers) as ws:
        print("follows", flush=True)
        feed.start()
        threading.Thread(target=lambda: (sys.stdin.read(), setattr(feed, "stopping", True)),
                         daemon=True).start()
        ends = False
        while not ends:
            opcode, message = ws.message() or (None, b"")
            check(opcode == TEXT, f"ended: {opcode} {message!r}")
            now = time.monotonic()
            for line in message.decode().split("\n")[:-1]:
                ends = line == "end"
                if ends or line.startswith("memlog: lost"):
                    lost += not ends
                    continue
                check(line == payload(received), f"{line!r} in the place of record {received}")
                delays.append(now - feed.times[received])
                received += 1
    delays.sort()
    print(json.dumps({"received": received, "lost": lost, "worst": round(delays[-1], 4),
                      "p99": round(delays[len(delays) * 99 // 100], 4)}))


if __name__ == "__main__":
    main()
