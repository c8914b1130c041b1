# SPDX-License-Identifier: GPL-2.0-only
"""A WebSocket client that sends whatever bytes a test wants, and takes none on trust."""

import base64
import codecs
import hashlib
import os
import socket
import struct

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Broken(AssertionError):
    """The server did what RFC 6455, or HTTP, does not allow."""


class Cut(ConnectionError):
    """The connection ended in the middle of something."""


def frame(opcode, payload=b"", fin=True, rsv=0, mask=None, form=None, length=None,
          masked=True):
    """The bytes of a frame. form: 7, 16 or 64, however long it is; length: the one
    it claims."""
    length = len(payload) if length is None else length
    form = form or (7 if length < 126 else 16 if length < 65536 else 64)
    head = bytes([fin << 7 | rsv << 4 | opcode])
    bit = 128 if masked else 0
    if form == 7:
        head += bytes([bit | length])
    elif form == 16:
        head += bytes([bit | 126]) + struct.pack(">H", length)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", length)
    if not masked:
        return head + payload
    mask = os.urandom(4) if mask is None else mask
    return head + mask + bytes(b ^ mask[i & 3] for i, b in enumerate(payload))


def close_payload(code, reason=b""):
    return struct.pack(">H", code) + reason


def handshake(path="/ws", host="localhost", key=None, protocol=None, headers=()):
    key = key or base64.b64encode(os.urandom(16)).decode()
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: Upgrade",
             "Upgrade: websocket", "Sec-WebSocket-Version: 13",
             f"Sec-WebSocket-Key: {key}", *headers]
    if protocol:
        lines.append(f"Sec-WebSocket-Protocol: {protocol}")
    return key, ("\r\n".join(lines) + "\r\n\r\n").encode()


class Refused(Exception):
    """The handshake was answered by something else than 101."""

    def __init__(self, status, headers, body=b""):
        super().__init__(f"{status} {body!r}")
        self.status, self.headers, self.body = status, headers, body


class Socket:
    """What can't be read in time or at all is an end like any other: b""."""

    def __init__(self, sock):
        self.sock = sock
        self.data = bytearray()
        self.reset = False

    def more(self):
        try:
            more = self.sock.recv(65536)
        except (ConnectionResetError, BrokenPipeError):
            self.reset = True
            more = b""
        self.data += more
        return more

    def take(self, count):
        """Exactly so many bytes, or None at the end."""
        while len(self.data) < count:
            if not self.more():
                return None
        taken = bytes(self.data[:count])
        del self.data[:count]
        return taken

    def take_until(self, mark):
        while mark not in self.data:
            if not self.more():
                return None
        end = self.data.index(mark) + len(mark)
        return self.take(end)


def connect(port, source=None, room=0, timeout=10):
    """A socket to the bridge; room: how much it takes unread."""
    sock = socket.socket(socket.AF_INET)
    if room:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    if source:
        sock.bind((source, 0))
    sock.settimeout(timeout)
    sock.connect(("127.0.0.1", port))
    return sock


def parse_head(head):
    lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.lower()] = value.strip()
    parts = lines[0].split(" ", 2)
    if not parts[0].startswith("HTTP/1.") or len(parts) < 2 or not parts[1].isdigit():
        raise Broken(f"no status line: {lines[0]!r}")
    return int(parts[1]), headers


def check_utf8(decoder, data, final):
    try:
        decoder.decode(data, final)
    except UnicodeDecodeError as error:
        raise Broken(f"no UTF-8: {error}") from None


