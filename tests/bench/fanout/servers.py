# SPDX-License-Identifier: GPL-2.0-only
"""The bridge and the bare fan-out, and what their clients have to say."""
import os
import subprocess
import tempfile

from measure import BENCH, BUILD, CantRun, Load, end, make_ring, spawn

BRIDGE = os.environ.get("BRIDGE", f"{BUILD}/memlog-bridge")


def folder():
    """Of a run: in memory, as $RUNTIME_DIRECTORY is."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    return tempfile.TemporaryDirectory(prefix="memlog-bench-", dir=place)


def bridge_options():
    """What this bridge knows."""
    try:
        return subprocess.run([BRIDGE, "--help"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as e:
        raise CantRun(f"{BRIDGE} is missing: run make all tests ({e})") from None


class Server:
    """A process that listens, and says where as its first line."""
    path = "/"
    per_address = 200
    complaints = None

    def start(self, command):
        self.complaints = tempfile.TemporaryFile()
        self.process = spawn(command, self.core, stdout=subprocess.PIPE,
                             stderr=self.complaints, text=True)
        self.pid = self.process.pid
        line = self.process.stdout.readline().strip()
        if not line.startswith("http://"):
            end(self.process)
            raise CantRun(f"{self.name} does not start: {self.stderr() or line}")
        self.address = line.removeprefix("http://").split("/")[0].replace("localhost", "127.0.0.1")

    def stderr(self):
        self.complaints.seek(0)
        return self.complaints.read().decode(errors="replace").strip()

    def load(self, clients, form, *more):
        return Load(self.address, clients, ["--format", form, "--path", self.path, *more],
                    self.per_address)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.process)
        self.complaints.close()


class Bridge(Server):
    """memlog-bridge over a ring file, or tailing a file."""
    name = "memlog-bridge"
    path = "/ws/app?tail=0"

    def __init__(self, core, source, clients, option="--channel"):
        self.core = core
        known = bridge_options()
        command = [BRIDGE, option, f"app={source}", "--listen-insecure", "127.0.0.1:0"]
        if "--no-devices " in known:
            command += ["--no-devices"]
        if "--max-clients " in known:
            command += ["--max-clients", str(clients + 10)]
        if "--max-clients-per-address " in known:
            command += ["--max-clients-per-address", str(self.per_address)]
        self.start(command)


class Bare(Server):
    """The least that a fan-out can be."""
    name = "bare epoll"

    def __init__(self, core, ring, form):
        self.core = core
        self.start([f"{BENCH}/bridge_bare", form, ring])


class Ring:
    """A ring file of its own folder, as a context."""
    def __init__(self, size):
        self.folder = folder()
        self.path = os.path.join(self.folder.name, "ring")
        make_ring(self.path, size)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()
