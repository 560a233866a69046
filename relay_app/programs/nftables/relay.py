"""A relay by the packet contract (docs/your-relay.md), version 1, in the kernel, between two other clusters: rules of
nftables send what comes from either to the same lane of the other, whatever it is. No connection is tracked."""

import ctypes
import os
import signal
import sys
from pathlib import Path

LIBRARY = "libnftables.so.1"

IPV4 = Path("/proc/sys/net/ipv4")
# A packet has this host's address as its source before it is routed, and leaves where it came in.
OF_INTERFACES = {"rp_filter": "0", "accept_local": "1", "send_redirects": "0"}

RULE = "ip saddr {source} ip daddr {here} udp dport {lanes} ip daddr set {target} ip saddr set {here} accept"
# Its table ends with its owner, however that ends (nft(8)): what succeeds it finds a host without rules.
TABLE = "table ip relay {{ flags owner; chain lanes {{ type filter hook prerouting priority raw; {}; {}; }}; }}"


def set_up_routing() -> None:
    """Have the kernel forward what the rules readdress."""
    (IPV4 / "ip_forward").write_text("1")
    for interface in (IPV4 / "conf").iterdir():
        for name, value in OF_INTERFACES.items():
            (interface / name).write_text(value)


def table(here: str, first: str, second: str, lanes: str) -> str:
    """The table, by which packets go between two clusters' relays."""
    ways = ((first, second), (second, first))
    return TABLE.format(*(RULE.format(source=a, target=b, here=here, lanes=lanes) for a, b in ways))


def main() -> None:
    """Add the table, and keep it until SIGTERM, by which this process dies."""
    here, peers = os.environ["BLIPNET_ADDRESS"], os.environ["BLIPNET_PEERS"].split(",")
    others = [peer for each in peers if (peer := each.partition("=")[2]) != here]
    if len(others) != 2:
        sys.exit(f"relay: it stands between two other clusters, and there are {len(others)}")
    try:
        nftables = ctypes.CDLL(LIBRARY)
        set_up_routing()
    except OSError as error:
        sys.exit(f"relay: {error}")
    rules = table(here, others[0], others[1], os.environ["BLIPNET_LANES"])
    nftables.nft_ctx_new.restype = ctypes.c_void_p
    context = ctypes.c_void_p(nftables.nft_ctx_new(0))
    if nftables.nft_run_cmd_from_buffer(context, rules.encode()) != 0:
        sys.exit("relay: this kernel takes no such rules; it needs nf_tables, with owners of tables (Linux 5.12)")
    signal.pause()


if __name__ == "__main__":
    main()
