# SPDX-License-Identifier: GPL-2.0-only
"""A bridge to be attacked, with a witness on it, and the words to do it with."""

import os
import socket

from bridge import Bridge, Ring, handshake_headers, temporary_folder
from frames import Socket, connect, parse_head
from witness import Witness

READ = "read-token-of-some-length"
OTHER = "other-token-of-some-length"
WRITE = "write-token-of-some-length"
SECRET = b"what only readers of app may see"


class Attacked:
    """A bridge with a token, the witness on it, and a channel for it to be about.

    port: with a token; open_port: without. There is another channel, web, and a
    token that is good for that one only."""

    def __init__(self, *args):
        folder = temporary_folder()
        secret, web, ring = (Ring("1M", name) for name in ("app", "web", "witness"))
        secret.write(SECRET + b"\n")
        web.write(b"what readers of web may see\n")
        ring.write(b"")
        tokens = os.path.join(folder, "tokens")
        with open(tokens, "w") as file:
            file.write(f"read {READ}\nread {OTHER} web\nwrite {WRITE}\n")
        os.chmod(tokens, 0o640)
        self.bridge = Bridge("--token-file", tokens, "--channel", f"app={secret.path}",
                             "--channel", f"web={web.path}", "--channel", f"witness={ring.path}",
                             "--listen", "127.0.0.1:0", "--listen-insecure", "127.0.0.1:0", *args)
        # addresses are printed in the order of listening, all with tokens first
        self.port, self.open_port = self.bridge.port(0), self.bridge.port(1)
        self.witness = Witness(self.bridge, ring, "witness", READ)

    def __enter__(self):
        self.bridge.__enter__()
        self.witness.__enter__()
        return self

    def __exit__(self, *error):
        try:
            self.witness.__exit__(*error)
        finally:
            self.bridge.__exit__(*error)


def exchange(port, data, wait=1.0, **options):
    """All that comes back until it hangs up, or nothing comes for a while."""
    with connect(port, timeout=wait, **options) as sock:
        stream = Socket(sock)
        try:
            sock.sendall(data)
            while stream.more():
                pass
        except (socket.timeout, ConnectionError):
            pass
        return bytes(stream.data)


def status(reply):
    return parse_head(reply.split(b"\r\n\r\n")[0])[0] if reply else 0


def get(path, *headers, host="localhost", method="GET", body=b""):
    path = path if isinstance(path, bytes) else path.encode()
    lines = [h.encode() if isinstance(h, str) else h for h in headers]
    if host is not None:
        lines.insert(0, b"Host: " + (host if isinstance(host, bytes) else host.encode()))
    # so that what is behind the answer need not be waited for
    lines.append(b"Connection: close")
    return b"\r\n".join([method.encode() + b" " + path + b" HTTP/1.1", *lines, b"", b""]) + body


def bearer(token):
    return "Authorization: Bearer " + token


def shake(path, *headers, host="localhost"):
    lines = [h for h in get(path, *handshake_headers(headers), host=host).split(b"\r\n")
             if h != b"Connection: close"]
    return b"\r\n".join(lines)


def strangers():
    """Addresses nobody else here comes from: who is wrong too often is told so."""
    for number in range(1, 1 << 16):
        yield f"127.1.{number >> 8}.{number & 255}"


def head(port, data, source=None):
    """Status of the first answer, without waiting for what follows. 0: hung up."""
    with connect(port, source, timeout=15) as sock:
        try:
            sock.sendall(data)
        except ConnectionError:
            pass
        got = Socket(sock).take_until(b"\r\n\r\n")
    return status(got) if got else 0
