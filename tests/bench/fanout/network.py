# SPDX-License-Identifier: GPL-2.0-only
"""A network to measure in.

BBR holds a sender back for 200 ms every ten seconds to see how short the way
is, on loopback too: that would be all one sees of a server's latency. A network
namespace has a congestion control of its own.
"""
import fcntl
import os
import socket
import struct
import subprocess
import sys

CONTROL = "/proc/sys/net/ipv4/tcp_congestion_control"
ENTERED = "MEMLOG_BENCH_NETWORK"
SIOCSIFFLAGS = 0x8914
IFF_UP = 1


def control():
    with open(CONTROL, encoding="ascii") as f:
        return f.read().strip()


def arrive():
    """In a new namespace: loopback is down, and the control is the machine's."""
    with socket.socket() as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
    with open(CONTROL, "w", encoding="ascii") as f:
        f.write("reno")


def enter():
    """Makes this program one in a network that does; returns what to say of it."""
    if ENTERED in os.environ:
        arrive()
        return f"TCP: {control()}, in a network of its own, not this machine's {os.environ[ENTERED]}"
    if control() in ("cubic", "reno"):
        return f"TCP: {control()}"
    unshare = ["unshare", "--net"]
    if os.geteuid():
        unshare += ["--user", "--map-root-user"]
    try:
        if not subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
            sys.stdout.flush()
            os.execvpe(unshare[0], [*unshare, sys.executable, *sys.argv],
                       {**os.environ, ENTERED: control()})
    except OSError:
        pass
    return (f"TCP: {control()}, whose own delays may be all that is seen of latencies (run as "
            "root for\na network with another)")
