# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that speak the kernel's ip_tables interface, with libiptables-bpf preloaded and without."""

import os
import re
import shutil

from faulty.world import World

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
PRELOADED = {"LD_PRELOAD": os.path.join(ROOT, "build", "lib", "libiptables-bpf.so")}
SETS = "".join(f"create {name} hash:net\n" for name in ("four", "other", "trusted", "blocklist")) + \
    "create six hash:net family inet6\ncreate blocklist6 hash:net family inet6\ncreate ports bitmap:port range 0-65535\n"


def create(world):
    if shutil.which("ipset"):
        world.run("ipset", "restore", text=SETS)


def clean(save):
    """Without comments and counts."""
    return [re.sub(r"\[\d+:\d+\] ?", "", line) for line in save.splitlines() if not line.startswith("#")]


def places(label):
    """A namespace for the kernel's own rules, one for ours."""
    worlds = World(label + "-kernel"), World(label)
    for world in worlds:
        create(world)
    return worlds
