# SPDX-License-Identifier: GPL-2.0-or-later
"""fail2ban: its server with a jail for each way it uses iptables; bans by hand and by a log file."""

from . import Client

_PREPARE = r"""
mkdir -p /run/fail2ban /var/log/made
: > /var/log/made/auth.log
cat > /etc/fail2ban/fail2ban.local <<'END'
[Definition]
logtarget = /var/log/made/fail2ban.log
dbfile = None
allowipv6 = yes
END
cat > /etc/fail2ban/filter.d/made.conf <<'END'
[Definition]
failregex = ^ refused <ADDR>$
END
rm -f /etc/fail2ban/jail.d/*
cat > /etc/fail2ban/jail.local <<'END'
[DEFAULT]
backend = polling
filter = made
logpath = /var/log/made/auth.log
maxretry = 2
bantime = 600
enabled = false
[oneport]
enabled = true
action = iptables[name=oneport, port=ssh, protocol="tcp,udp"]
[multiport]
enabled = true
action = iptables-multiport[name=multiport, port="http,https", blocktype=DROP]
[allports]
enabled = true
action = iptables-allports[name=allports]
[new]
enabled = true
action = iptables-new[name=new, port=25]
[logged]
enabled = true
action = iptables-multiport-log[name=logged, port="143,993"]
[sets]
enabled = true
action = iptables-ipset-proto6[name=sets, port=80]
END
"""

_BANS = "for jail in oneport multiport allports new logged sets; do fail2ban-client set $jail banip"
_UNBANS = _BANS.replace("banip", "unbanip")

CLIENTS = [Client("fail2ban", _PREPARE, [
    "fail2ban-client start",
    _BANS + " 198.51.100.7 203.0.113.9; done",
    "fail2ban-client set allports banip 2001:db8::7",
    "for turn in 1 2; do echo \"$(date '+%Y-%m-%d %H:%M:%S') refused 192.0.2.77\" >> /var/log/made/auth.log; done;"
    " for turn in $(seq 100); do [ $(iptables-save | grep -c 192.0.2.77) -ge 5 ] && ipset -q test f2b-sets 192.0.2.77 && break; sleep 0.1; done;"
    " ipset save f2b-sets | sed 's/ timeout .*//' | sort",
    _UNBANS + " 198.51.100.7; done",
    "fail2ban-client reload allports",
    "fail2ban-client stop",
    "grep -E ' (ERROR|CRITICAL) ' /var/log/made/fail2ban.log | sed 's/^[^[]*//'",
], async_rules=True)]
