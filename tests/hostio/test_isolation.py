"""What of the caller's environment reaches the project's Python, and what not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hostio.isolation import PATH, isolated

ISOLATION = Path(__file__).resolve().parents[2] / "hostio" / "isolation.py"
EVERYWHERE = {
    "PATH": PATH,
    "LC_ALL": "C.UTF-8",
    "PYTHONNOUSERSITE": "1",
    "PYTHONUTF8": "1",
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
    "PYTHONIOENCODING": "latin-1",
}


def kept_of(environ: dict[str, str], environment: Path = Path("/nowhere"), *, for_another: bool = False) -> object:
    """What is kept, besides that which every process of the project has."""
    kept = isolated(environ, environment, "latin-1", for_another=for_another)
    return {name: value for name, value in kept.items() if EVERYWHERE.get(name) != value}


@pytest.mark.parametrize(
    "name",
    [
        *("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONUSERBASE", "PYTHONSAFEPATH", "PYTHONPLATLIBDIR"),
        *("PYTHONINSPECT", "PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTHONPYCACHEPREFIX", "_PYTHON_SYSCONFIGDATA_NAME"),
        *("CONDA_PREFIX", "CONDA_DEFAULT_ENV", "_CONDA_EXE", "VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT"),
        *(
            "PIP_USER",
            "PIP_TARGET",
            "PIP_PREFIX",
            "PIP_PYTHON",
            "PIP_REQUIRE_VIRTUALENV",
            "PIP_NO_DEPS",
            "PIP_CONSTRAINT",
        ),
        *(
            "LD_LIBRARY_PATH",
            "LD_PRELOAD",
            "LD_AUDIT",
            "NUMBA_DISABLE_JIT",
            "MPLBACKEND",
            "MPLCONFIGDIR",
            "MATPLOTLIBRC",
        ),
        *("BASH_ENV", "ENV", "BASH_FUNC_ip%%", "SHELLOPTS", "PROMPT_COMMAND", "CDPATH", "POSIXLY_CORRECT"),
        *("LANG", "LC_ALL", "LC_NUMERIC", "LANGUAGE", "LOCPATH", "OVS_RUNDIR", "GIT_DIR", "CC", "CFLAGS", "LDFLAGS"),
    ],
)
def test_what_chooses_code_is_dropped(name: str) -> None:
    assert kept_of({name: "x"}) == {}


@pytest.mark.parametrize(
    "name",
    [
        *("HOME", "TZ", "TERM", "SUDO_UID", "SSL_CERT_FILE", "https_proxy", "NO_COLOR"),
        *("PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "NUMBA_CACHE_DIR", "NUMBA_CPU_NAME"),
        *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONFIG_FILE", "PIP_FIND_LINKS", "PIP_CERT", "PIP_PROXY"),
    ],
)
def test_the_rest_stays(name: str) -> None:
    """Where packages come from is the machine's business, and stays too."""
    assert kept_of({name: "x"}) == {name: "x"}


def test_a_second_isolation_changes_nothing(tmp_path: Path) -> None:
    """Otherwise `run_scenario.py` would start itself again for ever."""
    once = isolated({"PYTHONPATH": "/x", "TMPDIR": str(tmp_path)}, tmp_path, "ascii", for_another=True)
    assert isolated(once, tmp_path, "utf-8", for_another=True) == once


def test_the_caller_s_word_on_the_encoding_of_output_stays() -> None:
    assert kept_of({"PYTHONIOENCODING": "koi8-r"}) == {"PYTHONIOENCODING": "koi8-r"}
    assert "PYTHONIOENCODING" not in isolated({"PYTHONUTF8": "1"}, Path("/nowhere"), "ascii", for_another=False)
    assert "PYTHONIOENCODING" not in isolated({}, Path("/nowhere"), "UTF-8", for_another=False)


def test_a_folder_for_temporary_files_stays_if_it_can_be_used(tmp_path: Path) -> None:
    assert kept_of({"TMPDIR": str(tmp_path)}) == {"TMPDIR": str(tmp_path)}
    assert kept_of({"TMPDIR": str(tmp_path / "missing")}) == {}


def test_as_root_for_somebody_else_no_bytecode_is_written() -> None:
    assert kept_of({}, for_another=True) == {"PYTHONDONTWRITEBYTECODE": "1"}


def test_libraries_of_the_interpreter_itself_stay(tmp_path: Path) -> None:
    """Such a Python does not start without them."""
    (tmp_path / "pyvenv.cfg").write_text("home = /opt/python/bin\nversion = 3.12.1\n")
    folders = {"LD_LIBRARY_PATH": "/opt/conda/lib:/opt/python/lib"}
    assert kept_of(folders, tmp_path) == {"LD_LIBRARY_PATH": "/opt/python/lib"}
    assert kept_of({"LD_LIBRARY_PATH": "/opt/conda/lib"}, tmp_path) == {}


def test_a_command_is_run_so(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PIP_TARGET": str(tmp_path), "PIP_INDEX_URL": "file:///x"}
    show = [
        sys.executable,
        "-c",
        "import json, os, sys; print(json.dumps([dict(os.environ), sys.argv[1:]]))",
        "a b",
        "",
    ]
    done = subprocess.run(
        ["/usr/bin/python3", "-I", ISOLATION, *show], env=environment, capture_output=True, text=True, check=True
    )
    variables, arguments = json.loads(done.stdout)
    assert arguments == ["a b", ""]
    assert variables.get("PIP_INDEX_URL") == "file:///x"
    assert not {"PYTHONPATH", "PIP_TARGET"} & variables.keys()
