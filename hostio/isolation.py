"""The variables that a process of the project takes over from its caller: none that choose what code it runs, or in
which language and encoding other programs answer.

Shells of conda, ROS and others export such variables for programs of their own.
`python3 -I hostio/isolation.py COMMAND…` runs a command without them. It runs before the project's own Python does, so
it needs the standard library alone.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
"""Where the distribution and the administrator put programs, and the doctor looks for them."""

_EVERYWHERE = {
    "PATH": PATH,
    "LC_ALL": "C.UTF-8",
    "PYTHONNOUSERSITE": "1",
    "PYTHONUTF8": "1",
    # Plugins of the distribution's packages would check our files; to look for them takes a tenth of a start.
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}

_DROPPED = re.compile(
    # Python's own variables, and those of what it imports.
    r"_?PYTHON.*|_?CONDA_.*|VIRTUAL_ENV.*|PIP_.*|NUMBA_.*|MPL.*|MATPLOTLIB.*|BOKEH_.*"
    # Of the dynamic linker, of shells (mininet starts one for each host), of Open vSwitch's tools, and of git.
    r"|LD_.*|BASH_.*|ENV|SHELLOPTS|BASHOPTS|PROMPT_COMMAND|CDPATH|POSIXLY_CORRECT|OVS_.*|GIT_.*"
    # Of the compiler: a package without a wheel is built by the distribution's.
    r"|CC|CXX|CPP|LD|AR|(?:C|CXX|CPP|LD)FLAGS"
    # The locale: what programs say is read, and kept in logs.
    r"|LC_.*|LANG|LANGUAGE|LOCPATH"
)

_KEPT = re.compile(
    # How Python runs, not what; the virtual machine sets the first two, for runs that are the same to the bit.
    r"PYTHON(?:DONTWRITEBYTECODE|HASHSEED|UNBUFFERED|FAULTHANDLER|UTF8|IOENCODING)"
    # Where compiled loops are kept, and for which CPU they are compiled.
    r"|NUMBA_(?:CACHE_DIR|CPU_NAME|CPU_FEATURES)"
    # Where packages come from, and by what way: the machine's administrator has said so.
    r"|PIP_(?:CONFIG_FILE|(?:EXTRA_)?INDEX_URL|NO_INDEX|FIND_LINKS|TRUSTED_HOST|PROXY|(?:CLIENT_)?CERT|KEYRING_PROVIDER"
    r"|(?:DEFAULT_)?TIMEOUT|RETRIES|CACHE_DIR|NO_CACHE_DIR|UPLOADED_PRIOR_TO)"
)


def isolated(environ: Mapping[str, str], environment: Path, encoding: str, *, for_another: bool) -> dict[str, str]:
    """The variables for the Python in `environment`, a virtual environment; of them it makes no others.

    `encoding`: the terminal's, in which output remains; files, and what other programs say, are UTF-8 in every locale.
    `for_another`: as root in somebody's checkout, where bytecode would be root's.
    """
    kept = {name: value for name, value in environ.items() if _is_kept(name)}
    if libraries := _of_the_interpreter(environ.get("LD_LIBRARY_PATH", ""), environment):
        kept["LD_LIBRARY_PATH"] = libraries
    if not os.access(kept.get("TMPDIR", "/"), os.W_OK | os.X_OK):
        kept.pop("TMPDIR", None)
    if kept.get("PYTHONUTF8") != "1" and encoding.lower() != "utf-8":
        kept.setdefault("PYTHONIOENCODING", encoding)
    if for_another:
        kept["PYTHONDONTWRITEBYTECODE"] = "1"
    return {**kept, **_EVERYWHERE}


def _is_kept(name: str) -> bool:
    return _KEPT.fullmatch(name) is not None or _DROPPED.fullmatch(name) is None


def _of_the_interpreter(folders: str, environment: Path) -> str:
    """The folder of `folders` that holds the libraries of the Python of which `environment` was made, if it is there.

    A Python that was built with a shared library and moved, as those of hosted CI runners, starts by that alone.
    """
    try:
        settings = (environment / "pyvenv.cfg").read_text(encoding="utf-8")
    except OSError:
        return ""
    home = re.search(r"^home = (.+)$", settings, re.MULTILINE)
    own = str(Path(home[1]).parent / "lib") if home else ""
    return own if own in folders.split(":") else ""


def caller_environment(project: Path) -> dict[str, str]:
    """`isolated` for the Python of a project's checkout, from this process's own environment."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    for_another = os.geteuid() == 0 and project.stat().st_uid != 0
    return isolated(os.environ, project / ".venv", encoding, for_another=for_another)


if __name__ == "__main__":
    variables = caller_environment(Path(__file__).resolve().parent.parent)
    os.execvpe(sys.argv[1], sys.argv[1:], variables)
