"""The steps of a check: each sends packets to the relay, and says what does not hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import monotonic, monotonic_ns

from hostio.timing import S
from relay_app.probing.canaries import Canary
from relay_app.rtp import PATH_HOPS, PATH_OFFSET
from relay_app.sessions.directory import StreamRecord
from results.run_files.relay_program import CommandOk
from scenarios.process_faults.program_relay import end_program
from scenarios.relay_check.bench import HERE, Arrival, Bench
from scenarios.relay_check.finding import Finding
from scenarios.supervision.processes import START_WITHIN_S, ProcessError

_ARRIVES_WITHIN_S = 1.0
_FETCHED_WITHIN_S = 5.0
_AGAIN_S = 0.02
_NOTHING_FOR_S = 0.3
_NOBODYS = 0x0BAD_5EED
_GARBAGE = (b"", b"\x80", bytes(40), b"\xff" * 1472)


def play(bench: Bench) -> Iterator[Finding]:
    """Play all steps in order; a relay that does not become ready is not asked for more."""
    program = bench.plan.relays.program_of(HERE)
    by_command = program is not None and isinstance(program.ready, CommandOk)
    ready = "its command says that it is ready" if by_command else "it is ready, and all lanes are bound"
    try:
        bench.relay.serving.await_ready(START_WITHIN_S)
    except ProcessError as error:
        yield Finding(ready, str(error))
        return
    ready_ms = (monotonic_ns() - bench.started_ns) / 1e6
    yield Finding(f"{ready}, after {ready_ms:.0f} ms", None)
    for step, check in _STATELESS_STEPS if bench.stateless else _STEPS:
        bench.empty()
        yield Finding(step, check(bench))
    yield Finding("it ends at SIGTERM", _ends(bench))


def _held_streams(bench: Bench) -> str | None:
    held = [each for each in bench.records if each.ssrc in bench.held and not each.port]
    return _first_problem(bench, held)


def _canaries(bench: Bench) -> str | None:
    return _first_problem(bench, [each for each in bench.records if each.port])


def _first_problem(bench: Bench, records: list[StreamRecord]) -> str | None:
    return next((problem for each in records if (problem := _forwards(bench, each))), None)


def _forwards(bench: Bench, record: StreamRecord) -> str | None:
    sent = _packet(record.ssrc)
    bench.send(sent, record.ssrc)
    arrival = bench.arrival(_ARRIVES_WITHIN_S)
    if arrival is None:
        return f"a packet of {_name(record)} did not arrive within {_ARRIVES_WITHIN_S:g} s"
    return _wrong(bench, record, sent, arrival)


def _wrong(bench: Bench, record: StreamRecord, sent: bytes, arrival: Arrival) -> str | None:
    wanted, own = bench.next_hop(record), str(bench.here.address)
    if arrival.at != wanted:
        return f"a packet of {_name(record)} went to {_at(arrival.at)}, not to {_at(wanted)}"
    if arrival.source[0] != own:
        return f"a packet of {_name(record)} came from {arrival.source[0]}, not from {own}"
    log = slice(PATH_OFFSET, PATH_OFFSET + PATH_HOPS)
    if (arrival.data[: log.start], arrival.data[log.stop :]) != (sent[: log.start], sent[log.stop :]):
        return f"a packet of {_name(record)} was changed elsewhere than in the path log"
    program = bench.plan.relays.program_of(HERE)
    ours = bytes((bench.here.ordinal,)).ljust(PATH_HOPS, b"\0")
    expected = ours if program and program.writes_path_log else bytes(PATH_HOPS)
    if arrival.data[log] != expected:
        found, right = (list(each) for each in (arrival.data[log], expected))
        return f"the path log of a packet of {_name(record)} is {found}, and should be {right}"
    return None


def _cold_streams(bench: Bench) -> str | None:
    for record in (each for each in bench.records if each.ssrc not in bench.held):
        deadline, arrival = monotonic() + _FETCHED_WITHIN_S, None
        while arrival is None and monotonic() < deadline:
            bench.send(_packet(record.ssrc), record.ssrc)
            arrival = bench.arrival(_AGAIN_S)
        if arrival is None:
            return f"no packet of {_name(record)} arrived within {_FETCHED_WITHIN_S:g} s: was its record fetched?"
        if problem := _wrong(bench, record, _packet(record.ssrc), arrival):
            return problem
        bench.empty()
    return None


def _nobodys_stream(bench: Bench) -> str | None:
    bench.send(_packet(_NOBODYS), _NOBODYS)
    arrival = bench.arrival(_NOTHING_FOR_S)
    return f"a packet of a stream that nobody knows went to {_at(arrival.at)}" if arrival else None


def _no_rtp(bench: Bench) -> str | None:
    record = next(each for each in bench.records if each.ssrc in bench.held)
    for datagram in _GARBAGE:
        bench.send(datagram, record.ssrc)
    if arrival := bench.arrival(_NOTHING_FOR_S):
        return f"{len(arrival.data)} bytes that are no RTP went to {_at(arrival.at)}"
    return _forwards(bench, record)


def _once(bench: Bench) -> str | None:
    record = next(each for each in bench.records if each.ssrc in bench.held)
    if problem := _forwards(bench, record):
        return problem
    copy = bench.arrival(_NOTHING_FOR_S)
    return f"a packet of {_name(record)} arrived once more at {_at(copy.at)}" if copy else None


def _ends(bench: Bench) -> str | None:
    program = bench.plan.relays.program_of(HERE)
    end = end_program(bench.relay, program.stop_grace_ns if program else S)
    return f"it {end.how}" if end else None


_STEPS: tuple[tuple[str, Callable[[Bench], str | None]], ...] = (
    ("streams that it holds go to its clients and to the next relay's lane, as they are", _held_streams),
    ("canaries go to the port of their record", _canaries),
    ("streams that it does not hold are forwarded once it has their records", _cold_streams),
    ("a packet is sent once", _once),
    ("a stream that nobody knows goes nowhere", _nobodys_stream),
    ("what is no RTP goes nowhere, and it goes on", _no_rtp),
)

_STATELESS_STEPS: tuple[tuple[str, Callable[[Bench], str | None]], ...] = (
    ("what comes from a cluster goes to the other one's lane, as it is", _held_streams),
    ("a packet is sent once", _once),
)
"""Those that hold for a relay that keeps no sessions."""


def _packet(ssrc: int) -> bytes:
    return Canary(ssrc, 1, S).encode(0)


def _name(record: StreamRecord) -> str:
    return f"{record.session} ({record.ssrc:08x})"


def _at(address: tuple[str, int]) -> str:
    return f"{address[0]}:{address[1]}"
