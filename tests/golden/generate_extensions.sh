#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Asks iptables-legacy anew for everything in extensions.txt and extensions-help.txt; as root. The commands are taken from
# extensions.txt itself; what it answers there is replaced, but for blocks whose command begins with `!`: there 1.8.9 is
# wrong (iptables-surface: known faults), or speaks of the machine, and the answer was written by hand as 1.8.11 has it.
#
#   4 -p tcp -m tcp --dport ssh        the command: family and rule, appended to a chain of the table filter;
#   4 -t nat -j REDIRECT               or, with -t in front of it, to one of another table
#   = -p tcp -m tcp --dport 22         what save prints of it
#   L tcp dpt:ssh                      what -L prints behind the addresses
#   N tcp dpt:22                       and -L -n
#   W ...                              a line on stderr of a command that succeeds
#   E2 MESSAGE                         refused, with this exit code; E2+: an empty line follows the message
set -eu
here=$(dirname "$(realpath "$0")")
namespace=xtbpf-golden-$$
ip netns add "$namespace"
trap 'ip netns del "$namespace"' EXIT
# The sets of tests/text/memory_sets.hpp.
for set in four other; do ip netns exec "$namespace" ipset create $set hash:ip; done
ip netns exec "$namespace" ipset create six hash:ip family inet6
ip netns exec "$namespace" ipset create ports bitmap:port range 0-65535

ask() { # ask FAMILY WORDS...
    local tool=iptables-legacy; [ "$1" = 6 ] && tool=ip6tables-legacy
    shift
    ip netns exec "$namespace" $tool "$@"
}

columns='s#^.{0,45}(anywhere {13}anywhere {12}|0\.0\.0\.0/0 {12}0\.0\.0\.0/0 {11}|::/0 {17}::/0 {16})##'

answer() { # answer FAMILY RULE-TEXT
    local family=$1 words table=filter code=0 message
    eval "words=($2)"
    [ "${words[0]}" != -t ] || { table=${words[1]}; words=("${words[@]:2}"); }
    ask "$family" -t $table -F x
    message=$(ask "$family" -t $table -A x "${words[@]}" 2>&1; echo "$?.")
    code=${message##*$'\n'}; [ "$code" = "$message" ] && message='' || message=${message%$'\n'*}
    code=${code%.}
    if [ "$code" = 0 ]; then
        [ -z "$message" ] || printf 'W %s\n' "$message"
        ask "$family" -t $table -S x | sed -n 's/^-A x/=/p'
        ask "$family" -t $table -L x | tail -n +3 | sed -E "$columns; s/^/L/; s/\x00/\\\\0/"
        ask "$family" -t $table -n -L x | tail -n +3 | sed -E "$columns; s/^/N/; s/\x00/\\\\0/"
    else
        local blank=''
        case $message in *$'\n\n'Try*) blank=+ ;; esac
        while [ "${message#ip*tables*: }" = "$message" ]; do # what comes before the message proper
            printf 'W %s\n' "${message%%$'\n'*}"
            message=${message#*$'\n'}
        done
        message=${message%%$'\n'*}
        printf 'E%s%s %s\n' "$code" "$blank" "$(sed -E 's/^ip6?tables( v[^:]*)?: //' <<<"$message")"
    fi
}

for family in 4 6; do
    for table in filter nat mangle raw security; do ask $family -t $table -N x; done
done

keep=
while IFS= read -r line; do
    case $line in
    '!'*) keep=1; printf '%s\n' "$line" ;;
    [46]' '*) keep=; printf '%s\n' "$line"; answer "${line%% *}" "${line#* }" ;;
    '#'* | '') printf '%s\n' "$line" ;;
    *) [ -z "$keep" ] || printf '%s\n' "$line" ;;
    esac
done <"$here/extensions.txt" >"$here/extensions.txt.new"
mv "$here/extensions.txt.new" "$here/extensions.txt"

for family in 4 6; do
    for name in tcp udp icmp icmp6 multiport iprange conntrack state mark connmark mac length ttl hl tos dscp addrtype pkttype owner comment limit \
        ah esp ipcomp dccp sctp tcpmss ecn u32 string bpf frag rt hbh dst mh srh ipv6header eui64 \
        hashlimit recent connlimit set quota statistic time rateest nfacct osf policy ipvs cluster connbytes connlabel helper \
        realm rpfilter socket cgroup cpu devgroup physdev; do
        case $family$name in
        4hl | 4icmp6 | 4frag | 4rt | 4hbh | 4dst | 4mh | 4srh | 4ipv6header | 4eui64 | 6ttl | 6icmp | 6osf | 6realm) continue ;;
        esac
        echo "=== $family -m $name"
        ask $family -m $name -h | sed '1,/--version/d' | sed 1d
    done
    for name in REJECT LOG MARK CONNMARK TOS DSCP ECN TTL HL TCPMSS TCPOPTSTRIP CLASSIFY TPROXY TEE HMARK CT NOTRACK IDLETIMER \
        LED RATEEST AUDIT CHECKSUM TRACE \
        CLUSTERIP CONNSECMARK DNAT DNPT MASQUERADE NETMAP NFLOG NFQUEUE REDIRECT SECMARK SET SNAT SNPT SYNPROXY ULOG; do
        case $family$name in 4HL | 6ECN | 6TTL | 4DNPT | 4SNPT | 6CLUSTERIP | 6ULOG) continue ;; esac
        echo "=== $family -j $name"
        ask $family -j $name -h 2>/dev/null | sed '1,/--version/d' | sed 1d
    done
done | sed '/^echo-reply (pong)$/{n;/^router-solicitation$/s/^/mld-listener-query\nmld-listener-report\nmld-listener-done (mld-listener-reduction)\n/}' \
    >"$here/extensions-help.txt" # 1.8.9 doesn't know the mld types yet
