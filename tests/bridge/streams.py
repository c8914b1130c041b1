# SPDX-License-Identifier: GPL-2.0-only
"""Whatever follows a channel, in any of its forms, as one stream of events.

A line of text does not say which record it is. The records of these tests are
payloads, whose number is the number of the record as long as one writer writes
them into a stream from its beginning.
"""

import base64
import json
import re
import select
import struct
import time
from collections import namedtuple

from frames import BINARY, CLOSE, TEXT, Broken, Cut, Refused, Socket, WebSocket, connect, parse_head

Record = namedtuple("Record", "seq pos text fields")
Lost = namedtuple("Lost", "first last records bytes")
Hello = namedtuple("Hello", "stream channel oldest next")
Ended = namedtuple("Ended", "stream last")

HEADER = struct.Struct("<QQQQIIIHBB16s")
LOST = re.compile(rb"memlog: lost (\d+) records(?:, (\d+) bytes)?\Z")
RECORD_KEYS = {"seq", "pos", "time_ns", "pri", "type", "pid", "uid", "comm", "cgroup", "service",
               "flags"}


def no_doubles(pairs):
    if len({name for name, _ in pairs}) != len(pairs):
        raise Broken(f"a name twice in an object: {pairs!r:.300}")
    return dict(pairs)


def not_json(text):
    raise Broken(f"no JSON number: {text}")


def parse_json(text):
    try:
        return json.loads(text, object_pairs_hook=no_doubles, parse_constant=not_json)
    except ValueError as error:
        raise Broken(f"no JSON: {error}: {text!r:.300}") from None


def from_object(obj):
    """The event that one object of the JSON formats is."""
    if "lost" in obj:
        lost = obj["lost"]
        return Lost(lost["from"], lost["to"], lost["records"], lost["bytes"])
    if "ended" in obj:
        return Ended(**obj["ended"])
    if "seq" not in obj:
        return Hello(**obj)
    if set(obj) - {"text", "base64"} != RECORD_KEYS or ("text" in obj) == ("base64" in obj):
        raise Broken(f"not what a record is made of: {obj!r:.300}")
    if "text" in obj:
        text = obj["text"].encode()
    else:
        text = base64.b64decode(obj["base64"], validate=True)
    return Record(obj["seq"], obj["pos"], text, obj)


def from_line(line):
    lost = LOST.match(line)
    if lost:
        count = None if lost[2] is None else int(lost[2])
        return Lost(None, None, int(lost[1]), count)
    number = int(line[:9]) if line[:9].isdigit() else None
    return Record(number, None, line + b"\n", {})


def from_records(data):
    """The events in one binary message."""
    at = 0
    while at < len(data):
        if len(data) - at < HEADER.size:
            raise Broken("a piece of a record")
        seq, pos, time_ns, cgroup, size, pid, uid, kind, pri, flags, comm = \
            HEADER.unpack_from(data, at)
        at += HEADER.size
        end = at + (size + 7) // 8 * 8
        if end > len(data) or any(data[at + size:end]):
            raise Broken(f"a record of {size} bytes in {len(data) - at}")
        fields = {"time_ns": str(time_ns), "cgroup": str(cgroup), "pid": pid, "uid": uid,
                  "type": kind, "pri": pri, "flags": flags, "comm": comm.split(b"\0")[0]}
        yield Record(seq, pos, data[at:at + size], fields)
        at = end


class Stream:
    """Something that follows. events() ends with the connection; ended is the close
    code of a WebSocket then, or that an answer was whole."""

    ended = None

    def wait(self, timeout):
        """Whether there is something to be read now or in timeout seconds."""
        return bool(self.stream.data) or bool(select.select([self.sock], [], [], timeout)[0])

    def cut(self):
        WebSocket.cut(self)

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def events(self, until=None, idle=0.1):
        """until() is asked between messages and whenever nothing comes for a while."""
        while True:
            while not self.wait(idle if until else None):
                if until():
                    return
            events = self.some()
            if events is None:
                return
            yield from events
            if until and until():
                return


class Socketed(Stream):
    """A WebSocket client of one of the subprotocols."""

    def __init__(self, port, channel, form, query="", headers=(), **options):
        path = f"/ws/{channel}" + ("?" + query if query else "")
        self.ws = WebSocket(port, path, "memlog." + form, headers, **options)
        self.sock, self.stream, self.form = self.ws.sock, self.ws.stream, form
        if self.ws.protocol != "memlog." + form:
            raise Broken(f"asked for {form}, got {self.ws.protocol}")

    def some(self):
        got = self.ws.message()
        if got is None:
            return None
        kind, payload = got
        if kind == CLOSE:
            self.ended = struct.unpack(">H", payload[:2])[0] if payload else 1005
            return None
        return list(getattr(self, self.form)(kind, payload))

    @staticmethod
    def text(kind, payload):
        if kind != TEXT or not payload.endswith(b"\n"):
            raise Broken(f"not whole lines of text: {payload[-80:]!r}")
        for line in payload[:-1].split(b"\n"):
            yield from_line(line)

    @staticmethod
    def json(kind, payload):
        if kind != TEXT:
            raise Broken("JSON in a binary message")
        got = parse_json(payload)
        if isinstance(got, dict):
            event = from_object(got)
            if isinstance(event, (Record, Lost)):
                raise Broken("a record or loss outside an array")
            yield event
            return
        if not got:
            raise Broken("an empty array")
        for obj in got:
            event = from_object(obj)
            if not isinstance(event, (Record, Lost)):
                raise Broken("what tells of a stream, inside an array")
            yield event

    @staticmethod
    def binary(kind, payload):
        if kind == BINARY:
            yield from from_records(payload)
            return
        event = from_object(parse_json(payload))
        if isinstance(event, Record):
            raise Broken("a record as text")
        yield event


