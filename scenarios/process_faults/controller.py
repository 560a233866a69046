"""The controller as a supervised process, and the faults that cut the switches off from it or delay their messages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.settings import ControllerConfig
from results.run_files.faults import Cut, Process, ProcessFault, Slow
from results.run_files.plan import Plan
from results.run_files.run_dir import RunDir
from scenarios.process_faults import openflow_proxy
from scenarios.process_faults.delaying import delayed_by
from scenarios.process_faults.expected_traffic import expected_traffic
from scenarios.process_faults.fault_target import FaultTarget, count_ends
from scenarios.process_faults.frameworks import PYTHON_OF
from scenarios.process_faults.openflow_proxy import OpenFlowProxyConfig
from scenarios.supervision.process_kind import AfterEnd
from scenarios.supervision.processes import RunProcess, spawn
from scenarios.supervision.program import CommandLine, Program
from scenarios.supervision.ready_signals import OutputLine, OutputLines
from scenarios.supervision.run_control import CONTROLLER_CONFIG, TELEMETRY
from scenarios.supervision.supervised import PreparedEdge, SupervisedProcess
from topologies.fabric import CONTROLLER_LISTENS, CONTROLLER_PORT, controller_address
from topologies.tc.control_cut import ControlCut

_BEHIND_PROXY = CONTROLLER_PORT + 1
"""Where the controller listens if there is a proxy at its own port."""


class Controller(Program):
    """A life of the controller (`controller.app`); it prints a line of standard output at each milestone."""

    def __init__(self, python: Sequence[str], config: Path, log: Path, *, standing_by: bool) -> None:
        self._milestones = OutputLines()
        command = CommandLine(
            argv=[*python, "-m", "controller.app", str(config), *(["--stand-by"] if standing_by else [])],
            ready=self._milestone("listening"),
            standing_by=self._milestone("standing by"),
            output=self._milestones,
            stops_at_end_of_input=True,
        )
        super().__init__("the controller", command, log, standing_by=standing_by)

    def await_milestone(self, name: str, timeout_s: float) -> None:
        """Wait for the next milestone, which must be this one; ProcessError."""
        self.await_signal(self._milestone(name), timeout_s)

    def _milestone(self, name: str) -> OutputLine:
        return OutputLine(name, self._milestones, json.dumps({"ready": name}))


@dataclass(frozen=True, slots=True)
class ControllerKind:
    """Starts lives of the controller. `python`: the interpreter's command; `config`: configuration file; `telemetry`:
    path of the socket that it binds."""

    python: Sequence[str]
    config: Path
    telemetry: Path
    log: Path

    def start(self, life: int) -> Controller:
        """Start a life of the controller."""
        return Controller(self.python, self.config, self.log, standing_by=life > 0)

    def prepare_end(self, life: Controller) -> AfterEnd:  # noqa: ARG002 - nothing of that life is held
        """After its end remove its socket's path: a killed controller leaves it, and the next one could not bind it."""
        return AfterEnd(lambda _: self.telemetry.unlink(missing_ok=True), lambda: None)


class OpenFlowConnections:
    """The connections of the switches to the controller, which a fault can cut; `ordinal`: only that of the switch of
    this cluster."""

    def __init__(self, ordinal: int | None = None) -> None:
        address = None if ordinal is None else controller_address(ordinal)
        self._cut = ControlCut(CONTROLLER_PORT, address)

    def prepare_cut(self, *, cut: bool) -> PreparedEdge:
        """Prepare the start of a cut or, if not `cut`, its end."""
        return PreparedEdge(self._cut.begin if cut else self._cut.end, self._cut.verify)

    def release(self) -> None:
        """End the cut, if there is one."""
        self._cut.end()


class OpenFlowMessages:
    """The messages between the switches and the controller, which a fault can delay at the proxy between them."""

    def __init__(self, proxy: RunProcess) -> None:
        self._proxy = proxy

    def prepare_delay(self, extra_ns: int) -> PreparedEdge:
        """Prepare that each message is delayed by `extra_ns`; 0 ends the delay."""
        return delayed_by(self._proxy, extra_ns)


def start_openflow_proxy(plan: Plan, run: RunDir) -> RunProcess | None:
    """Start the proxy in front of the controller, if a fault is to delay messages; does not wait. It ends with the
    run's sandbox, as it has no records."""
    if not _is_slowed(plan):
        return None
    config = OpenFlowProxyConfig(CONTROLLER_LISTENS, CONTROLLER_PORT, controller_address(1), _BEHIND_PROXY)
    return spawn("openflow-proxy", openflow_proxy.serve, config, run.log("openflow-proxy"))


def _is_slowed(plan: Plan) -> bool:
    return any(isinstance(fault.action, Slow) for fault in _on_controller(plan))


def _on_controller(plan: Plan) -> Iterator[ProcessFault]:
    return (fault for fault in plan.process_faults if fault.process == Process("controller"))


def start_controller(plan: Plan, run: RunDir) -> SupervisedProcess[Controller]:
    """Start the run's controller, and its successor if a fault will end it; waits for neither."""
    traffic = expected_traffic(plan)
    port = _BEHIND_PROXY if _is_slowed(plan) else CONTROLLER_PORT
    config = ControllerConfig(
        plan.topology, plan.controller, TELEMETRY, run.decisions, CONTROLLER_LISTENS, port, traffic
    )
    CONTROLLER_CONFIG.write_text(config.to_json())
    kind = ControllerKind(PYTHON_OF[plan.controller.framework], CONTROLLER_CONFIG, TELEMETRY, run.log("controller"))
    controller = SupervisedProcess(kind, count_ends(plan.faults, Process("controller")))
    controller.start_successor()
    return controller


def controller_target(controller: SupervisedProcess[Controller], plan: Plan, proxy: RunProcess | None) -> FaultTarget:
    """The controller as a target of the plan's faults; the traffic-control hook of a cut is set up only if needed."""
    is_cut = any(isinstance(fault.action, Cut) for fault in _on_controller(plan))
    return FaultTarget(
        controller,
        connections=OpenFlowConnections() if is_cut else None,
        answers=OpenFlowMessages(proxy) if proxy else None,
    )
