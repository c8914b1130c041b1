# SPDX-License-Identifier: GPL-2.0-only
"""go-modsynclog's socket protocol and go-filelog's folders, from their description."""

import json
import os
import socket
import struct
import time
import zlib

FLAG = 398359203
BEAT, HELLO, WELCOME, ASK, ROWS, OLD_DONE, DONE = 1, 7, 8, 301, 302, 303, 304
HEAD = struct.Struct(">iiiii")
ROW = struct.Struct(">i10siqhqhi")
INDEX = struct.Struct(">hqh")
DATA = struct.Struct(">hii")
FILE_ROWS = 1000000


def frame(kind, content=b"", compress=False, flag=FLAG, length=None, sent=None):
    """A frame; length and sent are what it says in place of the truth."""
    body = zlib.compress(content) if compress else content
    return HEAD.pack(flag, int(compress), kind, len(content) if length is None else length,
                     len(body) if sent is None else sent) + body


def row(date, number, text, when=1700000000, kind=0, file=None, offset=0, length=None,
        length_again=None):
    length = len(text) if length is None else length
    file = number // FILE_ROWS if file is None else file
    return ROW.pack(length, date.encode(), when, number, file, offset, kind,
                    length if length_again is None else length_again) + text


def rows_of(content):
    """The rows of a frame, taken apart: (date, time, id, file, offset, type, text)."""
    rows = []
    while content:
        length, date, when, number, file, offset, kind, again = ROW.unpack_from(content)
        assert length == again, (length, again)
        text = content[ROW.size:ROW.size + length]
        assert len(text) == length
        content = content[ROW.size + length:]
        rows.append((date.decode(), when, number, file, offset, kind, text))
    return rows


class Closed(Exception):
    pass


class Link:
    """One end of a connection."""

    def __init__(self, sock, flag=FLAG, timeout=20):
        self.sock = sock
        self.flag = flag
        self.received = b""
        sock.settimeout(timeout)

    def send(self, kind, content=b"", compress=False):
        self.sock.sendall(frame(kind, content, compress, self.flag))

    def raw(self, data):
        self.sock.sendall(data)

    def ask(self, date, number):
        self.send(ASK, json.dumps({"date": date, "id": number}).encode())

    def exactly(self, count):
        data = b""
        while len(data) < count:
            try:
                more = self.sock.recv(count - len(data))
            except ConnectionResetError:
                more = b""
            if not more:
                raise Closed
            data += more
        self.received += data
        return data

    def get(self):
        """The next frame: (type, content)."""
        flag, compressed, kind, length, sent = HEAD.unpack(self.exactly(HEAD.size))
        assert flag == self.flag, flag
        content = self.exactly(sent)
        if compressed:
            content = zlib.decompress(content)
        assert len(content) == length, (len(content), length)
        return kind, content

    def silent(self, seconds):
        """Nothing comes for so long."""
        before = self.sock.gettimeout()
        self.sock.settimeout(seconds)
        try:
            return not self.sock.recv(1, socket.MSG_PEEK) and False
        except (socket.timeout, TimeoutError):
            return True
        finally:
            self.sock.settimeout(before)

    def closed(self):
        """The other end closes without a further frame."""
        try:
            self.exactly(1)
        except Closed:
            return True
        return False

    def close(self):
        self.sock.close()


def connect(port, flag=FLAG, host="127.0.0.1"):
    return Link(socket.create_connection((host, port), timeout=20), flag)


class Day:
    """A folder as go-filelog writes it."""

    def __init__(self, folder, date, file_rows=FILE_ROWS):
        self.path = os.path.join(folder, date.replace("-", ""))
        self.file_rows = file_rows
        os.makedirs(self.path, exist_ok=True)
        self.rows = self.offset = 0
        self.index = open(os.path.join(self.path, "index"), "ab", buffering=0)
        self.data = None

    def add(self, text, when=1700000000, kind=0):
        if self.rows % self.file_rows == 0:
            number = self.rows // self.file_rows
            self.data = open(os.path.join(self.path, f"data{number:06d}"), "ab", buffering=0)
            self.offset = 0
        self.data.write(DATA.pack(19334, when, len(text)) + text)
        self.index.write(INDEX.pack(self.rows // self.file_rows, self.offset, kind))
        self.offset += DATA.size + len(text)
        self.rows += 1

    def finish(self):
        open(os.path.join(self.path, "finish"), "w").close()


def read_day(folder, date):
    """Its rows: (time, type, text)."""
    path = os.path.join(folder, date.replace("-", ""))
    rows, files = [], {}
    with open(os.path.join(path, "index"), "rb") as file:
        index = file.read()
    for at in range(0, len(index), INDEX.size):
        number, offset, kind = INDEX.unpack_from(index, at)
        if number not in files:
            with open(os.path.join(path, f"data{number:06d}"), "rb") as file:
                files[number] = file.read()
        magic, when, length = DATA.unpack_from(files[number], offset)
        assert magic == 19334
        text = files[number][offset + DATA.size:offset + DATA.size + length]
        assert len(text) == length
        rows.append((when, kind, text))
    return rows


def finished(folder, date):
    return os.path.exists(os.path.join(folder, date.replace("-", ""), "finish"))


def day(offset=0):
    """The day so many days from today, in UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86400 * offset))
