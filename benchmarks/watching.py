"""What it costs the processor to watch links: `scripts/bench watching [SECONDS]`.

Plays a run for each of probes alone and BFD of four intervals, one after another: a call over us-6, whose fifteen
links have a BFD session at both ends. Probes are sent in each, since latency is measured by them. Prints a row per run,
in Markdown.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import markdown
from benchmarks.playing import FailedError, RefusedError, cores_used, undisturbed
from results.run_files.document_error import DocumentError
from results.run_files.records import RecordsError
from results.verdict.summary import Verdict
from scenarios.cli.exit_codes import VERDICT_CODES, ExitCode, worst

SECONDS = 20
COLUMNS = ("watched by", "cores used", "beyond probes alone", "verdict")
PROBES_ALONE = "probes alone"
TRIALS: dict[str, Mapping[str, object]] = {
    PROBES_ALONE: {"detect": ["link"]},
    **{f"BFD, {each} ms × 3": {"detect": ["bfd"], "bfd_interval": f"{each}ms"} for each in (100, 50, 20, 10)},
}
"""Settings of the controller, by the name of their row. The first is what the others are compared with."""


def scenario(controller: Mapping[str, object], seconds: int) -> str:
    """A call with these settings, as JSON, which is YAML too."""
    data = {
        "name": "watching",
        "topology": "us-6",
        "duration": f"{seconds}s",
        "sessions": [{"between": ["us-east", "us-west"], "count": 1, "media": "voice"}],
        "controller": controller,
        "expect": ["reroutes == 0"],
    }
    return json.dumps(data, indent=2) + "\n"


def main(arguments: Sequence[str]) -> ExitCode:
    """Print the table. Returns the exit code of the worst verdict; that of bad input if a run was refused or failed."""
    seconds = int(arguments[0]) if arguments else SECONDS
    print(*markdown.head(COLUMNS), sep="\n", flush=True)
    cores: dict[str, float] = {}
    verdicts: list[Verdict] = []
    with tempfile.TemporaryDirectory(prefix="blipnet-bench-") as name:
        for number, (watched_by, controller) in enumerate(TRIALS.items()):
            try:
                run, summary = undisturbed(scenario(controller, seconds), watched_by, Path(name) / str(number))
                cores[watched_by] = cores_used(run)
            except (RefusedError, FailedError, DocumentError, RecordsError) as error:
                print(f"scripts/bench watching: {error}", file=sys.stderr)
                return ExitCode.BAD_INPUT
            verdicts.append(summary.verdict)
            beyond = cores[watched_by] - cores[PROBES_ALONE]
            print(markdown.row((watched_by, f"{cores[watched_by]:.3f}", f"{beyond:+.3f}", summary.verdict)), flush=True)
    return worst(VERDICT_CODES[each] for each in verdicts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
