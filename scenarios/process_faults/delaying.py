"""Has a proxy delay what it passes on."""

from __future__ import annotations

from relay_app.messages import AnswersDelayed, DelayAnswers
from scenarios.supervision.processes import RunProcess
from scenarios.supervision.supervised import END_WITHIN_S, PreparedEdge


def delayed_by(proxy: RunProcess, extra_ns: int) -> PreparedEdge:
    """The edge from which on a proxy delays by `extra_ns`; verified by its answer."""
    return PreparedEdge(
        lambda: proxy.send(DelayAnswers(extra_ns)),
        lambda: bool(proxy.answer(END_WITHIN_S) == AnswersDelayed(extra_ns)),
    )
