# SPDX-License-Identifier: GPL-2.0-only
"""Processes on their cores, what they use, and what the clients saw."""
import ctypes
import json
import os
import resource
import signal
import subprocess

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))
BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
BENCH = os.path.join(BUILD, "tests/bench")
FILES = 1 << 16
PR_SET_PDEATHSIG = 1
# How long the clients wait for what does not end, as load.c has it.
WAIT_SECONDS = 60
LIBC = ctypes.CDLL(None)
TICK = os.sysconf("SC_CLK_TCK")

# The server has a core, the load client another. The writer has the third; where
# there is none, it is with the clients.
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = CORES[0]
CLIENT_CORE = CORES[min(1, len(CORES) - 1)]
WRITER_CORE = CORES[min(2, len(CORES) - 1)]


class CantRun(Exception):
    """Why something can't be measured."""


def raise_files_limit():
    """As many open files as may be; root may have more than it was given.

    Returns how many that is; every process inherits it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    want = max(hard, FILES)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, want))
    except ValueError:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def spawn(command, core, **more):
    """A process on a core, that does not outlive this one."""
    def prepare():
        os.sched_setaffinity(0, {core})
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    try:
        return subprocess.Popen(command, preexec_fn=prepare, **more)
    except OSError as e:
        raise CantRun(f"{command[0]}: {e.strerror}") from None


def end(process):
    """Ends a process; its children are its own business."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()


def fields(pid):
    """What stands in /proc/PID/stat behind the name."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
        return f.read().rsplit(")", 1)[1].split()


def tree(root):
    """The process and all that came of it."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                parents[int(name)] = int(fields(name)[1])
            except OSError:
                pass
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def cpu_seconds(root):
    """Of a process tree, its dead included."""
    ticks = 0
    for pid in tree(root):
        try:
            ticks += sum(int(n) for n in fields(pid)[11:15])
        except OSError:
            pass
    return ticks / TICK


def memory(root, what="Anonymous"):
    """Bytes, of a process tree: Anonymous, Private_Dirty, Rss... of smaps_rollup."""
    total = 0
    for pid in tree(root):
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
                total += sum(int(line.split()[1]) for line in f
                             if line.startswith(what + ":"))
        except OSError:
            pass
    return total * 1024


def busy_seconds():
    """Of the cores in use, by whomever; what a hypervisor took counts, too."""
    cores = {f"cpu{n}" for n in (SERVER_CORE, CLIENT_CORE, WRITER_CORE)}
    with open("/proc/stat", encoding="ascii") as f:
        lines = [line.split() for line in f if line.split()[0] in cores]
    return sum(int(line[n]) for line in lines for n in (1, 2, 3, 6, 7, 8)) / TICK


class Latency:
    """A histogram: what was seen how often."""
    def __init__(self):
        self.slots = {}
        self.max = 0

    def add(self, result):
        for ns, count in result["latency"]:
            self.slots[ns] = self.slots.get(ns, 0) + count
        self.max = max(self.max, result["max"])

    def at(self, share):
        """The latency that this share did not exceed, in milliseconds."""
        left = share * sum(self.slots.values())
        for ns in sorted(self.slots):
            left -= self.slots[ns]
            if left <= 0:
                return min(ns, self.max) / 1e6
        return float("nan")


