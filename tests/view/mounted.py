# SPDX-License-Identifier: GPL-2.0-only
"""memlogfs on a folder of its own, and the results of tests."""

import os
import signal
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", os.path.join(TOP, "build"))
MEMLOGFS = os.path.join(BUILD, "memlogfs")
EXIT_SKIP = 4


def comment(text):
    print("".join(f"# {line}\n" for line in text.splitlines()), end="")


def skip_without_fuse():
    if not os.access("/dev/fuse", os.W_OK):
        print("1..0 # SKIP there is no /dev/fuse for us")
        sys.exit(EXIT_SKIP)


class Mount:
    """memlogfs --device on a folder of its own."""

    def __init__(self, folder, *options, name="memlog"):
        self.folder = folder
        self.device = os.path.join(folder, name)
        # to a file: a pipe that nobody empties would hold it up
        self.log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen(
            [MEMLOGFS, "--device", "-f", *options, folder], stdout=self.log,
            stderr=subprocess.STDOUT)

    def __enter__(self):
        deadline = time.monotonic() + 20
        while not os.path.exists(self.device):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise OSError("memlogfs does not mount: " + self.said())
            time.sleep(0.02)
        return self

    def said(self):
        self.log.seek(0)
        return self.log.read().strip()

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def complaint(self):
        """What is wrong with how it ended, if something is."""
        said = self.said()
        if self.process.returncode or said:
            return f"memlogfs ended with status {self.process.returncode}: {said}"
        return None


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = False
        print("TAP version 13")

    def result(self, good, name, why=None):
        self.count += 1
        self.failed |= not good
        skip = f" # SKIP {why}" if why else ""
        print(f"{'' if good else 'not '}ok {self.count} {name}{skip}", flush=True)

    def end(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0
