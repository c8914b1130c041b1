# SPDX-License-Identifier: GPL-2.0-only
"""Archives in Python: written and read from the format's words alone, so that
what the programs do is held against something that is not them."""

import json
import os
import struct

INDEX, HEAD, META = struct.Struct(">HqH"), struct.Struct(">HiI"), struct.Struct(">QQQQQIIBBHI16s")
META_HEAD = 16
MAGIC = 19334
FILE_ROWS = 1000000
GAP = 0xffff
PARTIAL, JOIN = 1, 2
NOBODY = 0xffffffff


def crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
        table.append(byte)
    return table


CRC = crc_table()


def crc32c(data, crc=0):
    crc ^= 0xffffffff
    for byte in data:
        crc = crc >> 8 ^ CRC[(crc ^ byte) & 0xff]
    return crc ^ 0xffffffff


class Row:
    def __init__(self, text, seq=0, pos=0, stream=1, time_ns=0, type=0, pri=13, flags=0,
                 pid=NOBODY, uid=NOBODY, cgroup=0, comm=b""):
        self.__dict__.update({k: v for k, v in locals().items() if k != "self"})

    @property
    def lost(self):
        """Records and bytes, if it is a gap."""
        if self.type != GAP:
            return None
        words = self.text.split()
        return int(words[2]), int(words[4])


class Day:
    """A day's folder, which rows are added to."""

    def __init__(self, archive, date, meta=True):
        self.folder = os.path.join(archive, date)
        self.meta = meta
        self.rows = 0
        os.makedirs(self.folder, exist_ok=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def add(self, rows, meta_head=None):
        """Appends rows in the order data, index, meta."""
        index, meta, data = bytearray(), bytearray(), {}
        at = {}
        for number, row in enumerate(rows, self.rows):
            file = number // FILE_ROWS
            if file not in at:
                name = self.path(f"data{file:06}")
                at[file] = os.path.getsize(name) if os.path.exists(name) else 0
            row_index = INDEX.pack(file, at[file], row.type)
            seconds = row.time_ns // 10**9 & 0xffffffff
            head = HEAD.pack(MAGIC, seconds - (seconds >> 31 << 32), len(row.text))
            data.setdefault(file, []).append(head + row.text)
            at[file] += len(head) + len(row.text)
            index += row_index
            if self.meta:
                fields = [row.stream, row.seq, row.pos, row.time_ns, row.cgroup, row.pid, row.uid,
                          row.pri, row.flags, 0, 0, row.comm]
                fields[10] = crc32c(row_index + head + row.text + META.pack(*fields))
                meta += META.pack(*fields)
        for file, parts in data.items():
            self.append(f"data{file:06}", b"".join(parts))
        self.append("index", index)
        if self.meta:
            self.append("meta", (meta_head or self.meta_head() if not self.rows else b"") + meta)
        self.rows += len(rows)

    @staticmethod
    def meta_head():
        return b"MLOGMETA" + struct.pack(">II", 1, 72)

    def append(self, name, data):
        with open(self.path(name), "ab") as file:
            file.write(data)

    def finish(self):
        self.append("finish", b"")


def read_day(folder):
    """The rows of a day."""
    def load(name):
        with open(os.path.join(folder, name), "rb") as file:
            return file.read()

    index = load("index")
    meta = load("meta")[META_HEAD:] if os.path.exists(os.path.join(folder, "meta")) else None
    count = len(index) // 12 if meta is None else len(meta) // 72
    files, rows, pos = {}, [], 0
    date = os.path.basename(folder)
    for number in range(count):
        file, offset, type_ = INDEX.unpack_from(index, 12 * number)
        if file not in files:
            files[file] = load(f"data{file:06}")
        magic, seconds, length = HEAD.unpack_from(files[file], offset)
        assert magic == MAGIC
        text = files[file][offset + 10:offset + 10 + length]
        if meta is None:
            row = Row(text, number, pos, int(date, 16), (seconds & 0xffffffff) * 10**9, type_)
        else:
            m = META.unpack_from(meta, 72 * number)
            row = Row(text, m[1], m[2], m[0], m[3], type_, m[7], m[8], m[5], m[6], m[4],
                      m[11].split(b"\0")[0])
        pos += length
        rows.append(row)
    return rows


def as_text(rows, finished=True):
    """A day as lines."""
    out, opened = b"", False
    for row in rows:
        if opened and not row.flags & JOIN:
            out += b"\n"
        out += row.text
        ends = row.text.endswith(b"\n")
        opened = bool(row.flags & PARTIAL) and bool(row.text) and not ends
        if not opened and not ends:
            out += b"\n"
    return out + (b"\n" if opened and finished else b"")


def as_objects(rows):
    """What a day is as JSON lines, parsed."""
    stream = None
    for row in rows:
        if row.stream != stream:
            stream = row.stream
            yield {"stream": f"{stream:016x}"}
        if row.lost:
            records, count = row.lost
            yield {"lost": {"from": row.seq, "to": row.seq + records - 1, "records": records,
                            "bytes": count}}
            continue
        yield {"seq": row.seq, "pos": row.pos, "time_ns": str(row.time_ns), "pri": row.pri,
               "type": row.type, "pid": row.pid, "uid": row.uid,
               "comm": row.comm.decode(errors="replace"), "cgroup": str(row.cgroup),
               "service": "", "flags": row.flags, "text": row.text.decode()}


def parse_lines(data):
    return [json.loads(line) for line in data.splitlines()]
