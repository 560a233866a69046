"""The command that gives the figures of a run to other programs."""

from __future__ import annotations

from pathlib import Path

import click

from results.run_files.run_dir import RunDir
from scenarios.cli.exit_codes import ExitCode
from scenarios.commands.options import EXIT_CODES


@click.command(epilog=EXIT_CODES)
@click.argument("run_dir", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--openmetrics", is_flag=True, help="Print OpenMetrics text, for Prometheus.")
def export(run_dir: Path, openmetrics: bool) -> int:
    """Print the figures of a run as another program reads them. The dashboard docs/grafana.json shows them."""
    from results.comparison.run_sets import summary_of
    from scenarios.cli.gauges import gauges_of
    from scenarios.run.prometheus_text import Exposition

    if not openmetrics:
        raise click.UsageError("say as what: --openmetrics")
    root = run_dir.resolve()
    exposition = Exposition()
    for gauge in gauges_of(summary_of(RunDir(root)), root.name):
        exposition.add(gauge.name, gauge.about, gauge.unit, gauge.samples)
    print(exposition.text(), end="")
    return ExitCode.PASS