class Answer(Stream):
    """An HTTP/1.1 answer that goes on and on. Subclasses know what its lines say."""

    def __init__(self, port, path, headers=(), host="localhost", **options):
        self.sock = connect(port, **options)
        self.stream = Socket(self.sock)
        self.left, self.body = 0, bytearray()
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *headers, "", ""]
        try:
            self.sock.sendall("\r\n".join(lines).encode())
            self.answer()
        except BaseException:
            self.sock.close()
            raise

    def answer(self):
        head = self.stream.take_until(b"\r\n\r\n")
        if head is None:
            raise Cut("hung up before an answer")
        status, self.headers = parse_head(head[:-4])
        if status != 200:
            body = self.stream.take(int(self.headers.get("content-length", 0)))
            raise Refused(status, self.headers, body)
        self.chunked = self.headers.get("transfer-encoding", "").lower() == "chunked"

    def more_body(self):
        """False at the end of the answer."""
        if not self.chunked:
            if not self.stream.data and not self.stream.more():
                self.ended = not self.stream.reset
                return False
            self.body += self.stream.data
            self.stream.data.clear()
            return True
        line = self.stream.take_until(b"\r\n")
        if line is None:
            return False
        size = int(line.split(b";")[0], 16)
        chunk = self.stream.take(size + 2)
        if chunk is None:
            return False
        if chunk[-2:] != b"\r\n":
            raise Broken("a chunk that does not end where it should")
        self.body += chunk[:-2]
        self.ended = size == 0
        return size > 0

    def all(self):
        """The whole of an answer that ends."""
        with self:
            while self.more_body():
                pass
        if not self.ended:
            raise Cut("only a part of the answer")
        return bytes(self.body)

    def some(self):
        if not self.more_body():
            return None
        whole, mark, rest = bytes(self.body).rpartition(self.mark)
        self.body = bytearray(rest)
        return list(self.parse(whole + mark)) if mark else []


class Lines(Answer):
    """ndjson: an object a line, hello first."""

    mark = b"\n"

    def __init__(self, port, channel, query="", **options):
        path = f"/api/v1/channels/{channel}/records?follow=1&format=ndjson"
        super().__init__(port, path + ("&" + query if query else ""), **options)

    @staticmethod
    def parse(data):
        for line in data[:-1].split(b"\n"):
            yield from_object(parse_json(line))


class Events(Answer):
    """Server-sent events, taken apart as the standard has it: a line ends with CR, LF or
    both, and what is no field of ours was put there by a record."""

    mark = b"\n\n"

    def __init__(self, port, channel, query="", **options):
        self.last_id = self.at = None
        super().__init__(port, f"/sse/{channel}" + ("?" + query if query else ""), **options)
        if self.headers.get("content-type", "").split(";")[0] != "text/event-stream":
            raise Broken(f"no event stream: {self.headers}")

    def parse(self, data):
        text = data.decode()
        fields = {}
        for line in re.split("\r\n|\r|\n", text):
            name, _, value = line.partition(":")
            if name == "retry" and self.at is None and value.strip().isdigit():
                continue  # before anything that a record could have put there
            if not line:
                if "data" in fields:
                    yield self.event(fields)
                fields = {}
            elif name in fields or name not in ("", "id", "data"):
                raise Broken(f"a field nobody meant: {line!r:.200}")
            elif name:
                fields[name] = value.removeprefix(" ")

    def event(self, fields):
        event = from_object(parse_json(fields["data"]))
        if isinstance(event, Hello):
            self.at = event.stream
        seq = event.seq if isinstance(event, Record) else \
            event.last if isinstance(event, Lost) else None
        if seq is not None:
            if fields.get("id") != f"{self.at}:{seq}":
                raise Broken(f"record {seq} of {self.at} has the id {fields.get('id')}")
            self.last_id = fields["id"]
        return event


FORMS = ("text", "json", "binary", "sse", "ndjson")


def follow(form, port, channel, start=None, query="", headers=(), **options):
    """A stream of that form. start: (stream, number of the first record wanted)."""
    if start and form == "sse" and start[1]:
        # what a browser does: the last one it had
        headers = [*headers, f"Last-Event-ID: {start[0]}:{start[1] - 1}"]
    elif start:
        query = "&".join(filter(None, (query, f"from={start[0]}:{start[1]}")))
    if form == "sse":
        return Events(port, channel, query, headers=headers, **options)
    if form == "ndjson":
        return Lines(port, channel, query, headers=headers, **options)
    return Socketed(port, channel, form, query, headers, **options)


def until_there(make, seconds=30):
    """What make() gives, once the bridge is there and lets it in."""
    end = time.monotonic() + seconds
    while True:
        try:
            return make()
        except (OSError, Refused) as error:
            if isinstance(error, Refused) and error.status != 503:
                raise
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
