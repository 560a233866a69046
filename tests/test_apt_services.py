"""`scripts/setup` installs packages that bring services without starting them, now or at the next boot."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.root

APT = Path(__file__).resolve().parent.parent / "scripts" / "apt.bash"
UNIT = "blipnet-test.service"

INSTALL = """
set -euo pipefail
mount --bind "$1/sbin" /usr/sbin
mount --bind "$1/system" /etc/systemd/system
. "$2"
apt_get() { # in the place of apt-get: what a package's scripts find and do
    [[ "$*" == "-- install -y --no-install-recommends a-server" ]]
    /usr/sbin/policy-rc.d blipnet-test start || echo "asked whether to start: $?"
    mkdir -p /etc/systemd/system/multi-user.target.wants
    ln -s "/etc/systemd/system/UNIT" "/etc/systemd/system/multi-user.target.wants/UNIT"
}
install_without_services -- a-server
echo "left: $(ls /usr/sbin) $(find /etc/systemd/system -type l)"
"""


def test_what_is_installed_is_not_started_and_leaves_no_policy(tmp_path: Path) -> None:
    """In a mount namespace of its own, so that this machine's services and policy are not touched."""
    if not shutil.which("systemctl"):
        pytest.skip("there is no systemd here")
    (tmp_path / "sbin").mkdir()
    (tmp_path / "system").mkdir()
    (tmp_path / "system" / UNIT).write_text("[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n")
    command = ["unshare", "--mount", "bash", "-c", INSTALL.replace("UNIT", UNIT), "bash", str(tmp_path), str(APT)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.splitlines() == ["asked whether to start: 101", "left:  "]
