# Sourced by scripts/setup: apt-get that waits for its locks.
# shellcheck shell=bash

# How long another program may hold a lock of apt, s: upgrades that start by themselves take minutes.
lock_within=${lock_within:-3600}
# After which it is tried again, s.
lock_again=${lock_again:-1}

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
        sleep "$lock_again"
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

# Install packages, with what is before "--" in front of each command (sudo). Services that they bring are neither
# started (policy-rc.d, /usr/share/doc/init-system-helpers/README.policy-rc.d.gz) nor at the next boot.
install_without_services() {
    local before=() policy=/usr/sbin/policy-rc.d enabled code=0
    while [[ "$1" != -- ]]; do
        before+=("$1")
        shift
    done
    shift
    enabled=$(enabled_services)
    if [[ ! -e "$policy" ]]; then
        # shellcheck disable=SC2064 # what it is now
        trap "${before[*]@Q} rm -f $policy" EXIT
        "${before[@]}" install -m 755 /dev/stdin "$policy" <<<$'#!/bin/sh\nexit 101'
    fi
    apt_get "${before[@]}" -- install -y --no-install-recommends "$@" || code=$?
    if [[ -n "$(trap -p EXIT)" ]]; then
        "${before[@]}" rm -f "$policy"
        trap - EXIT
    fi
    disable "${before[@]}" -- < <(comm -13 <(echo "$enabled") <(enabled_services))
    return "$code"
}

# The links by which systemd or sysvinit start a service at boot.
enabled_services() {
    find /etc/systemd/system /etc/rc?.d -type l \( -path '*.wants/*' -o -name 'S[0-9]*' \) 2>/dev/null | sort
}

# Have the services of these links, read from standard input, not started at boot.
disable() {
    local before=() link
    while [[ "$1" != -- ]]; do
        before+=("$1")
        shift
    done
    while read -r link; do
        if [[ "$link" == /etc/systemd/* ]]; then
            ! command -v systemctl >/dev/null || "${before[@]}" systemctl --quiet disable "${link##*/}" >/dev/null 2>&1
        elif [[ -e "$link" ]]; then
            "${before[@]}" update-rc.d "${link##*/S[0-9][0-9]}" disable >/dev/null 2>&1
        fi
    done
}
