# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that drive iptables, as their users run them. A module holds CLIENTS, a list of Client."""

from dataclasses import dataclass


@dataclass
class Client:
    """`prepare` is shell text that is run once; each of `commands` is shell text whose exit code, output and rules are compared.
    `async_rules`: the client works in the background, so the rules may follow later."""

    name: str
    prepare: str
    commands: list[str]
    async_rules: bool = False
