# SPDX-License-Identifier: GPL-2.0-or-later
"""What both entry points take on the command line, and what must be there before anything can be compared."""

import argparse
import os
import shutil
import signal
import sys

from .tool import FAMILIES

_BUILT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "build", "bin")


def parse(about, add):
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subject", default=os.path.normpath(_BUILT))
    parser.add_argument("--reference", default="legacy")
    parser.add_argument("--early", choices=("xdp", "tc", "off"), help="XTBPF_EARLY for the subject")
    parser.add_argument("--chains", choices=("code", "data"), help="XTBPF_CHAINS for the subject")
    add(parser)
    options = parser.parse_args()
    chosen = {"XTBPF_EARLY": options.early, "XTBPF_CHAINS": options.chains}
    options.environment = {name: value for name, value in chosen.items() if value}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that context managers clean up
    return options


def unable(options, count):
    """Whether nothing can run; says so."""
    reason = _missing(options.reference, options.subject)
    if reason:
        print(f"SKIPPED: the twin-namespace comparison did NOT run: {reason}")
        print(f"0 passed, 0 failed, {count} skipped")
    return bool(reason)


def _missing(*places):
    if os.geteuid() != 0:
        return "it needs root"
    if not shutil.which("ip"):
        return "ip (iproute2) is not installed"
    for place in places:
        for name in FAMILIES.values():
            for applet in ("-restore", "-save"):
                program = f"{name}-legacy{applet}" if place == "legacy" else os.path.join(place, name + applet)
                if not shutil.which(program):
                    return f"there is no {program}"
    return ""
