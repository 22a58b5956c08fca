# SPDX-License-Identifier: GPL-2.0-or-later
"""Sets of the router's namespace."""

import re
import subprocess

from .steps import Script


def ipset(*lines):
    """A step: commands as `ipset restore` takes them; both sides have to say the same, but for the line's number."""
    def body(side):
        with side.router.entered():
            done = subprocess.run(["ipset", "restore"], input="\n".join(lines) + "\n", text=True, capture_output=True, check=False)
        return done.returncode, re.sub(r"line \d+", "", done.stderr)
    return Script("ipset " + "; ".join(lines), body)
