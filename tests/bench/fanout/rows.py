# SPDX-License-Identifier: GPL-2.0-only
"""What the bridge is to do: a row each, beside the bare fan-out."""
import json as json_module
import os
import statistics
import subprocess
import time

import table
from measure import BENCH, SERVER_CORE, CantRun, Run, cpu_seconds, memory, raise_files_limit
from servers import Bare, Bridge, Ring


def one_slice(run, server, ring, clients, form, rate, seconds):
    """Some seconds of one server with new clients."""
    before = memory(server.pid)
    load = server.load(clients, form)
    try:
        run.measure(server, load, ("ring", ring), rate, seconds, before=before)
    finally:
        load.stop()


def fan_out(clients, form, rate, seconds, bare_seconds, slices, size="4M"):
    """The bridge and the bare fan-out in turns; each slice is of new processes."""
    runs = {"bridge": Run("memlog-bridge"), "bare": Run("bare epoll")}
    failed = {}
    table.head(f"{clients} clients, {rate} records/s, {form}: {seconds:g} s of the bridge, "
               f"{bare_seconds:g} s of the bare fan-out, turns: {slices}",
               table.HEADS + ("kB/client",))
    for _ in range(slices):
        for which, part in (("bridge", seconds), ("bare", bare_seconds)):
            if which in failed:
                continue
            try:
                with Ring(size) as ring, (
                        Bridge(SERVER_CORE, ring.path, clients) if which == "bridge"
                        else Bare(SERVER_CORE, ring.path, form)) as server:
                    one_slice(runs[which], server, ring.path, clients, form, rate, part / slices)
            except CantRun as e:
                failed[which] = str(e)
    for which, run in runs.items():
        if which in failed:
            print(f"{run.name:{table.NAME}} can't: {failed[which]}")
        else:
            table.row(run, [f"{run.grown / 1024 / clients:.1f}"])
    if failed:
        raise CantRun("; ".join(failed.values()))
    table.ratio_row(runs["bridge"], runs["bare"])
    return runs["bridge"], runs["bare"]


def text(bounds, quick):
    """1,000 clients, 1,000 records/s, text, 5 minutes."""
    seconds = 5 if quick else 300
    run, _ = fan_out(1000, "text", 1000, seconds, min(seconds, 60), 1)
    what = "1,000 clients x 1,000/s, text: "
    bounds.add(what + "delivered", run.percent, "=", 100, "%")
    bounds.add(what + "CPU", run.core, "<=", 60, "% of a core")
    bounds.add(what + "p99", run.latency.at(.99), "<=", 25, "ms")


def binary(bounds, quick):
    """1,000 clients, 10,000 records/s, binary, 60 s."""
    seconds = 5 if quick else 60
    run, _ = fan_out(1000, "binary", 10000, seconds, min(seconds, 30), 1)
    what = "1,000 clients x 10,000/s, binary: "
    bounds.add(what + "deliveries", run.per_second / 1e6, ">=", 5, "million/s")
    bounds.add(what + "deliveries", run.per_cpu / 1e6, ">=", 10, "million/CPU-s")
    bounds.add(what + "p99", run.latency.at(.99), "<=", 200, "ms")
    bounds.add(what + "neither given nor told", run.due - run.delivered - run.lost, "=", 0,
               "records")


def json(bounds, quick):
    """20 clients, 1,000 records/s, JSON, 60 s in turns with the bare fan-out."""
    run, bare = fan_out(20, "json", 1000, *((6, 6, 2) if quick else (60, 60, 6)))
    what = "20 clients x 1,000/s, json: "
    bounds.add(what + "delivered", run.percent, "=", 100, "%")
    bounds.add(what + "p50", run.latency.at(.5), "<=", .2, "ms")
    bounds.add(what + "p99", run.latency.at(.99), "<=", .8, "ms")
    for share, ratio in table.ratios(run, bare).items():
        bounds.add(f"{what}p{100 * share:g} beside the bare one", ratio, "<=", 2, "times")


def idle_server(server, clients, seconds):
    """Resident bytes a client, percent of a core, connected."""
    before = memory(server.pid, "Rss")
    load = server.load(clients, "text")
    try:
        time.sleep(2)
        held = (memory(server.pid, "Rss") - before) / max(1, load.open)
        cpu = cpu_seconds(server.pid)
        time.sleep(seconds)
        used = 100 * (cpu_seconds(server.pid) - cpu) / seconds
        result = load.result()
    finally:
        load.stop()
    return held, used, result


