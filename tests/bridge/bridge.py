# SPDX-License-Identifier: GPL-2.0-only
"""What the bridge's tests share: the bridge, rings, payloads, and TAP."""

import asyncio
import atexit
import base64
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

BUILD = os.environ.get("BUILD", "build")
BRIDGE = os.path.abspath(os.path.join(BUILD, "memlog-bridge"))
SANITIZED = os.path.basename(os.path.abspath(BUILD)) in ("asan", "tsan")
MEMLOG = os.path.abspath(os.path.join(BUILD, "memlog"))

LOST = re.compile(r"memlog: lost (\d+) records, (\d+) bytes\Z")


def skip(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(4)


class Skip(Exception):
    """This test can't run here, and why."""


def check(what, text="not so"):
    if not what:
        raise AssertionError(text)


def equal(got, want):
    if got != want:
        raise AssertionError(f"got {got!r:.300}, expected {want!r:.300}")


def temporary_folder():
    folder = tempfile.mkdtemp(prefix="memlog-bridge.")
    atexit.register(shutil.rmtree, folder, True)
    return folder


class Ring:
    """A ring file, written by the memlog command."""

    def __init__(self, size="64K", name="app", folder=None):
        folder = folder or temporary_folder()
        self.path = os.path.join(folder, name + ".ring")
        self.size = size

    def write(self, data, whole=False):
        args = [MEMLOG, "write", "-c", self.path, "--create", "--size", self.size]
        subprocess.run(args + (["-w"] if whole else []), input=data, check=True)

    def writer(self, **kwargs):
        """Each line of its standard input becomes a record."""
        return subprocess.Popen(
            [MEMLOG, "write", "-c", self.path, "--create", "--size", self.size],
            stdin=subprocess.PIPE, **kwargs)


class Bridge:
    """A bridge that runs, in a folder of its own."""

    def __init__(self, *args, folder=None, env=None, ok=True):
        self.folder = folder or temporary_folder()
        self.errors = open(os.path.join(self.folder, "errors"), "w+b")
        environ = dict(os.environ, RUNTIME_DIRECTORY=self.folder, **(env or {}))
        environ.pop("NOTIFY_SOCKET", None)
        environ.update(env or {})
        flags = os.environ.get("BRIDGE_FLAGS", "").split()
        self.process = subprocess.Popen([BRIDGE, *args, *flags], env=environ, cwd=self.folder,
                                        stdout=subprocess.PIPE, stderr=self.errors)
        self.urls = []
        if ok:
            wanted = sum(a in ("--listen", "--listen-insecure") for a in args) or 1
            while len(self.urls) < wanted:
                line = self.process.stdout.readline().decode()
                if not line:
                    raise AssertionError("the bridge did not start: " + self.stderr())
                self.urls.append(line.strip())

    def stderr(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def memory(self):
        """kB of memory of its own that it has touched."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("RssAnon"))

    def sockets(self):
        """How many it has open."""
        folder = f"/proc/{self.process.pid}/fd"
        links = []
        for fd in os.listdir(folder):
            try:
                links.append(os.readlink(os.path.join(folder, fd)))
            except FileNotFoundError:
                pass
        return sum(link.startswith("socket:") for link in links)

    def url(self, number=0):
        return self.urls[number].split("#")[0]

    def port(self, number=0):
        return int(self.url(number).rstrip("/").rsplit(":", 1)[1])

    def token(self, number=0):
        return self.urls[number].split("#token=")[1]

    def ws(self, path="/ws", number=0):
        return f"ws://localhost:{self.port(number)}{path}"

    def wait(self, timeout=20):
        return self.process.wait(timeout)

    def stop(self):
        """Ends it; what the sanitizers found makes the status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.wait()
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("the bridge does not stop") from None
        self.process.stdout.close()
        text = self.stderr()
        self.errors.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        check("Sanitizer" not in text and "runtime error" not in text, text)
        return status, text

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        status, text = self.stop()
        if kind is None:
            check(status == 0, f"exit status {status}: {text}")


def base64url(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def handshake_headers(extra=()):
    lines = ["Connection: Upgrade", "Upgrade: websocket",
             "Sec-WebSocket-Version: 13",
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", *extra]
    return lines


def request(port, path="/", host="localhost", headers=(), method="GET", timeout=5,
            body=b"", sock=None):
    """One request on a connection of its own: (status, headers, body)."""
    if sock is None:
        sock = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    with sock:
        lines = [f"{method} {path} HTTP/1.1"]
        if host is not None:
            lines.append(f"Host: {host}")
        lines += [*headers, "", ""]
        sock.sendall("\r\n".join(lines).encode() + body)
        return read_reply(sock)


def read_reply(sock):
    data = b""
    while b"\r\n\r\n" not in data:
        more = sock.recv(65536)
        if not more:
            raise AssertionError(f"closed in the headers: {data!r}")
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", 0))
    while len(body) < length:
        more = sock.recv(65536)
        if not more:
            break
        body += more
    return int(lines[0].split()[1]), headers, body


# Payloads that prove themselves: number, length, and one byte repeated.

def payload(number, size=None):
    size = size or 20 + number * 7919 % 180
    return f"{number:09d} {size:03d} " + chr(97 + number % 26) * size


# What their lengths add up to, over one period of them.
PERIOD = 180
SUMS = [0]
for _number in range(PERIOD):
    SUMS.append(SUMS[-1] + len(payload(_number)) + 1)


def payload_bytes(first, end):
    """Bytes of text in the records from first to before end."""
    def before(number):
        return number // PERIOD * SUMS[PERIOD] + SUMS[number % PERIOD]
    return before(end) - before(first)


class Account:
    """Follows the lines of one client and accounts for every record."""

    def __init__(self):
        self.first = None
        self.next = None
        self.delivered = self.delivered_bytes = 0
        self.lost = self.lost_bytes = 0
        self.gap = None
        self.done = False

    def take(self, frame):
        check(frame.endswith("\n"), f"a frame ends inside a line: {frame[-80:]!r}")
        for line in frame[:-1].split("\n"):
            self.line(line)

    def line(self, line):
        check(not self.done, f"after the end: {line!r}")
        lost = LOST.match(line)
        if lost:
            records, count = map(int, lost.groups())
            self.lost += records
            self.lost_bytes += count
            self.gap = self.gap or [0, 0]
            self.gap[0] += records
            self.gap[1] += count
            return
        number = int(line[:9])
        if self.next is None:
            # records lost before the first one that came: they are told, too
            self.first = self.next = number - (self.gap[0] if self.gap else 0)
        want = [number - self.next, payload_bytes(self.next, number)]
        equal(self.gap or [0, 0], want)
        self.gap = None
        check(line == payload(number) or line == payload(number) + " end",
              f"damaged: {line!r}")
        self.done = line.endswith(" end")
        self.delivered += 1
        self.delivered_bytes += payload_bytes(number, number + 1)
        self.next = number + 1

    def finish(self, written):
        check(self.done, "the last record never came")
        equal(self.first + self.delivered + self.lost, written)
        equal(self.delivered_bytes + self.lost_bytes,
              payload_bytes(self.first, written))


class Outcome:
    """A test that runs, or ran."""

    def __init__(self, test):
        self.test = test
        self.verdict, self.why, self.took = "not ok", "", 0.0

    def run(self):
        began = time.monotonic()
        try:
            result = self.test()
            if asyncio.iscoroutine(result):
                asyncio.run(result)
            self.verdict = "ok"
        except Skip as skipped:
            self.verdict, self.why = "ok", f" # SKIP {skipped}"
        except Exception:  # whatever it is, it is this test's failure
            print(traceback.format_exc(), end="", flush=True)
        self.took = time.monotonic() - began


class Tests:
    """Runs the functions it was given, and prints TAP."""

    def __init__(self):
        self.tests = []
        self.waiting = set()

    def __call__(self, function):
        self.tests.append(function)
        return function

    def aside(self, function):
        """It mostly waits: it runs while the others do."""
        self.waiting.add(function)
        return self(function)

    def run(self):
        wanted = sys.argv[1:]
        tests = [t for t in self.tests if not wanted or t.__name__ in wanted]
        print("TAP version 13", flush=True)
        print(f"1..{len(tests)}", flush=True)
        outcomes = [Outcome(test) for test in tests]
        aside = {o: threading.Thread(target=o.run, daemon=True) for o in outcomes
                 if o.test in self.waiting}
        for thread in aside.values():
            thread.start()
        for number, outcome in enumerate(outcomes, 1):
            if outcome in aside:
                aside[outcome].join()
            else:
                outcome.run()
            print(f"# {outcome.took:.1f} s")
            print(f"{outcome.verdict} {number} {outcome.test.__name__}{outcome.why}", flush=True)
        sys.exit(any(o.verdict != "ok" for o in outcomes))
