# SPDX-License-Identifier: GPL-2.0-or-later
"""Anonymous network namespaces. They live as long as this process holds their file descriptor: nothing is left behind,
not even after SIGKILL, and no name can clash."""

import contextlib
import ctypes
import os
import subprocess

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)  # Python 3.11 has no os.setns


def _check(result):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def _current():
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


class Namespace:
    def __init__(self):
        outside = _current()
        try:
            _check(_libc.unshare(_CLONE_NEWNET))
            self.fd = _current()
        finally:
            _check(_libc.setns(outside, _CLONE_NEWNET))
            os.close(outside)

    def close(self):
        os.close(self.fd)

    @property
    def path(self):
        """For `ip ... netns PATH`."""
        return f"/proc/{os.getpid()}/fd/{self.fd}"

    @contextlib.contextmanager
    def entered(self):
        """Sockets made and programs started inside belong to this namespace."""
        outside = _current()
        _check(_libc.setns(self.fd, _CLONE_NEWNET))
        try:
            yield
        finally:
            _check(_libc.setns(outside, _CLONE_NEWNET))
            os.close(outside)

    def sysctl(self, settings):
        """Names as paths below /proc/sys/net; one the kernel doesn't have is skipped."""
        with self.entered():
            for name, value in settings.items():
                path = f"/proc/sys/net/{name}"
                if os.path.exists(path):
                    with open(path, "w", encoding="ascii") as file:
                        file.write(str(value))

    def ip(self, commands):
        """Runs lines of ip(8)."""
        with self.entered():
            done = subprocess.run(["ip", "-batch", "-"], input="\n".join(commands) + "\n", text=True, capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"ip: {done.stderr.strip()}")
