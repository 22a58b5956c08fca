# SPDX-License-Identifier: GPL-2.0-or-later
"""The clients' Debian packages, unpacked into build/clients and not installed: their maintainer scripts would start daemons and
firewalls on this machine."""

import glob
import os
import shutil
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
UNPACKED = os.path.join(ROOT, "build", "clients")


def wanted():
    with open(os.path.join(ROOT, ".ci", "packages"), encoding="ascii") as lines:
        return [line.split()[1] for line in lines if line.startswith("client ")]


def _apt(directory, *arguments):
    return subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", *arguments], cwd=directory, capture_output=True,
                          text=True, check=False)


def unpack():
    """None, or why there are no clients here."""
    names = wanted()
    stamp = os.path.join(UNPACKED, "unpacked")
    if os.path.exists(stamp) and open(stamp, encoding="ascii").read().split() == names:
        return None
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return "apt-get and dpkg-deb to fetch " + " ".join(names)
    shutil.rmtree(UNPACKED, ignore_errors=True)
    archives = os.path.join(UNPACKED, "archives")
    os.makedirs(archives)
    done = _apt(archives, "download", *names)
    if done.returncode != 0:
        _apt(archives, "update")
        done = _apt(archives, "download", *names)
    if done.returncode != 0:
        return f"the packages {' '.join(names)}: {done.stderr.strip()}"
    for archive in glob.glob(archives + "/*.deb"):
        subprocess.run(["dpkg-deb", "-x", archive, os.path.join(UNPACKED, "root")], check=True)
    with open(stamp, "w", encoding="ascii") as file:
        file.write("\n".join(names) + "\n")
    return None