class WebSocket:
    """One connection. Each frame that comes is checked against section 5."""

    def __init__(self, port, path="/ws", protocol=None, headers=(), host="localhost",
                 sock=None, **options):
        self.sock = sock or connect(port, **options)
        self.stream = Socket(self.sock)
        self.utf8 = None
        self.opcode = None
        self.frames = 0
        self.closed = False
        key, request = handshake(path, host, None, protocol, headers)
        try:
            self.sock.sendall(request)
            self.answer(key, protocol)
        except BaseException:
            self.sock.close()
            raise

    def answer(self, key, protocol):
        head = self.stream.take_until(b"\r\n\r\n")
        if head is None:
            raise Cut(f"hung up in the handshake: {bytes(self.stream.data)!r}")
        status, headers = parse_head(head[:-4])
        if status != 101:
            body = self.stream.take(int(headers.get("content-length", 0)))
            raise Refused(status, headers, body)
        want = base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()).decode()
        if headers.get("sec-websocket-accept") != want:
            raise Broken(f"the key was answered with {headers.get('sec-websocket-accept')}")
        if headers.get("upgrade", "").lower() != "websocket" or \
                "upgrade" not in headers.get("connection", "").lower():
            raise Broken(f"no upgrade: {headers}")
        if "sec-websocket-extensions" in headers:
            raise Broken("an extension nobody asked for")
        self.protocol = headers.get("sec-websocket-protocol")
        offered = [p.strip() for p in (protocol or "").split(",")]
        if self.protocol is not None and self.protocol not in offered:
            raise Broken(f"a subprotocol nobody asked for: {self.protocol}")

    def send(self, opcode, payload=b"", **options):
        self.raw(frame(opcode, payload, **options))

    def raw(self, data):
        """The other side may have hung up: what it said can still be read."""
        try:
            self.sock.sendall(data)
        except (ConnectionResetError, BrokenPipeError):
            pass

    def frame(self):
        """(fin, opcode, payload) of the next frame, None when there are no more."""
        head = self.stream.take(2)
        if head is None:
            if self.stream.data:
                raise Cut("the connection ends inside a frame")
            return None
        fin, opcode, length = head[0] >> 7, head[0] & 15, head[1] & 127
        if self.closed:
            raise Broken("a frame behind the close frame")
        if head[0] & 0x70:
            raise Broken(f"reserved bits: {head[0]:#x}")
        if head[1] & 128:
            raise Broken("a server's frame is masked")
        if length == 126:
            length = struct.unpack(">H", self.need(2))[0]
            if length < 126:
                raise Broken(f"{length} bytes, but a length of 16 bits")
        elif length == 127:
            length = struct.unpack(">Q", self.need(8))[0]
            if not 65536 <= length < 1 << 63:
                raise Broken(f"{length} bytes, but a length of 64 bits")
        payload = self.need(length)
        self.frames += 1
        self.check(fin, opcode, payload)
        return fin, opcode, payload

    def need(self, count):
        data = self.stream.take(count)
        if data is None:
            raise Cut("the connection ends inside a frame")
        return data

    def check(self, fin, opcode, payload):
        if opcode in (CLOSE, PING, PONG):
            if not fin or len(payload) > 125:
                raise Broken("a control frame in pieces, or too long")
            if opcode == CLOSE:
                self.closed = True
                if len(payload) == 1:
                    raise Broken("half a close code")
                check_utf8(codecs.getincrementaldecoder("utf-8")(), payload[2:], True)
            return
        if opcode not in (CONTINUATION, TEXT, BINARY):
            raise Broken(f"opcode {opcode}")
        if (opcode == CONTINUATION) != (self.opcode is not None):
            raise Broken("a continuation of nothing, or something else inside a message")
        if opcode == TEXT:
            self.utf8 = codecs.getincrementaldecoder("utf-8")()
        elif opcode == BINARY:
            self.utf8 = None
        if self.utf8:
            # a character may be cut, a message not
            check_utf8(self.utf8, payload, bool(fin))
        self.opcode = None if fin else self.opcode or opcode

    def message(self):
        """(opcode, payload) of the next message or control frame; pings are answered."""
        whole, kind = b"", None
        while True:
            got = self.frame()
            if got is None:
                return None
            fin, opcode, payload = got
            if opcode == PING:
                self.send(PONG, payload)
                continue
            if opcode in (CLOSE, PONG):
                return opcode, payload
            kind = kind or opcode
            whole += payload
            if fin:
                return kind, whole

    def ends(self):
        """What it ends with: the close code, 1005 for none in it, None for no close."""
        while True:
            got = self.message()
            if got is None:
                return None
            if got[0] == CLOSE:
                return struct.unpack(">H", got[1][:2])[0] if got[1] else 1005

    def cut(self):
        """Gone without a word: the other side gets a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
