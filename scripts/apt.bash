# Sourced by scripts/setup: apt-get that waits for its locks.
# shellcheck shell=bash

# How long another program may hold a lock of apt, s: upgrades that start by themselves take minutes.
lock_within=${lock_within:-3600}

# Run apt-get, with what is before "--" in front of it (sudo). While another program holds one of its locks, wait, and
# say once for whom. Silent, but for that and for what apt-get says when it fails.
apt_get() {
    local before=() complaint holder='' said='' deadline=$((SECONDS + lock_within))
    while [[ "$1" != -- ]]; do
        before+=("$1")
        shift
    done
    shift
    until complaint=$("${before[@]}" env LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get "$@" 2>&1 >/dev/null); do
        if ((SECONDS >= deadline)) || ! holder=$(lock_holder "$complaint"); then
            echo "$complaint" >&2
            return 100
        fi
        [[ "$holder" == "$said" ]] || echo "Waiting for $holder"
        said=$holder
        sleep 1
    done
}

# Who holds which lock, from what apt-get says; false if it does not complain of a lock.
lock_holder() {
    local lock by
    [[ "$1" =~ Could\ not\ get\ lock\ ([^ ]+)(\.\ It\ is\ held\ by\ process\ ([0-9]+)\ \(([^\)]*)\))? ]] || return 1
    lock=${BASH_REMATCH[1]%.} by="another program"
    [[ -z "${BASH_REMATCH[3]}" ]] || by="${BASH_REMATCH[4]} (process ${BASH_REMATCH[3]})"
    echo "$by, which holds $lock"
}
