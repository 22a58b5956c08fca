#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Writes xtbpf(8) from what `xtbpf --help` and the helps of its subcommands say: xtbpf.8.sh PROGRAM > xtbpf.8
set -eu
escaped() { sed 's/\\/\\e/g; s/-/\\-/g; s/^\([.'"'"']\)/\\\&\1/'; }
cat <<'END'
.\" SPDX-License-Identifier: GPL-2.0-or-later
.TH XTBPF 8 "" "iptables-bpf"
.SH NAME
xtbpf \- what iptables has no word for: status, explanation, verification and migration of its rules
.SH SYNOPSIS
.B xtbpf
.I COMMAND
.RI [ OPTION ...]
.SH COMMANDS
END
"$1" --help | sed -n 's/^  \([a-z]*\) .*/\1/p' | while read -r command; do
    printf '.SS %s\n.nf\n' "$command"
    "$1" "$command" --help | escaped
    echo .fi
done
cat <<'END'
.SH EXIT STATUS
0 if it was done, 1 if it can't be done or the answer is no, 2 if the command line is wrong.
.SH SEE ALSO
.BR iptables-bpf (8)
END
