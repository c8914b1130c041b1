# SPDX-License-Identifier: GPL-2.0-only
"""Accounts for every record of a stream of payloads, over all of a client's connections."""

from bridge import check, equal, payload, payload_bytes
from streams import Ended, Hello, Lost, Record


class Ledger:
    """Received and reported as lost must be what was written, in order, nothing twice.

    first: the number of the first record wanted."""

    def __init__(self, stream, first=0, base=None):
        self.stream = stream
        self.first = self.next = first
        self.base = base
        self.received = self.received_bytes = 0
        self.lost = self.lost_bytes = 0
        self.unknown = 0
        self.gap = None
        self.connections = 0
        self.fresh = True

    def start(self):
        """A new connection: where it is to begin."""
        self.connections += 1
        self.fresh = True
        self.gap = None
        return self.stream, self.next

    def take(self, event):
        if isinstance(event, Record):
            self.record(event)
        elif isinstance(event, Lost):
            self.loss(event)
        elif isinstance(event, Hello):
            equal(event.stream, self.stream)
            check(event.oldest <= event.next, f"{event}")
        elif isinstance(event, Ended):
            raise AssertionError("the stream has ended")
        if not isinstance(event, Hello):
            self.fresh = False

    def loss(self, lost):
        check(lost.records > 0, "nothing was lost")
        if lost.first is None:
            # text: which ones is seen from the record behind it
            check(self.gap is None, "two losses in a row")
            self.gap = lost
            self.gap_fresh = self.fresh
            return
        equal((lost.first, lost.last - lost.first + 1), (self.next, lost.records))
        self.count(lost, self.fresh)

    def count(self, lost, fresh):
        """fresh: the bridge was told a number only, and can't know the bytes."""
        end = self.next + lost.records
        want = payload_bytes(self.next, end)
        check(lost.bytes == want or (fresh and lost.bytes is None),
              f"lost {self.next} to {end - 1}: {want} bytes, said {lost.bytes}")
        self.unknown += lost.bytes is None
        self.lost += lost.records
        self.lost_bytes += want
        self.next = end

    def record(self, record):
        if self.gap:
            self.count(self.gap, self.gap_fresh)
            self.gap = None
        equal(record.seq, self.next)
        equal(record.text, payload(record.seq).encode() + b"\n")
        if record.pos is not None:
            base = record.pos - payload_bytes(0, record.seq)
            equal(base, base if self.base is None else self.base)
            self.base = base
        self.received += 1
        self.received_bytes += len(record.text)
        self.next = record.seq + 1

    def finish(self, written):
        """written: the number behind the last record."""
        check(self.gap is None, "a loss, and no record behind it")
        equal(self.next, written)
        equal(self.first + self.received + self.lost, written)
        equal(self.received_bytes + self.lost_bytes, payload_bytes(self.first, written))
