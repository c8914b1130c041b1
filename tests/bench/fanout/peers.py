# SPDX-License-Identifier: GPL-2.0-only
"""Other servers of logs to many: the same records, the same clients.

Each is given the records in the way it takes them, and asked for them in the
way it gives them; a row says which. What is lost is lost silently there, so it
is found by the numbers in the records.
"""
import hashlib
import os
import shutil
import socket
import subprocess
import time

import table
from measure import BENCH, SERVER_CORE, TOP, WRITER_CORE, CantRun, Run, end, memory, spawn
from servers import BRIDGE, Bare, Bridge, Server, bridge_options, folder, make_ring

HERE = os.path.join(TOP, "tests/bench/peers")
NODE = os.path.join(BENCH, "peers")
JOURNAL = "/lib/systemd/systemd-journal-"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def install():
    """The npm packages, as the lockfile names them; without them, some peers can't."""
    os.makedirs(NODE, exist_ok=True)
    for name in ("package.json", "package-lock.json", "broadcast.js"):
        shutil.copy(os.path.join(HERE, name), NODE)
    if os.path.exists(f"{NODE}/node_modules/.package-lock.json"):
        return
    try:
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                              cwd=NODE, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"npm ci: {done.stderr.strip()[-300:]}")
    except OSError as e:
        print(f"npm ci: {e.strerror}: run tests/install-deps --bench")


class Peer(Server):
    """A server whose port is ours to choose, over a file that is written to."""
    form = "any"
    arguments = ()

    def __init__(self, place):
        self.core = SERVER_CORE
        self.place = place
        self.file = os.path.join(place, "log")
        with open(self.file, "w", encoding="ascii"):
            pass
        self.outlet = ("file", self.file)
        self.begin()

    def launch(self, command, **more):
        """Starts what says nothing, and waits until it listens."""
        port = int(self.address.rsplit(":", 1)[1])
        self.complaints = open(os.path.join(self.place, "stderr"), "w+b")
        self.process = spawn(command, self.core, stdin=subprocess.DEVNULL, stdout=self.complaints,
                             stderr=self.complaints, **more)
        self.pid = self.process.pid
        for _ in range(100):
            with socket.socket() as s:
                if not s.connect_ex(("127.0.0.1", port)):
                    return
            if self.process.poll() is not None:
                break
            time.sleep(.1)
        end(self.process)
        raise CantRun(f"it does not start: {self.stderr()[-300:]}")


class Websocketd(Peer):
    name = "websocketd tail -F"
    given = "a file; every client has a tail(1) of its own, a line is a message"

    def begin(self):
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        self.launch(["websocketd", "--address=127.0.0.1", f"--port={port}", "--loglevel=error",
                     "tail", "-n", "0", "-F", self.file])


class Nchan(Peer):
    name = "nginx, nchan"
    given = "a POST for each record on one connection; a record is a message; one worker"
    path = "/subscribe"

    def begin(self):
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        self.outlet = ("post", f"{port}/publish")
        with open(os.path.join(HERE, "nginx.conf"), encoding="utf-8") as f:
            text = f.read().replace("FOLDER", self.place).replace("PORT", str(port))
        conf = os.path.join(self.place, "nginx.conf")
        with open(conf, "w", encoding="utf-8") as f:
            f.write(text)
        # A worker that root starts is nobody, who has files to write here.
        os.chmod(self.place, 0o777)
        self.launch(["nginx", "-p", self.place, "-e", f"{self.place}/error.log", "-c", conf])


