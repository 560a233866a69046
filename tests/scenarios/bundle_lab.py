"""Bundles made by hand, and what to make them of."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from command_lab import ONE_BLIP

from results.run_files.documents import dump
from results.run_files.run_dir import RunDir
from scenarios.bundles.manifest import FORMAT, MANIFEST, Content, Manifest
from scenarios.cli.kept_inputs import keep_inputs
from scenarios.language.inputs import Arguments

RECORDED = Path(__file__).parent.parent / "results" / "recorded" / "one-blip" / "run"
WRITTEN_BY = "Blipnet 0, commit 0"
PLAN = ("run/plan.json", b"{}")


def recorded_run(folder: Path) -> RunDir:
    """A recorded run with the inputs that it may have had."""
    found = RunDir(Path(shutil.copytree(RECORDED, folder)))
    keep_inputs(Arguments(Path(ONE_BLIP), None, ("sessions.0.count=3",)), found)
    return found


def forged(path: Path, *entries: tuple[str | ZipInfo, bytes], **manifest: object) -> Path:
    """An archive with these files, and a manifest that lists them."""
    names = [(entry if isinstance(entry, str) else entry.filename, data) for entry, data in entries]
    files = {name: Content(len(data), hashlib.sha256(data).hexdigest()) for name, data in names}
    found = Manifest(FORMAT, WRITTEN_BY, "one-blip", 1, redacted=False, files=files)
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, json.dumps({**json.loads(dump(found)), **manifest}))
        for entry, data in entries:
            archive.writestr(entry, data)
    return path
