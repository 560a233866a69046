"""Runs and set-up with sudo and without, in the checkout of a user: all work, and nothing in it becomes root's.

A layer above the checkout, at its own path (compiled loops are kept by path), makes it somebody's without touching it.
"""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from run_lab import PROJECT
from run_record import RunRecord

SOMEBODY = "12345"

ONE_AFTER_THE_OTHER = """
set -e
project=$1 user=$2
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/written /mnt/work /mnt/project
cd "$project"
mount -t overlay -o lowerdir=.,upperdir=/mnt/written,workdir=/mnt/work overlay /mnt/project
cd /mnt/project
rm -rf results/runs .venv/matplotlib .venv/numba-cache/*/hostio_* */__pycache__
find . ! \\( \\( -path ./.git -o -path ./.vm -o -path ./.venv/lib \\) -prune \\) -exec chown -h "$user:$user" {} +
mknod -m 666 /mnt/tun c 10 200
mount --bind /mnt/tun /dev/net/tun
top=/$(echo "$project" | cut -d / -f 2)
mount -t tmpfs -o mode=1777 tmpfs "$top"
mkdir -p "$project"
mount --move /mnt/project "$project"
cd "$project"

of_root() {
    find . \\( -path ./.git -o -path ./.vm -o -path ./.venv/lib \\) -prune -o -user 0 -print
}
play() {
    "$@" --set sessions.0.count=5 >&2 || echo "exit code $?" >&2
}
refused=/mnt/refused
umask 077
unset BLIPNET_LOCK
export SUDO_UID="$user" SUDO_GID="$user"
play ./run_scenario.py run scenarios/micro-blips.yaml
of_root
unset SUDO_UID SUDO_GID HOME
as_user="setpriv --reuid $user --regid $user --clear-groups --inh-caps=-all"
play $as_user ./run_scenario.py run scenarios/one-blip.yaml
$as_user ./run_scenario.py report results/runs/one-blip/* >&2 || true
./run_scenario.py report results/runs/one-blip/* >&2 || true
rm .venv/compiled
setpriv --reuid 54321 --regid 54321 --clear-groups scripts/setup >&2 2>"$refused" || echo "refused with $?" >>"$refused"
scripts/setup >&2
of_root
echo SUMMARIES
cat results/runs/*/*/summary.json
echo REFUSED
cat "$refused"
"""


def summaries(text: str) -> list[dict[str, object]]:
    decoder, found = json.JSONDecoder(), []
    while text := text.strip():
        summary, end = decoder.raw_decode(text)
        found.append(summary)
        text = text[end:]
    return found


@pytest.mark.root
@pytest.mark.repeats_alone
@pytest.mark.long
def test_runs_with_and_without_sudo_do_not_stand_in_each_other_s_way(runs: RunRecord) -> None:
    """The first run has to make the folder of results, the font cache and some compiled loops."""
    script = ["unshare", "--mount", "sh", "-c", ONE_AFTER_THE_OTHER, "sh", str(PROJECT), SOMEBODY]
    done = subprocess.run(script, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, done.stderr
    of_root, found, refused = re.split("SUMMARIES|REFUSED", done.stdout)
    assert of_root == "", done.stderr
    assert_played(summaries(found), runs)
    cannot = f"you cannot write {PROJECT}; run it as the owner of {PROJECT}, or with sudo"
    assert refused.split("\n") == ["", f"scripts/setup: {cannot}", "refused with 2", ""]


def assert_played(found: list[dict[str, object]], runs: RunRecord) -> None:
    assert sorted(str(summary["scenario"]) for summary in found) == ["micro-blips", "one-blip"]
    for summary in found:
        runs.enter(summary)
        assert not re.search("ended early|the run failed", str(summary["reasons"]))
