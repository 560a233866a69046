"""The command line, whose sweeps and workers have their runs played by `sweep_stand_in.py`.

python sweep_cli.py JOURNAL ARGUMENTS…
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent.parent)]

from scenarios.commands import sweeps  # noqa: E402
from scenarios.commands.entry import main  # noqa: E402

STAND_IN = Path(__file__).parent / "sweep_stand_in.py"

if __name__ == "__main__":
    journal, *arguments = sys.argv[1:]
    sweeps.RUN_COMMAND = (sys.executable, str(STAND_IN), journal)
    sys.argv = ["run_scenario.py", *arguments]
    sys.exit(main())
