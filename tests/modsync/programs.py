# SPDX-License-Identifier: GPL-2.0-only
"""Our server and our client, running, and a server in Python that a test plays."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "bridge"))
sys.path.insert(0, HERE)
from bridge import BUILD, SANITIZED, Tests, check, equal, temporary_folder  # noqa: E402,F401
import peer  # noqa: E402

FLAG = 123456
GOLDEN = os.path.join(HERE, "golden")
PROGRAMS = os.path.abspath(os.path.join(BUILD, "tests", "modsync"))


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def read(path):
    with open(path, "rb") as file:
        return file.read()


def wait_until(what, text, timeout=30):
    end = time.monotonic() + timeout
    while not what():
        check(time.monotonic() < end, text if isinstance(text, str) else text())
        time.sleep(0.02)


class Program:
    """It ends when its standard input does."""

    def __init__(self, *args):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors)

    def said(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.stdin.close()
        status = self.process.wait(30)
        self.process.stdout.close()
        said = self.said()
        check("Sanitizer" not in said and "runtime error" not in said, said)
        return status

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            print("# " + self.said().replace("\n", "\n# "))
            self.kill()
            return
        equal(self.stop(), 0)


class Serve(Program):
    """Our server over a folder."""

    def __init__(self, folder, silent_ms=180000, stuck_ms=60000):
        self.port = free_port()
        super().__init__(os.path.join(PROGRAMS, "serve"), folder, f"127.0.0.1:{self.port}",
                         str(FLAG), str(silent_ms), str(stuck_ms))
        wait_until(lambda: "listens on" in self.said() or self.process.poll() is not None,
                   self.said)

    def connect(self):
        return peer.connect(self.port, FLAG)

    def rows(self, date, number=0, end=None):
        """A day's rows from a number on, until it is complete or has enough."""
        link = self.connect()
        link.ask(date, number)
        got = []
        while end is None or len(got) < end - number:
            kind, content = link.get()
            if kind == peer.DONE:
                equal(content, date.encode())
                break
            equal(kind, peer.ROWS)
            got += peer.rows_of(content)
        link.close()
        return got


class Copy(Program):
    """Our client."""

    def __init__(self, port, folder, history=0, keep=0, patience=30):
        super().__init__(os.path.join(PROGRAMS, "copy"), f"modsync://127.0.0.1:{port}", folder,
                         str(FLAG), str(history), str(keep), str(patience))

    def stats(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


class Played:
    """A server that the test plays, one connection after the other."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def accept(self, timeout=20):
        self.listener.settimeout(timeout)
        return peer.Link(self.listener.accept()[0], FLAG)

    def greeted(self):
        """The next connection, and what it asks for: (link, date, id)."""
        link = self.accept()
        kind, content = link.get()
        equal((kind, content), (peer.HELLO, b"hello test msg from client"))
        link.send(peer.WELCOME, b"hello test msg from server")
        return (link, *asked(link))

    def close(self):
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def asked(link):
    """The next question; heartbeats and greetings may come before."""
    while True:
        kind, content = link.get()
        if kind == peer.ASK:
            question = json.loads(content)
            return question["date"], question["id"]
        if kind == peer.HELLO:
            link.send(peer.WELCOME, b"hello test msg from server")
        else:
            equal((kind, content), (peer.BEAT, b""))


def together(functions):
    """Runs them side by side; the first that fails is what fails."""
    failures = []

    def run(function):
        try:
            function()
        except BaseException as failure:  # also the harness's own
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(f,)) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def same_day(one, other, date):
    """The same files with the same bytes."""
    a, b = (os.path.join(folder, date.replace("-", "")) for folder in (one, other))
    equal(sorted(os.listdir(a)), sorted(os.listdir(b)))
    for name in os.listdir(a):
        check(read(os.path.join(a, name)) == read(os.path.join(b, name)),
              f"{date}/{name} differs")