class Gatewayd(Peer):
    """The journal file is written by systemd-journal-remote, whose CPU time does not
    count: it stands where the ring's writer does."""
    name = "journal-gatewayd"
    given = "a journal file, which systemd-journal-remote writes; /entries?follow as SSE"
    path = "/entries?follow"
    arguments = ("--http", "text/event-stream")

    def begin(self):
        journal = os.path.join(self.place, "bench.journal")
        self.helper = spawn([JOURNAL + "remote", "--compress=no", "-o", journal, "-"], WRITER_CORE,
                            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
        self.outlet = ("export", self.helper.stdin)
        self.helper.stdin.write(b"__REALTIME_TIMESTAMP=1\n_BOOT_ID=%032d\nMESSAGE=first\n\n" % 1)
        self.helper.stdin.flush()
        time.sleep(1)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(4096)
            self.address = f"127.0.0.1:{listener.getsockname()[1]}"
            # It takes its socket as systemd would hand it over.
            self.launch(["sh", "-c", f"exec 3<&{listener.fileno()}; "
                         f"LISTEN_FDS=1 LISTEN_PID=$$ exec {JOURNAL}gatewayd --file={journal}"],
                        pass_fds=[listener.fileno()])

    def __exit__(self, *_):
        super().__exit__()
        end(self.helper)


class Frontail(Peer):
    name = "frontail"
    given = "a file, which one tail(1) follows; socket.io over WebSocket, a line is a message"
    path = "/socket.io/?EIO=3&transport=websocket"

    def begin(self):
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        space = hashlib.md5(self.file.encode(), usedforsecurity=False).hexdigest()
        self.arguments = ("--say", f"40/{space},")
        self.launch(["node", f"{NODE}/node_modules/frontail/bin/frontail", "--disable-usage-stats",
                     "-h", "127.0.0.1", "-p", str(port), self.file])


class Broadcast(Peer):
    mode = "lines"
    name = "ws, a line a message"
    given = "a file that it follows itself (peers/broadcast.js); a line is a message"

    def begin(self):
        self.start(["node", f"{NODE}/broadcast.js", self.mode, self.file])


class BroadcastChunks(Broadcast):
    mode = "chunks"
    name = "ws, a chunk a message"
    given = "the same; all the lines that one read found are a message"


class OverRing(Bridge):
    """The bridge, as in the rows before."""
    name = "memlog-bridge, text"
    given = "a ring file"
    form = "text"
    arguments = ()

    def __init__(self, place):
        ring = os.path.join(place, "ring")
        make_ring(ring, "4M")
        self.outlet = ("ring", ring)
        super().__init__(SERVER_CORE, ring, 1000)


class OverRingJson(OverRing):
    name = "memlog-bridge, json"
    given = "the same; each record with all that is known of it"
    form = "json"


class OverRingSse(OverRing):
    name = "memlog-bridge, SSE"
    given = "the same; a record is an event, as journal-gatewayd gives them"
    form = "any"
    path = "/sse/app?tail=0"
    arguments = ("--http", "text/event-stream")


class BareText(Bare):
    name = "bare epoll, text"
    given = "the same; the least that a fan-out can be"
    form = "text"
    arguments = ()

    def __init__(self, place):
        ring = os.path.join(place, "ring")
        make_ring(ring, "4M")
        self.outlet = ("ring", ring)
        super().__init__(SERVER_CORE, ring, "text")


class Tailing(Bridge):
    name = "memlog-bridge --tail, text"
    given = "a file that it follows itself"
    form = "text"
    arguments = ()

    def __init__(self, place):
        path = os.path.join(place, "log")
        with open(path, "w", encoding="ascii"):
            pass
        self.outlet = ("file", path)
        if "--tail " not in bridge_options():
            raise CantRun(f"{BRIDGE} has no --tail")
        super().__init__(SERVER_CORE, path, 1000, "--tail")


PEERS = (Tailing, OverRing, OverRingJson, OverRingSse, BareText, Websocketd, Nchan, Gatewayd,
         Frontail, Broadcast, BroadcastChunks)


def one(kind, clients, rate, seconds):
    """One server's line, or why there is none."""
    run = Run(kind.name)
    place = folder()
    try:
        with place as path, kind(path) as server:
            before = memory(server.pid)
            load = server.load(clients, server.form, *server.arguments)
            try:
                run.measure(server, load, server.outlet, rate, seconds, before=before)
            finally:
                load.stop()
        table.row(run, [f"{run.grown / 1024 / clients:.1f}"])
    except (CantRun, OSError) as e:
        print(f"{kind.name:{table.NAME}} can't: {e}")


def peers(_, quick):
    """Other log servers: 100 clients, 1,000 records/s, 10 s each."""
    clients, rate, seconds = 100, 1000, 3 if quick else 10
    table.head(f"Peers: {clients} clients, {rate} records/s, {seconds} s each",
               table.HEADS + ("kB/client",))
    for kind in PEERS:
        one(kind, clients, rate, seconds)
    print("\nWhat each was given:\n")
    for kind in PEERS:
        print(f"  {kind.name:{table.NAME}}{kind.given}")
    print("\nCPU time is that of the server and all its children. kB/client: anonymous memory it "
          "has more,\nat the end of the run, than before the clients came.")