class Load:
    """Clients of a server, connected."""
    def __init__(self, address, clients, arguments, per_address=200):
        self.clients = clients
        self.process = spawn([f"{BENCH}/bridge_load", "--clients", str(clients),
                              "--per-address", str(per_address), *arguments, address],
                             CLIENT_CORE, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             text=True)
        line = self.process.stdout.readline()
        self.open = int(line.split()[1]) if line.startswith("ready") else 0
        if not line:
            self.stop()
            raise CantRun("the clients could not start")

    def say(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def forget(self, first, last):
        """Once they have all of this, it does not count."""
        self.say(f"begin {first} {last}")
        if not self.process.stdout.readline():
            raise CantRun("the clients ended early")

    def result(self, first=None, last=None):
        """What they saw, once they have all of it."""
        self.say("end" if first is None else f"end {first} {last}")
        out = self.process.stdout.readline()
        self.stop()
        if not out:
            raise CantRun("the clients ended early")
        return json.loads(out)

    def stop(self):
        end(self.process)


def write(outlet, rate, records, first=0):
    """Has records written; returns what the writer says of it. A ring and a file
    know the number of their first."""
    out = subprocess.PIPE
    target = outlet[1]
    if not isinstance(target, str):
        out, target = target, "/dev/stdout"
    process = spawn([f"{BENCH}/bridge_writer", "--rate", str(rate), "--records", str(records),
                     "--first", str(first), outlet[0], target],
                    WRITER_CORE, stdout=out, stderr=subprocess.PIPE, text=True)
    text = process.communicate()[1]
    if process.returncode:
        raise CantRun(text.strip())
    return json.loads(text)


def make_ring(path, size):
    """An empty ring."""
    subprocess.run([f"{BENCH}/bridge_writer", "--size", size, "--records", "0", "ring", path],
                   check=True, stderr=subprocess.DEVNULL)


class Run:
    """One server with its clients; several slices of it add up."""
    def __init__(self, name):
        self.name = name
        self.latency = Latency()
        self.clients = self.due = self.delivered = self.lost = self.missing = self.wrong = 0
        self.seconds = self.writing = self.cpu = self.client_cpu = self.foreign = 0.0
        self.writer_late = self.late = self.grown = self.refused = 0
        self.complaint = ""

    @staticmethod
    def warm_up(load, outlet, rate, seconds):
        """What comes before all goes as it will; returns the next record's number."""
        written = write(outlet, rate, max(1, int(rate * seconds)))
        load.forget(written["first"], written["first"] + written["records"] - 1)
        return written["first"] + written["records"]

    @staticmethod
    def helper_seconds(server):
        """CPU time of what stands between the writer and the server."""
        helper = getattr(server, "helper", None)
        return cpu_seconds(helper.pid) if helper else 0

    def measure(self, server, load, outlet, rate, seconds, warm=1.0, before=None):
        """Warms up, and then takes the account of so many seconds."""
        if load.open == 0:
            raise CantRun(load.result()["first_wrong"] or "no client could connect")
        first = 0
        if warm:
            first = self.warm_up(load, outlet, rate, warm)
        cpu, client_cpu = cpu_seconds(server.pid), cpu_seconds(load.process.pid)
        busy, helper = busy_seconds(), self.helper_seconds(server)
        own = resource.getrusage(resource.RUSAGE_CHILDREN)
        written = write(outlet, rate, int(rate * seconds), first)
        # Clients end with their result: what they used, and hold, is taken first.
        used = cpu_seconds(load.process.pid) - client_cpu
        writer = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.foreign += (busy_seconds() - busy - used - (cpu_seconds(server.pid) - cpu) -
                         sum(writer[:2]) + sum(own[:2]) -
                         (self.helper_seconds(server) - helper))
        self.client_cpu += used
        self.writing += written["ns"] / 1e9
        self.writer_late = max(self.writer_late, written["late"] / 1e6)
        if before is not None:
            self.grown = memory(server.pid) - before
        first = written["first"]
        result = load.result(first, first + written["records"] - 1)
        self.cpu += cpu_seconds(server.pid) - cpu
        self.seconds += max(written["ns"], result["ns"]) / 1e9
        self.clients = load.clients
        self.refused = max(self.refused, load.clients - load.open)
        self.due += load.clients * written["records"]
        for what in ("delivered", "lost", "missing", "late", "wrong"):
            setattr(self, what, getattr(self, what) + result[what])
        self.complaint = self.complaint or result["first_wrong"]
        self.latency.add(result)

    @property
    def percent(self):
        return 100 * self.delivered / self.due if self.due else 0.0

    @property
    def exact(self):
        """Delivered and told as lost are what was written, to the record."""
        return not self.missing and not self.wrong and self.delivered + self.lost == self.due

    @property
    def per_second(self):
        return self.delivered / self.seconds if self.seconds else 0.0

    @property
    def per_cpu(self):
        return self.delivered / self.cpu if self.cpu else float("nan")

    @property
    def core(self):
        return 100 * self.cpu / self.seconds if self.seconds else 0.0

    @property
    def client_core(self):
        """How busy the clients were: above 90 they are what was measured."""
        return 100 * self.client_cpu / self.writing if self.writing else 0.0

    def remarks(self):
        """What one has to know about its figures."""
        if self.refused:
            yield f"{self.refused} of {self.clients} clients could not connect"
        if self.wrong:
            yield f"{self.wrong} things wrong, first: {self.complaint}"
        if self.client_core > 90:
            yield (f"the clients used {self.client_core:.0f} % of their core: they may be what was "
                   "measured")
        if self.late:
            yield (f"{100 * self.late / self.due:.2f} % were still to come "
                   f"{WAIT_SECONDS} s after the last was written")
        if self.writer_late > 20:
            yield f"the writer was late once by {self.writer_late:.0f} ms"
        if self.writing and self.foreign / self.writing > .1:
            yield (f"others used these cores for {self.foreign:.1f} s of {self.writing:.0f}: "
                   "latencies are not to be trusted")
