"""A page as HTML, from its templates: of a run, or of sets of runs. The only importer of jinja2.

Every text that is put in is cleaned (`clean_text`) and escaped: what a run's files say is shown, never done.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from results.page.canvas import bokeh_script
from results.page.clean_text import clean
from results.page.compared import ComparedContents
from results.page.contents import Contents
from results.page.link_map import LinkMap, projected
from results.page.shown import Records
from results.page.sweep_contents import SweepPage
from results.page.tables import (
    environment_rows,
    expectation_rows,
    fidelity_table,
    group_table,
    hold_up_table,
    ledger_tables,
    other_tables,
    pair_table,
    repeat_command,
    tiles,
)
from results.report.summary_rows import (
    ledger_sentence,
    losses_sentence,
    media_sentences,
    relay_sentences,
    reroute_sentences,
)
from results.verdict.value_text import number_text

_ROOM = "results.page"


def page_html(shown: Contents) -> str:
    """The whole page of a run, with styles and scripts in it."""
    summary = shown.summary
    tables = {
        "tiles": tiles(summary),
        "expectations": list(expectation_rows(summary)),
        "groups": group_table(summary),
        "pair_table": pair_table(summary),
        "others": other_tables(summary),
        "ledger": ledger_tables(summary),
        "ledger_lines": [ledger_sentence(summary.ledger), losses_sentence(summary)],
        "fidelity": fidelity_table(summary),
        "hold_ups": hold_up_table(summary),
        "environment": list(environment_rows(shown.plan)),
        "repeat": repeat_command(shown.plan),
        "media_sentences": list(media_sentences(summary)),
        "reroute_sentences": list(reroute_sentences(summary.reroutes)),
        "relay_sentences": list(relay_sentences(summary)),
    }
    scripts = {
        "bokeh": Markup(bokeh_script()),  # noqa: S704 - a library's own file
        "figures": _json(shown.figures),
        "map_data": _json(_map_data(shown.map)),
        "outline": _outline() if shown.map.located else "",
    }
    return _rendered("page.html", page=shown, records=_RECORDS, **tables, **scripts)


def compared_html(shown: ComparedContents) -> str:
    """The whole page of a comparison of sets of runs, with styles and scripts in it."""
    bokeh = Markup(bokeh_script())  # noqa: S704 - a library's own file
    return _rendered("compared.html", page=shown, bokeh=bokeh, figures=_json(shown.figures))


def remains_html(title: str, reason: str, found: list[str]) -> str:
    """The page of a run directory of which no report can be made: why, and which files there are."""
    return _rendered("remains.html", title=title, reason=reason, found=found)


def sweep_html(shown: SweepPage) -> str:
    """The page of a sweep, with styles and scripts in it."""
    bokeh = Markup(bokeh_script())  # noqa: S704 - a library's own file
    choose = Markup(_template_text("sweep.js"))  # noqa: S704
    return _rendered("sweep.html", page=shown, figures=_json(shown.figures), bokeh=bokeh, choose=choose)


def _rendered(template: str, **values: Any) -> str:
    environment = Environment(
        loader=PackageLoader(_ROOM),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_cleaned,
    )
    environment.filters["number"] = number_text
    own = {name: Markup(_template_text(f"{name}.{kind}")) for name, kind in (("style", "css"), ("script", "js"))}  # noqa: S704
    return environment.get_template(template).render(**own, **values)


def _cleaned(value: Any) -> Any:
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _template_text(name: str) -> str:
    return (files(_ROOM) / "templates" / name).read_text(encoding="utf-8")


def _json(value: object) -> Markup:
    """JSON for a script element, which no text in it can end."""
    text = json.dumps(_cleaned_values(value), ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))  # noqa: S704 - it has no <


def _cleaned_values(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value) if len(value) < 10_000 else value  # longer: numbers of a figure, in base64
    if isinstance(value, dict):
        return {key: _cleaned_values(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cleaned_values(each) for each in value]
    return value


def _map_data(shown: LinkMap) -> Mapping[str, Any]:
    return {
        "end": shown.end_s,
        "states": [asdict(each) for each in shown.states],
        "faults": [asdict(each) for each in shown.faults],
        "routes": [asdict(each) for each in shown.routes],
    }


def _outline() -> str:
    """The outline of the contiguous United States, as the points of a polygon."""
    found = json.loads((files(_ROOM) / "us-outline.json").read_text(encoding="utf-8"))
    points = (projected(latitude, longitude) for longitude, latitude in found["outline"])
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _parquet(*names: str) -> str:
    reads = "; ".join(f"print(polars.read_parquet('{name}'))" for name in names)
    return f'python3 -c "import polars; {reads}"'


_RECORDS: Mapping[str, Records] = {
    "verdict": Records(("summary.json", "plan.json"), "python3 -m json.tool summary.json"),
    "status": Records(("events.jsonl", "controller.jsonl"), "cat events.jsonl controller.jsonl"),
    "heard": Records(
        ("raw/sent-CLUSTER.parquet", "raw/received-CLUSTER.parquet", "interruptions.csv"),
        "column -s, -t interruptions.csv",
    ),
    "latency": Records(
        ("raw/sent-CLUSTER.parquet", "raw/received-CLUSTER.parquet", "streams.csv"),
        _parquet("raw/received-CLUSTER.parquet"),
    ),
    "distributions": Records(("interruptions.csv", "streams.csv"), "sort -t, -k6 -n interruptions.csv"),
    "reroutes": Records(
        ("controller.jsonl", "summary.json"),
        "python3 -c \"import json; print(json.dumps(json.load(open('summary.json'))['reroutes'], indent=1))\"",
    ),
    "relays": Records(
        ("raw/relay-CLUSTER.parquet", "raw/fetches-CLUSTER.parquet", "locks/CLUSTER.json"),
        "python3 -m json.tool locks/CLUSTER.json",
    ),
    "links": Records(
        ("raw/probes-CLUSTER.parquet", "raw/links.parquet", "raw/link-bytes.parquet"),
        _parquet("raw/probes-CLUSTER.parquet"),
    ),
    "map": Records(("controller.jsonl", "events.jsonl"), 'grep \'"kind": *"health"\' controller.jsonl'),
    "hit": Records(("streams.csv", "interruptions.csv", "summary.json"), "column -s, -t streams.csv"),
    "ledger": Records(("ledger.json",), "python3 -m json.tool ledger.json"),
    "fidelity": Records(("machine.json", "raw/hold-ups.parquet", "summary.json"), "python3 -m json.tool machine.json"),
    "environment": Records(("plan.json",), "python3 -m json.tool plan.json"),
}
"""By section: where its figures come from. CLUSTER stands for a cluster's name."""
