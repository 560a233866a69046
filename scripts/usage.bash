# Sourced by every script: help and usage errors, before anything is installed or written.
# shellcheck shell=bash

# Print the comment at the head of the calling script and exit with 0, if the first argument asks for help.
help_if_asked() {
    if [[ "${1:-}" == -h || "${1:-}" == --help ]]; then
        sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
        exit 0
    fi
}

# Print one line that says what is wrong with the arguments, and exit with 2.
usage_error() {
    echo "$0: $1; see $0 --help" >&2
    exit 2
}
