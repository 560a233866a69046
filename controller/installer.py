"""Which rules each switch was given, and which of them it has confirmed. Pure; times are ns.

Tokens count up over all installations. A switch answers barriers in order, so a reply to one token confirms all
earlier ones of that switch; after a reconnection the new, complete installation confirms what the old connection
left open.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from controller.decisions import Decision
from controller.flow_rules import SwitchRule
from controller.messages import BarrierReply, Install
from controller.moves import Move, Pair, second_of


@dataclass(slots=True)
class _Pending:
    move: Move
    lanes: tuple[int, ...]
    decided_ns: int
    awaited: dict[int, int]
    """Of each switch that has not confirmed yet, the token."""
    sent_ns: int = 0
    written_ns: int = 0


class Installer:
    """Numbers installations, and turns the last barrier reply of a move into its Decision record."""

    def __init__(self, switches: Iterable[int]) -> None:
        self._last_token = 0
        self._unconfirmed = set(switches)
        self._pending: list[_Pending] = []

    @property
    def complete(self) -> bool:
        """Every switch has confirmed its first installation."""
        return not self._unconfirmed

    @property
    def unconfirmed(self) -> frozenset[Pair]:
        """Pairs with a move that some switch has not confirmed yet."""
        return frozenset(pending.move.pair for pending in self._pending)

    def install(self, rules: Iterable[SwitchRule]) -> list[Install]:
        """One installation per switch concerned, rules in the given order."""
        by_switch: dict[int, list[SwitchRule]] = {}
        for rule in rules:
            by_switch.setdefault(rule.switch, []).append(rule)
        return [Install(switch, self._next_token(), tuple(rules)) for switch, rules in by_switch.items()]

    def _next_token(self) -> int:
        self._last_token += 1
        return self._last_token

    def move(self, move: Move, lanes: tuple[int, ...], rules: Iterable[SwitchRule], decided_ns: int) -> list[Install]:
        """Install a move's rules and await their confirmation."""
        installs = self.install(rules)
        awaited = {install.switch: install.token for install in installs}
        self._pending.append(_Pending(move, lanes, decided_ns, awaited))
        return installs

    def sent(self, token: int, at_ns: int) -> None:
        """An installation was handed to its connection."""
        for pending in self._pending:
            if token in pending.awaited.values():
                pending.sent_ns = at_ns

    def confirm(self, reply: BarrierReply) -> list[Decision]:
        """Take in a barrier reply; the moves that every switch has now confirmed. One to no request of ours confirms
        nothing."""
        if not 0 < reply.token <= self._last_token:
            return []
        self._unconfirmed.discard(reply.switch)
        for pending in self._pending:
            if pending.awaited.get(reply.switch, reply.token + 1) <= reply.token:
                del pending.awaited[reply.switch]
                pending.written_ns = max(pending.written_ns, reply.written_ns)
        done = [pending for pending in self._pending if not pending.awaited]
        self._pending = [pending for pending in self._pending if pending.awaited]
        return [_decision(pending, reply.at_ns) for pending in done]


def _decision(done: _Pending, installed_ns: int) -> Decision:
    move = done.move
    via, times = (*move.relays, None)[0], (move.seen_ns, done.decided_ns, done.sent_ns, installed_ns)
    further = (second_of(move.relays), done.written_ns, move.repaired_ns, move.one_way)
    return Decision(move.a, move.b, via, done.lanes, move.reason, *times, *further)
