# SPDX-License-Identifier: GPL-2.0-or-later
"""What LOG writes to the kernel's log from namespaces other than the first, which the first one's sysctl allows."""

import os
import re

_SWITCH = "/proc/sys/net/netfilter/nf_log_all_netns"


class KernelLog:
    """Open it before the packets; `usable` is False without the right to, or outside the first namespace."""

    def __init__(self):
        self._log, self._old = None, None
        try:
            with open(_SWITCH, "r+", encoding="ascii") as switch:
                self._old = switch.read().strip()
                switch.seek(0)  # elsewhere the kernel ignores what is written
                switch.write("1")
            self._log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
            os.lseek(self._log, 0, os.SEEK_END)
        except OSError:
            self._restore()
        self.usable = self._log is not None

    @classmethod
    def readable(cls):
        log = cls()
        log.close("")
        return log.usable

    def _restore(self):
        if self._old is not None:
            with open(_SWITCH, "w", encoding="ascii") as switch:
                switch.write(self._old)

    def close(self, prefix):
        """Lines with that prefix since, with their level, without what R chooses at random."""
        lines = []
        while self.usable:
            try:
                text = os.read(self._log, 8192).decode(errors="replace")
            except BlockingIOError:
                break
            except BrokenPipeError:
                continue  # lines that were overwritten meanwhile
            level, _, line = text.partition(";")
            if prefix in line:
                line = re.sub(r"\b(ID)=\d+", r"\1=", line.split("\n")[0].replace(prefix, ""))
                lines.append((int(level.split(",")[0]) & 7, line))
        if self.usable:
            os.close(self._log)
            self._restore()
        return lines
