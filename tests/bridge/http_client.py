# SPDX-License-Identifier: GPL-2.0-only
"""HTTP clients for the bridge's tests: by hand, and curl."""

import json
import os
import socket
import subprocess
import time

from bridge import Bridge, check, equal, request, temporary_folder

READ, WRITE = "a-token-that-reads", "a-token-that-writes"
JSON, TEXT, NDJSON = "application/json", "text/plain", "application/x-ndjson"
TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


def write_file(text, mode=0o640, name="file"):
    path = os.path.join(temporary_folder(), name)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def tokens():
    return write_file(f"read {READ}\nwrite {WRITE}\nread {READ}-other other\n")


def bearer(token):
    return f"Authorization: Bearer {token}"


def served(*args, size="64K", **kwargs):
    return Bridge("--listen", "127.0.0.1:0", "--channel", f"app=embedded:{size}",
                  "--token-file", tokens(), *args, **kwargs)


def post(bridge, body, kind=TEXT, token=WRITE, channel="app", headers=(), **kwargs):
    if isinstance(body, str):
        body = body.encode()
    return request(bridge.port(), f"/api/v1/channels/{channel}/records", method="POST",
                   body=body, headers=[bearer(token), f"Content-Type: {kind}",
                                       f"Content-Length: {len(body)}", *headers], **kwargs)


def get(bridge, path, token=READ, headers=(), number=0, **kwargs):
    """A GET whose answer may be chunked: (status, headers, body, whether it is whole)."""
    with socket.create_connection(("127.0.0.1", bridge.port(number)), timeout=10) as sock:
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
        if token:
            lines.append(bearer(token))
        sock.sendall("\r\n".join([*lines, "", ""]).encode())
        data = b""
        while True:
            more = sock.recv(65536)
            if not more:
                break
            data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    fields = dict((n.lower(), v.strip()) for n, _, v in
                  (line.partition(":") for line in lines[1:]))
    whole = True
    if fields.get("transfer-encoding") == "chunked":
        body, whole = unchunk(body)
    return int(lines[0].split()[1]), fields, body, whole


def unchunk(data):
    body = b""
    while True:
        size, found, data = data.partition(b"\r\n")
        if not found:
            return body, False
        size = int(size, 16)
        if not size:
            return body, data == b"\r\n"
        if len(data) < size + 2:
            return body + data[:size], False
        body += data[:size]
        equal(data[size:size + 2], b"\r\n")
        data = data[size + 2:]


def records(bridge, query="", token=READ):
    status, _, body, whole = get(bridge, "/api/v1/channels/app/records?format=json" + query,
                                 token)
    equal((status, whole), (200, True))
    return json.loads(body)


class Events:
    """A reader of /sse."""

    def __init__(self, bridge, path="/sse/app", headers=()):
        self.sock = socket.create_connection(("127.0.0.1", bridge.port()), timeout=20)
        lines = [f"GET {path} HTTP/1.1", "Host: localhost", bearer(READ), *headers, "", ""]
        self.sock.sendall("\r\n".join(lines).encode())
        self.data = b""
        while b"\r\n\r\n" not in self.data:
            self.data += self.sock.recv(4096)
        self.head, _, self.data = self.data.partition(b"\r\n\r\n")
        self.body = b""

    def take_chunks(self):
        while True:
            size, found, rest = self.data.partition(b"\r\n")
            if not found or len(rest) < int(size, 16) + 2:
                return
            self.body += rest[:int(size, 16)]
            self.data = rest[int(size, 16) + 2:]

    def more(self):
        self.take_chunks()
        if b"\n\n" in self.body:
            return
        more = self.sock.recv(4096)
        check(more, "closed")
        self.data += more
        self.take_chunks()

    def next(self):
        """One event: its id and its object; a comment is (None, None)."""
        while b"\n\n" not in self.body:
            self.more()
        event, _, self.body = self.body.partition(b"\n\n")
        name = data = None
        for line in event.decode().split("\n"):
            field, _, value = line.partition(": ")
            if field == "id":
                name = value
            elif field == "data":
                data = json.loads(value)
        return name, data


def certificate(name="localhost"):
    folder = temporary_folder()
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert,
                    "-days", "2", "-subj", f"/CN={name}", "-addext",
                    f"subjectAltName=DNS:{name},IP:127.0.0.1"],
                   check=True, capture_output=True)
    return cert, key


def curl(bridge, path, *args, cert, data=None, token=READ):
    done = subprocess.run(["curl", "-sS", "--cacert", cert, "-m", "20", "-H", bearer(token),
                           "-w", "\n%{http_code} %{http_version}", *args,
                           f"https://localhost:{bridge.port()}{path}"],
                          input=data, capture_output=True, check=False)
    body, _, last = done.stdout.rpartition(b"\n")
    return (*last.decode().split(), body, done.returncode)


def wait_until(what, seconds=10):
    end = time.monotonic() + seconds
    while not what():
        check(time.monotonic() < end, "it did not come to that")
        time.sleep(0.05)
