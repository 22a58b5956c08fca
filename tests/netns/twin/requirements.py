# SPDX-License-Identifier: GPL-2.0-or-later
"""What must be there before anything can be compared."""

import os
import shutil

from .tool import FAMILIES


def missing(*programs):
    """Why nothing can run, or an empty string. `programs`: the reference's and the subject's place."""
    if os.geteuid() != 0:
        return "it needs root"
    if not shutil.which("ip"):
        return "ip (iproute2) is not installed"
    for place in programs:
        for name in FAMILIES.values():
            for applet in ("-restore", "-save"):
                program = f"{name}-legacy{applet}" if place == "legacy" else os.path.join(place, name + applet)
                if not shutil.which(program):
                    return f"there is no {program}"
    return ""
