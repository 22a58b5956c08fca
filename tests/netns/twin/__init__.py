# SPDX-License-Identifier: GPL-2.0-or-later
"""Twin namespaces: the same rules and the same frames through two iptables, and a comparison of all that comes of it.

namespace, links, topology: the network of one side.   wire: injection, capture, the barrier.
frames, ext6: packets as bytes.                         normalise: what the kernel chooses at random.
tool, conntrack: the programs under test, a clean slate. case, steps: what is done.
compare: one case on both sides, and what differs.      rules, traffic, shrink: the random generator.
"""