def idle(bounds, quick):
    """20,000 clients that get nothing, for 60 s."""
    seconds = 10 if quick else 60
    clients = min(20000, raise_files_limit() - 100)
    if clients < 20000:
        print(f"\nOnly {clients} clients: the limit of open files (ulimit -Hn) allows no more.")
    table.head(f"{clients} idle clients, text, {seconds} s",
               ("connected", "left", "resident", "core"))
    for which in ("bridge", "bare"):
        with Ring("64K") as ring, (Bridge(SERVER_CORE, ring.path, clients) if which == "bridge"
                                   else Bare(SERVER_CORE, ring.path, "text")) as server:
            held, used, result = idle_server(server, clients, seconds)
            table.line(server.name, [result["open"], result["broken"], f"{held:.0f} B",
                                     f"{used:.2f} %"])
            if result["wrong"]:
                print(f"    {result['wrong']} things wrong, first: {result['first_wrong']}")
        if which == "bridge":
            what = f"{clients:,} idle clients: "
            bounds.add(what + "connected", result["open"], "=", clients, "clients")
            bounds.add(what + "resident memory each", held, "<=", 2048, "bytes")
            bounds.add(what + "CPU", used, "<", 1, "% of a core")


class Stalled:
    """99 clients that read, beside one that does not, or without it."""
    def __init__(self, with_one):
        self.with_one = with_one
        self.run = Run("99 beside a stalled one" if with_one else "99 alone")
        self.grown = []

    def slice(self, seconds):
        """With a new bridge: memory that was freed would hide what is taken."""
        # The ring comes around within a slice: the stalled client is lapped.
        with Ring("256K") as ring, Bridge(SERVER_CORE, ring.path, 100) as server:
            outlet = ("ring", ring.path)
            load = server.load(99, "text")
            stalled_one = None
            try:
                Run.warm_up(load, outlet, 1000, 2)
                before = memory(server.pid)
                if self.with_one:
                    stalled_one = server.load(1, "text", "--stalled")
                self.run.measure(server, load, outlet, 1000, seconds, 0, before)
                self.grown.append(self.run.grown / 1024)
            finally:
                load.stop()
                if stalled_one:
                    stalled_one.stop()


def stalled(bounds, quick):
    """99 clients with and without a stalled one, 1,000 records/s, in turns."""
    seconds, turns = (4, 3) if quick else (15, 8)
    alone, beside = Stalled(False), Stalled(True)
    table.head(f"One stalled client among 100, 1,000 records/s, text: {turns} turns of "
               f"{seconds} s of each", table.HEADS + ("grew kB",))
    for turn in range(turns):
        for part in (alone, beside) if turn % 2 else (beside, alone):
            part.slice(seconds)
    for part in (alone, beside):
        table.row(part.run, [f"{statistics.median(part.grown):.0f}"])
    what = "one stalled among 100: "
    bounds.add(what + "its memory", statistics.median(beside.grown) - statistics.median(alone.grown),
               "<=", 64, "kB")
    bounds.add(what + "others' p99 beside that without it",
               beside.run.latency.at(.99) / alone.run.latency.at(.99), "<=", 1.1, "times")
    bounds.add(what + "delivered to the others", beside.run.percent, "=", 100, "%")


VIEWER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "viewer.mjs")


def viewer(bounds, quick):
    """The page in Chromium, following 52,000 records/s."""
    seconds = 5 if quick else 30
    table.head(f"The viewer in Chromium, 52,000 records/s, {seconds} s",
               ("delivered", "records/s", "frames/s", "frame p99", "longest", "paint p50",
                "worst"))
    with Ring("16M") as ring, Bridge(SERVER_CORE, ring.path, 20) as server:
        writer = [f"{BENCH}/bridge_writer", "--rate", "52000",
                  "--records", str(52000 * (seconds + 20)), "ring", ring.path]
        done = subprocess.run(["node", VIEWER, "--json", "--seconds", str(seconds),
                               f"http://{server.address}/", *writer],
                              stdout=subprocess.PIPE, text=True, check=False, timeout=seconds + 120)
    if done.returncode:
        raise CantRun(f"{VIEWER} ended with status {done.returncode}")
    facts = json_module.loads(done.stdout)
    table.line("following" if facts["following"] else "NOT FOLLOWING",
               [f"{facts['share']:.2f} %", f"{facts['rate']:.0f}", f"{facts['fps']:.1f}",
                f"{facts['p99']:.1f} ms", f"{facts['longest']:.1f} ms", f"{facts['paint']:.0f} ms",
                f"{facts['paintWorst']:.0f} ms"])
    bounds.add("viewer: taken in", facts["rate"], ">=", 50000, "records/s")
    bounds.add("viewer: meanwhile", facts["fps"], ">=", 55, "frames/s")
    bounds.add("viewer: first paint", facts["paint"], "<=", 300, "ms")


ROWS = {"text": text, "binary": binary, "json": json, "idle": idle, "stalled": stalled,
        "viewer": viewer}
