# SPDX-License-Identifier: GPL-2.0-or-later
"""What this machine lacks for running rules in the kernel, in words."""

import os
import shutil
import subprocess


def succeeds(*command):
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        return False


def lacks():
    """A list of reasons, empty if the kernel can run the rules."""
    if os.geteuid() != 0:
        return ["root: run it with sudo"]
    reasons = []
    for program, package in (("ip", "iproute2"), ("nft", "nftables"), ("bpftool", "bpftool")):
        if not shutil.which(program):
            reasons.append(f"the program {program} (package {package})")
    if reasons:
        return reasons
    if not succeeds("unshare", "-n", "true"):
        reasons.append("network namespaces: unshare(CLONE_NEWNET) is refused")
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        reasons.append("the kernel's BTF: no /sys/kernel/btf/vmlinux")
    if not succeeds("bpftool", "prog", "show"):
        reasons.append("eBPF: the bpf() system call is refused (a container without CAP_BPF?)")
    if not succeeds("unshare", "-n", "nft", "add", "table", "ip", "probe"):
        reasons.append("nf_tables: `nft add table` is refused")
    return reasons


def legacy_iptables():
    """Whether the kernel's own iptables-legacy works here (it is the oracle)."""
    return succeeds("unshare", "-n", "iptables-legacy", "-w", "-S")
