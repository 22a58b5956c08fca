# SPDX-License-Identifier: GPL-2.0-or-later
"""UDP from the peer to the host: a steady stream to several ports, and single datagrams whose fate is asked."""

import select
import threading
import time

BURST, PAUSE = 4, 0.002


def drain(receiver):
    """How many datagrams wait there."""
    count = 0
    receiver.setblocking(False)
    try:
        while True:
            receiver.recv(64)
            count += 1
    except BlockingIOError:
        return count


class Stream:
    """A context: sends to each port in turn, counts what arrives; after it, `sent` and `arrived` by port hold."""

    def __init__(self, world, ports):
        self.sent, self.arrived = dict.fromkeys(ports, 0), dict.fromkeys(ports, 0)
        self._receivers = {port: world.receiver(port) for port in ports}
        self._senders = {port: world.sender(port) for port in ports}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        while not self._end.is_set():
            for port, send in self._senders.items():
                for _ in range(BURST):
                    send(b"steady stream 20 byte")
                self.sent[port] += BURST
                self.arrived[port] += drain(self._receivers[port])
            time.sleep(PAUSE)

    def wrong(self, always):
        """What is not as it should be, in words: all must arrive at the ports of `always`, nothing at the others."""
        return [f"port {port}: {self.arrived[port]} arrived of {sent}" for port, sent in self.sent.items()
                if self.arrived[port] != (sent if port in always else 0)]

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()
        time.sleep(0.1)
        for port, receiver in self._receivers.items():
            self.arrived[port] += drain(receiver)
            receiver.close()


class Probe:
    """Asks which of several ports get through; `witness` is a port that always does, and is sent last."""

    def __init__(self, world, ports, witness):
        self._receivers = {port: world.receiver(port) for port in (*ports, witness)}
        self._senders = {port: world.sender(port) for port in (*ports, witness)}
        self._witness = witness

    def accepted(self):
        for send in self._senders.values():
            send(b"probe")
        if not select.select([self._receivers[self._witness]], [], [], 2)[0]:
            return None
        time.sleep(0.002)
        return {port for port, receiver in self._receivers.items() if drain(receiver)} - {self._witness}
