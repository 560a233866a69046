#!/bin/bash
# A relay by the packet contract, version 1 (docs/your-relay.md), between exactly two other clusters: on each lane a socat
# sends what comes from either to the other, whatever it is.
set -euo pipefail

others=()
IFS=, read -ra peers <<<"$BLIPNET_PEERS"
for peer in "${peers[@]}"; do
    [[ "${peer#*=}" == "$BLIPNET_ADDRESS" ]] || others+=("${peer#*=}")
done
if ((${#others[@]} != 2)); then
    echo "relay: it stands between two other clusters, and there are ${#others[@]}" >&2
    exit 2
fi

serve() {
    local port=$1 here="bind=$BLIPNET_ADDRESS:$1,reuseaddr"
    while :; do
        # It ends when a peer's lane is closed for a moment (ECONNREFUSED), as at a restart there.
        socat "UDP4:${others[0]}:$port,$here" "UDP4:${others[1]}:$port,$here" || true
    done
}

for ((lane = ${BLIPNET_LANES%-*}; lane <= ${BLIPNET_LANES#*-}; lane++)); do
    serve "$lane" &
done
wait
