"""A reroute in one sentence for the terminal. Pure."""

from __future__ import annotations

from dataclasses import fields

from results.metrics.network_figures import RerouteParts, RerouteRow
from topologies.model import route_name


def reroute_sentence(moves: list[RerouteRow]) -> str:
    """Of one move, or of all steps of a paced one."""
    reroute = moves[0]
    steps = [
        ("seen", reroute.seen_at),
        ("by the switches themselves", reroute.repaired_at),
        ("installed", reroute.installed_at),
        ("first packet", reroute.first_packet_at),
    ]
    if reroute.fault_at is None:
        timing = ", ".join(f"{name} at {at:.3f} s" for name, at in steps if at is not None)
    else:
        start = reroute.fault_at
        timing = ", ".join(f"{name} {1e3 * (at - start):.0f} ms" for name, at in steps if at is not None)
        timing += " after the fault"
    returned = f"; direct again at {reroute.returned_at:.3f} s" if reroute.returned_at is not None else ""
    lasted_s = moves[-1].installed_at - reroute.installed_at
    paced = f"; {len(moves)} steps, the last {lasted_s:.1f} s after the first" if len(moves) > 1 else ""
    empty = "" if any(move.directions for move in moves) else "; no session moved"
    late = sum(move.reordered or 0 for move in moves)
    overtaken = f"; {late} packet{'' if late == 1 else 's'} overtaken by others on the other path" if late else ""
    route = route_name(reroute.relays)
    apart = _parts_text(max(moves, key=lambda move: move.interruption_ms or 0.0))
    return f"{reroute.link} rerouted {route}: {timing}{paced}{returned}{overtaken}{empty}{apart}"


def _parts_text(move: RerouteRow) -> str:
    """Of what the longest silence is made, those parts that are known; empty if nobody was silent."""
    if move.parts is None or move.interruption_ms is None:
        return ""
    lengths = [(name, getattr(move.parts, name)) for name in _PARTS]
    parts = ", ".join(f"{_words(name)} {length:.1f}" for name, length in lengths if length is not None)
    lasted = f"at least {move.interruption_ms:.1f} ms" if move.parts.still else f"{move.interruption_ms:.1f} ms"
    return f"; the longest silence, {lasted}: {parts}"


_PARTS = tuple(field.name for field in fields(RerouteParts) if field.name.endswith("_ms"))


def _words(name: str) -> str:
    return name.removesuffix("_ms").replace("_", " ")
