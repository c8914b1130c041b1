# SPDX-License-Identifier: GPL-2.0-only
"""Archives, for the bridge's tests: made with given times, and read by hand."""

import os
import struct
import subprocess
from collections import namedtuple

from bridge import BUILD, check, equal

MAKE_DAYS = os.path.join(BUILD, "tests/bridge/make_days")
Row = namedtuple("Row", "stream seq pos time_ns pri type uid comm text")
META = struct.Struct(">QQQQQIIBBHI16s")


def make_days(folder, stream, rows, seq=0, pos=0, time_ms=0, step_ms=1000):
    """rows: (pri, type, uid, comm, line without newline). What became of them."""
    lines = "".join(f"{pri} {type} {uid} {comm} {text}\n" for pri, type, uid, comm, text in rows)
    subprocess.run([MAKE_DAYS, folder, stream, str(seq), str(pos), str(time_ms), str(step_ms)],
                   input=lines.encode(), check=True, stderr=subprocess.DEVNULL)
    made = []
    for n, (pri, type, uid, comm, text) in enumerate(rows):
        made.append(Row(stream, seq + n, pos, (time_ms + n * step_ms) * 1000000, pri, type, uid,
                        comm, text.encode() + b"\n"))
        pos += len(text) + 1
    return made


def days(folder):
    return sorted(name for name in os.listdir(folder) if len(name) == 8 and name.isdigit())


def read_day(folder):
    """By the format alone: what stands in the files, in its order."""
    with open(os.path.join(folder, "index"), "rb") as file:
        index = file.read()
    with open(os.path.join(folder, "meta"), "rb") as file:
        meta = file.read()[16:]
    data = {}
    for name in os.listdir(folder):
        if name.startswith("data"):
            with open(os.path.join(folder, name), "rb") as file:
                data[int(name[4:])] = file.read()
    for row in range(len(meta) // 72):
        number, offset, kind = struct.unpack_from(">hqh", index, row * 12)
        magic, seconds, size = struct.unpack_from(">hii", data[number], offset)
        equal(magic, 19334)
        stream, seq, pos, time_ns, _, _, uid, pri, _, _, _, comm = META.unpack_from(meta, row * 72)
        text = data[number][offset + 10:offset + 10 + size]
        equal((len(text), seconds), (size, time_ns // 1000000000))
        yield Row(f"{stream:016x}", seq, pos, time_ns, pri, kind, uid,
                  comm.rstrip(b"\0").decode(), text)


def read_archive(folder):
    rows = []
    for day in days(folder):
        rows += read_day(os.path.join(folder, day))
    return rows


def whole(rows):
    """Each stream's numbers and positions go on without a hole."""
    last = {}
    for row in rows:
        if row.stream in last:
            equal((row.seq, row.pos), last[row.stream])
        check(row.type != -1, f"a gap: {row}")
        last[row.stream] = (row.seq + 1, row.pos + len(row.text))
    return rows
