# SPDX-License-Identifier: GPL-2.0-only
"""Tables of fixed width, and what is promised."""
import math

NAME = 30
HEADS = ("delivered", "told lost", "silent", "M/s", "M/CPU-s", "core", "p50 ms", "p99 ms",
         "p99.9 ms", "max ms")


def head(question, heads=HEADS):
    print(f"\n{question}\n\n{'':{NAME}}" + "".join(f"{h:>11}" for h in heads), flush=True)


def share(part, of):
    """In percent; what is nearly all, or nearly nothing, does not look like it."""
    if not of:
        return "-"
    text = f"{100 * part / of:.2f} %"
    if part != of and text == "100.00 %":
        return "<100 %"
    return ">0 %" if part and text == "0.00 %" else text


def cells(run):
    return [share(run.delivered, run.due), share(run.lost, run.due), share(run.missing, run.due),
            f"{run.per_second / 1e6:.3f}", f"{run.per_cpu / 1e6:.3f}", f"{run.core:.1f} %",
            *(f"{run.latency.at(q):.3f}" for q in (.5, .99, .999)), f"{run.latency.max / 1e6:.1f}"]


def line(name, columns):
    print(f"{name:{NAME}}" + "".join(f"{c:>11}" for c in columns), flush=True)


def row(run, more=()):
    line(run.name, cells(run) + list(more))
    for remark in run.remarks():
        print("    " + remark)


def ratios(run, bare):
    """How many times the bare fan-out's latency."""
    return {q: run.latency.at(q) / bare.latency.at(q) for q in (.5, .99, .999)}


def ratio_row(run, bare):
    line("  times the bare one", [""] * 6 + [f"{r:.2f}" for r in ratios(run, bare).values()])


class Bounds:
    """What is promised, and whether it holds."""
    def __init__(self):
        self.all = []

    def add(self, what, measured, rule, limit, unit):
        holds = {"<=": measured <= limit, ">=": measured >= limit, "<": measured < limit,
                 "=": measured == limit}[rule]
        self.all.append((what, measured, rule, limit, unit, holds))

    def failed(self, what, why):
        """A measure that could not be taken is missed."""
        self.all.append((f"{what}: {why}", math.nan, "", math.nan, "can't be taken", False))

    def summary(self):
        if not self.all:
            return 0
        print(f"\nWhat is promised\n\n{'measure':{62}}{'unit':18}{'bound':>12}{'measured':>12}")
        for what, measured, rule, limit, unit, holds in self.all:
            print(f"{what:62.62}{unit:18}{rule:>3}{limit:9.3f}{measured:12.3f}  "
                  f"{'ok' if holds else 'MISSED'}")
        missed = sum(not b[-1] for b in self.all)
        print(f"\n{missed} of {len(self.all)} bounds MISSED" if missed
              else f"\nall {len(self.all)} bounds hold")
        return missed
