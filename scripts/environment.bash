# Sourced by every script that starts something: nothing of the caller's shell changes what is started, and as root in
# somebody's checkout nothing in it becomes root's. Bash is started with -p, so that BASH_ENV and exported functions are
# already without effect.
# shellcheck shell=bash
unset BASH_ENV ENV CDPATH GREP_OPTIONS POSIXLY_CORRECT
[[ -d "${TMPDIR:-/tmp}" && -w "${TMPDIR:-/tmp}" ]] || unset TMPDIR
checkout=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/..")

# In front of a command: runs it as the project's programs run.
# shellcheck disable=SC2034 # by the scripts that source this
isolated=(/usr/bin/python3 -I "$checkout/hostio/isolation.py")

# Run a command as the owner of the checkout, if we are root and the owner is not: for all that needs no root.
as_owner() {
    local user group home groups=--clear-groups
    read -r user group < <(stat -c '%u %g' "$checkout")
    if ((EUID != 0 || user == 0)); then
        "$@"
        return
    fi
    home=$(getent passwd "$user" | cut -d : -f 6) && groups=--init-groups
    setpriv --reuid "$user" --regid "$group" "$groups" -- env HOME="${home:-/nonexistent}" "$@"
}

# Give what is root's in the checkout to its owner, if we are root and the owner is not.
give_back() {
    local owner
    owner=$(stat -c '%u:%g' "$checkout")
    if ((EUID == 0 && ${owner%:*} != 0)); then
        find "$checkout" -xdev -path "$checkout/.git" -prune -o -user 0 -exec chown --no-dereference "$owner" {} +
    fi
}

# The last command of a script that needs root: runs it in the place of the script where nothing is to be given back.
run_and_give_back() {
    if ((EUID != 0)) || [[ "$(stat -c %u "$checkout")" == 0 ]]; then
        exec "$@"
    fi
    trap give_back EXIT
    "$@"
}
