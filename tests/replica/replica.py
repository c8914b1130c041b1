# SPDX-License-Identifier: GPL-2.0-only
"""What the replica's tests share: masters, replicas, bad links between them."""

import asyncio
import hashlib
import os
import random
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../bridge"))
from bridge import BUILD, SANITIZED, Bridge, Tests, check, equal, request, temporary_folder  # noqa: E402

REPLICA = os.path.abspath(os.path.join(BUILD, "memlog-replica"))
MAKE_YEAR = os.path.abspath(os.path.join(BUILD, "tests/replica/make_year"))
PATIENCE = 120 if SANITIZED else 60


def wait_for(what, text, timeout=PATIENCE):
    end = time.monotonic() + timeout
    while not what():
        check(time.monotonic() < end, "waited in vain: " + (text() if callable(text) else text))
        time.sleep(0.05)


class Replica(Bridge):
    """A replica that runs."""

    def __init__(self, url, folder, *args, listen=True, env=None):
        self.folder = temporary_folder()
        self.errors = open(os.path.join(self.folder, "errors"), "w+b")
        environ = dict(os.environ, RUNTIME_DIRECTORY=self.folder, **(env or {}))
        environ.pop("NOTIFY_SOCKET", None)
        self.dir = folder
        listens = ["--listen-insecure", "127.0.0.1:0"] if listen else []
        self.process = subprocess.Popen(
            [REPLICA, "--from", url, "--dir", folder, *listens, *args], env=environ,
            cwd=self.folder, stdout=subprocess.PIPE, stderr=self.errors)
        self.urls = []
        if listen:
            line = self.process.stdout.readline().decode()
            check(line, "the replica did not start: " + self.stderr())
            self.urls.append(line.strip())

    def from_url(self):
        return f"ws://127.0.0.1:{self.port()}"

    def metric(self, name, channel="app"):
        text = request(self.port(), "/metrics")[2].decode()
        for line in text.split("\n"):
            if line.startswith(f'{name}{{channel="{channel}"}}'):
                return int(line.split()[1])
        return None

    def kill(self):
        self.process.kill()
        self.process.wait()


def master(*args, folder=None, **kwargs):
    """A bridge with an embedded channel and its archive."""
    folder = folder or os.path.join(temporary_folder(), "archive")
    bridge = Bridge("--no-devices", "--channel", "app=embedded:4M", "--archive", f"app={folder}",
                    "--listen-insecure", "127.0.0.1:0", *args, **kwargs)
    bridge.dir = folder
    bridge.from_url = lambda: f"ws://127.0.0.1:{bridge.port()}"
    return bridge


def serving(folder, *args, name="app"):
    """A bridge that serves an archive that is there."""
    bridge = Bridge("--no-devices", "--channel", f"{name}={folder}",
                    "--listen-insecure", "127.0.0.1:0", *args)
    bridge.dir = folder
    bridge.from_url = lambda: f"ws://127.0.0.1:{bridge.port()}"
    return bridge


def post(bridge, lines, channel="app"):
    status, _, body = request(bridge.port(), f"/api/v1/channels/{channel}/records",
                              method="POST", timeout=30,
                              headers=["Content-Type: text/plain",
                                       f"Content-Length: {len(lines)}"], body=lines)
    equal((status, body if status != 200 else b""), (200, b""))


def records(bridge):
    url = f"http://127.0.0.1:{bridge.port()}/api/v1/channels/app/records?tail=100"
    with urllib.request.urlopen(url, timeout=30) as reply:
        return reply.read()


def make_year(folder, days, rows, length=60, first="20250101"):
    subprocess.run([MAKE_YEAR, folder, first, str(days), str(rows), str(length)], check=True)


def days(folder):
    try:
        return sorted(name for name in os.listdir(folder) if len(name) == 8 and name.isdigit())
    except FileNotFoundError:
        return []


def content(folder, cgroups=True):
    """All that has to be the same: {day/file: digest}."""
    found = {}
    for day in days(folder):
        for name in sorted(os.listdir(os.path.join(folder, day))):
            if name.startswith("data") or name in ("index", "meta", "finish") or \
                    (cgroups and name == "cgroups"):
                with open(os.path.join(folder, day, name), "rb") as file:
                    found[f"{day}/{name}"] = hashlib.sha256(file.read()).hexdigest()
    return found


def same(one, other, cgroups=True):
    return content(one, cgroups) == content(other, cgroups)


def wait_same(one, other, timeout=PATIENCE, who=None, cgroups=True):
    def why():
        a, b = content(one, cgroups), content(other, cgroups)
        different = [k for k in sorted(set(a) | set(b)) if a.get(k) != b.get(k)]
        return f"{other} differs in {different[:5]} {who.stderr() if who else ''}"
    def done():
        check(not who or who.process.poll() is None, f"it has ended: {who.stderr() if who else ''}")
        return same(one, other, cgroups)
    wait_for(done, why, timeout)


def flip(path, offset, bit=4):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ bit]))


class Proxy:
    """A TCP link that ends, and garbles, at random."""

    def __init__(self, port, cut=0, garble=0, seed=1, delay=0):
        self.port_to, self.cut, self.garble, self.delay = port, cut, garble, delay
        self.random = random.Random(seed)
        self.cuts = self.garbled = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.closed = False
        self.sockets = []
        threading.Thread(target=self.accept, daemon=True).start()

    def url(self):
        return f"ws://127.0.0.1:{self.port}"

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            if self.closed:
                sock.close()
                return
            try:
                to = socket.create_connection(("127.0.0.1", self.port_to))
            except OSError:
                sock.close()
                continue
            self.sockets += [sock, to]
            for pair in ((sock, to, False), (to, sock, True)):
                threading.Thread(target=self.pump, args=pair, daemon=True).start()

    def pump(self, source, sink, down):
        left = self.random.randrange(self.cut) + 1 if self.cut else None
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                if down and self.garble and not self.random.randrange(self.garble):
                    at = self.random.randrange(len(data))
                    data = data[:at] + bytes([data[at] ^ 1 << self.random.randrange(8)]) + \
                        data[at + 1:]
                    self.garbled += 1
                if left is not None and len(data) >= left:
                    sink.sendall(data[:left - 1])
                    self.cuts += 1
                    break
                if left is not None and down:
                    left -= len(data)
                sink.sendall(data)
        except OSError:
            pass
        for sock in (source, sink):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def mend(self):
        """From now on it is a good link. What is stuck on it ends."""
        self.cut = self.garble = 0
        for sock in self.sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.closed = True
        self.listener.close()


# What a client says; see SYNC.md.

def ask(kind, flags=0, date=20250101, number=0, pad=0):
    return struct.pack(">BBHIQ", kind, flags, pad, date, number)


async def says(port, *messages, closes=True):
    """What a server answers to these, which it gets at once, until it closes or is silent."""
    import websockets
    got = []
    async with websockets.connect(f"ws://127.0.0.1:{port}/ws/app",
                                  subprotocols=["memlog.sync"], max_size=None) as ws:
        got.append(await asyncio.wait_for(ws.recv(), 10))
        tcp = ws.transport.get_extra_info("socket")
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        for message in messages:
            await ws.send(message)
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
        try:
            while True:
                got.append(await asyncio.wait_for(ws.recv(), 10 if closes else 1))
        except websockets.exceptions.ConnectionClosed as closed:
            return got, closed.code
        except asyncio.TimeoutError:
            return got, None
