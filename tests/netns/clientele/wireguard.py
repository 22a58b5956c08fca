# SPDX-License-Identifier: GPL-2.0-or-later
"""wg-quick with a default route, which is when it calls iptables, and the usual PostUp and PostDown. WireGuard itself isn't
needed for that: a veth end and a script that answers for wg(8) stand in."""

from . import Client

_PREPARE = r"""
cat > /usr/bin/wg <<'END'
#!/bin/sh
case "$*" in
'show interfaces') ip -br link show type veth | sed -n 's/^\(wg0\)@.*/\1/p' ;;
*fwmark) echo 0xca6c ;;
*allowed-ips) printf 'key\t0.0.0.0/0 ::/0\n' ;;
*endpoints) printf 'key\t198.51.100.1:51820\n' ;;
esac
END
cat > /usr/bin/wg-device <<'END'
#!/bin/sh
ip link add "$1" type veth peer name "$1-peer"
END
chmod +x /usr/bin/wg /usr/bin/wg-device
mkdir -p /etc/wireguard
cat > /etc/wireguard/wg0.conf <<'END'
[Interface]
Address = 10.9.0.1/24, 2001:db8:9::1/64
PrivateKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
PostUp = iptables -A FORWARD -i %i -j ACCEPT; iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
PostDown = iptables -D FORWARD -i %i -j ACCEPT; iptables -t nat -D POSTROUTING -o eth0 -j MASQUERADE
[Peer]
PublicKey = AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
AllowedIPs = 0.0.0.0/0, ::/0
END
iptables -t raw -A PREROUTING -s 203.0.113.0/24 -j DROP
"""

_QUICK = "WG_QUICK_USERSPACE_IMPLEMENTATION=wg-device wg-quick"

CLIENTS = [Client("wg-quick", _PREPARE, [f"{_QUICK} up wg0", f"{_QUICK} down wg0", f"{_QUICK} up wg0 && {_QUICK} down wg0"])]
