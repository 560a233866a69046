"""Health of one path, judged from its probes: a table of transitions, and what drives it. Pure; times are ns.

What is said of probes holds for canaries. `controller.health` has the meaning of the states.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from controller.decisions import HealthChange
from controller.detectors.probe_window import ProbeWindow
from controller.detectors.round_trips import RoundTrips
from controller.health import Health, State
from controller.settings import ControllerSettings, Detector
from hostio.timing import MS, S
from relay_app.probing.probe_report import ProbeReport, ReflectionReport

Finding = Literal["probes good", "probes bad", "probes silent", "port down", "port up"]

TRANSITIONS: dict[tuple[State, Finding], State] = {
    ("unknown", "probes good"): "clean",
    ("unknown", "probes bad"): "degraded",
    ("unknown", "probes silent"): "down",
    ("unknown", "port down"): "down",
    ("clean", "probes good"): "clean",
    ("clean", "probes bad"): "degraded",
    ("clean", "probes silent"): "down",
    ("clean", "port down"): "down",
    ("degraded", "probes good"): "clean",
    ("degraded", "probes bad"): "degraded",
    ("degraded", "probes silent"): "down",
    ("degraded", "port down"): "down",
    ("down", "probes good"): "clean",
    ("down", "probes bad"): "degraded",
    ("down", "probes silent"): "down",
    ("down", "port down"): "down",
    ("down", "port up"): "down",
}
"""What is missing cannot happen: a port comes up only after it went down, and then the path is down. A port that is up
proves nothing about the path, so only probes lead out of down. No transition leads back to unknown."""

START_UP_NS = 10 * S
"""A path on which no probe ever arrived is down this long after the watch began."""


class _Judgement(NamedTuple):
    finding: Finding
    reason: str
    extra_ns: int = 0
    """Of probes that are only late: by how much."""


class Tracker:
    """The health of one path from `begun_ns` on, by the thresholds of the settings.

    `ends`: the clusters that its changes are logged with. `own_delay_ns` and `jitter_ns`: nominal values of the way
    that its probes take. `start_up_ns`: how long the first probe may take. `packets`: what its reasons call one probe,
    and several.
    """

    def __init__(
        self,
        ends: tuple[str, str],
        own_delay_ns: int,
        jitter_ns: int,
        settings: ControllerSettings,
        begun_ns: int,
        start_up_ns: int = START_UP_NS,
        detector: Detector = "link",
        packets: tuple[str, str] = ("probe", "probes"),
    ) -> None:
        self._ends = ends
        self._first_within_ns = start_up_ns
        self._detector = detector
        self._packet, self._packets = packets
        self._own_delay_ns = own_delay_ns
        self._settings = settings
        self._begun_ns = begun_ns
        self._longest_ns = own_delay_ns + jitter_ns
        self._window = self._new_window()
        self._round_trips = RoundTrips(settings.loss_window)
        self._port_down = False
        self._settled_until_ns = begun_ns
        self.health = Health("unknown", begun_ns, f"no {self._packet} yet")

    def _new_window(self) -> ProbeWindow:
        return ProbeWindow(self._settings.loss_window, self._settings.probe_interval_ns, self._longest_ns)

    def resume(self, now_ns: int) -> None:
        """Nobody looked for a while: judge by probes from now on, and call silence only what lasts from now on."""
        if self.health.state != "unknown":
            self._begun_ns, self._first_within_ns = now_ns, self._detection_ns
        self._window = self._new_window()
        self._settled_until_ns = 0

    def report(self, report: ProbeReport) -> None:
        """A probe arrived; the next tick judges it."""
        self._window.add(report)
        self._settled_until_ns = 0

    def reflection(self, report: ReflectionReport) -> None:
        """A probe came back reflected: its sender's word that it had arrived, beside that of the other end."""
        self._round_trips.add(report.there.sequence, report.reflected)
        self.report(report.there)

    def port_down(self, now_ns: int) -> list[HealthChange]:
        """A port of the link went down."""
        self._port_down = True
        return self._change(_Judgement("port down", "port down"), now_ns)

    def port_up(self, now_ns: int) -> list[HealthChange]:
        """No port of the link is down any more; KeyError if none was. Older probes prove nothing from here on."""
        changes = self._change(_Judgement("port up", "port up"), now_ns)
        self._port_down = False
        self._window = self._new_window()
        return changes

    def tick(self, now_ns: int) -> list[HealthChange]:
        """Judge the evidence at `now_ns`; at most one change."""
        if self._port_down or now_ns < self._settled_until_ns:
            return []
        judgement = self._judge(now_ns)
        self._settled_until_ns = self._next_judgement_ns()
        return self._change(judgement, now_ns) if judgement else []

    def _judge(self, now_ns: int) -> _Judgement | None:
        self._window.advance(now_ns)
        # Silence first: a window without probes has no loss or delay that says anything of now.
        return self._silent(now_ns) or self._lossy() or self._slow() or self._good()

    def _silent(self, now_ns: int) -> _Judgement | None:
        last_ns = self._window.last_arrival_ns
        if last_ns is None:
            if now_ns < self._begun_ns + self._first_within_ns:
                return None
            how_long = f"for {(now_ns - self._begun_ns) / MS:.0f} ms"
            if self.health.state == "unknown":
                how_long = f"in the first {self._first_within_ns // S} s"
            return _Judgement("probes silent", f"no {self._packet} {how_long}")
        if now_ns - last_ns <= self._detection_ns:
            return None
        return _Judgement("probes silent", f"no {self._packet} for {(now_ns - last_ns) / MS:.0f} ms")

    def _lossy(self) -> _Judgement | None:
        share = self._window.lost() / self._settings.loss_window
        if share <= self._settings.max_loss:
            return None
        window = f"{self._settings.loss_window} {self._packets}{self._each_way()}"
        return _Judgement("probes bad", f"loss {share * 100:.0f} % of the last {window}")

    def _each_way(self) -> str:
        lost = self._round_trips.lost(self._window.first)
        if lost is None:
            return ""
        return f" (up to the last one reflected {lost.there * 100:.0f} % there, {lost.back * 100:.0f} % back)"

    def _slow(self) -> _Judgement | None:
        if not self._enough_probes():
            return None
        median_ns = self._window.median_delay_ns()
        extra_ns = median_ns - self._own_delay_ns
        if extra_ns <= self._settings.max_extra_delay_ns:
            return None
        reason = f"median delay {median_ns / MS:.1f} ms over {self._own_delay_ns / MS:.1f} ms"
        return _Judgement("probes bad", reason, extra_ns)

    def _good(self) -> _Judgement | None:
        if not self._enough_probes():
            return None
        return _Judgement("probes good", "loss and delay within bounds")

    def _enough_probes(self) -> bool:
        return self._window.arrived >= min(self._settings.detect_multiplier, self._settings.loss_window)

    @property
    def _detection_ns(self) -> int:
        return self._settings.detect_multiplier * self._settings.probe_interval_ns

    def _next_judgement_ns(self) -> int:
        """Until then nothing changes unless a probe arrives."""
        last_ns = self._window.last_arrival_ns
        if last_ns is None:
            return self._begun_ns + self._first_within_ns
        return min(self._window.next_due_ns(), last_ns + self._detection_ns + 1)

    def _change(self, judgement: _Judgement, now_ns: int) -> list[HealthChange]:
        before, after = self.health.state, TRANSITIONS[self.health.state, judgement.finding]
        if after == before:
            self.health = self.health._replace(extra_ns=judgement.extra_ns)
            return []
        self.health = Health(after, now_ns, judgement.reason, judgement.extra_ns)
        return [HealthChange(*self._ends, before, after, now_ns, judgement.reason, self._detector)]
