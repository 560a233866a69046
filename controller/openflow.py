"""Switch connections over OpenFlow 1.3: the only module that knows the framework, which is os-ken, else Ryu.

Holds no routing: it turns switch messages into events and flow rules into flow-mods.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from threading import Thread
from typing import Any, TypeVar, cast

try:
    from os_ken.base.app_manager import AppManager
    from os_ken.base.app_manager import OSKenApp as RyuApp
    from os_ken.controller import controller, ofp_event
    from os_ken.controller.handler import MAIN_DISPATCHER, set_ev_cls
    from os_ken.controller.ofp_handler import OFPHandler
    from os_ken.lib import hub
    from os_ken.ofproto import ofproto_v1_3 as ofproto
    from os_ken.ofproto import ofproto_v1_3_parser as parser
    from os_ken.ofproto.ofproto_protocol import ProtocolDesc
except ImportError:
    from ryu.base.app_manager import AppManager, RyuApp
    from ryu.controller import controller, ofp_event
    from ryu.controller.handler import MAIN_DISPATCHER, set_ev_cls
    from ryu.controller.ofp_handler import OFPHandler
    from ryu.lib import hub
    from ryu.ofproto import ofproto_v1_3 as ofproto
    from ryu.ofproto import ofproto_v1_3_parser as parser
    from ryu.ofproto.ofproto_protocol import ProtocolDesc

from controller.messages import BarrierReply, Install, PortState, SwitchConnected, SwitchEvent, SwitchRefused
from controller.rules import FlowRule

Emit = Callable[[SwitchEvent], None]
Handler = TypeVar("Handler", bound=Callable[..., None])

_PROTOCOL = ProtocolDesc(ofproto.OFP_VERSION)
_NO_ANSWER = 0
"""The transaction id of a message that is answered by an error or not at all."""

_COMMANDS = {"add": ofproto.OFPFC_ADD, "delete": ofproto.OFPFC_DELETE_STRICT, "clear": ofproto.OFPFC_DELETE}


def _on(event: type) -> Callable[[Handler], Handler]:
    """The framework's handler decorator, with types: for switches that finished the handshake."""
    return cast("Callable[[Handler], Handler]", set_ev_cls(event, MAIN_DISPATCHER))


class OpenFlowSwitches(RyuApp):  # type: ignore[misc]  # the framework has no types
    """The connected switches, by datapath id. Events are emitted from the framework's thread."""

    OFP_VERSIONS = (ofproto.OFP_VERSION,)

    def __init__(self, emit: Emit) -> None:
        super().__init__()
        self._emit = emit
        self._datapaths: dict[int, Any] = {}
        self._found: dict[int, list[FlowRule]] = {}
        self._encoded: dict[FlowRule, bytes] = {}

    def foresee(self, rules: Iterable[FlowRule]) -> None:
        """Encode rules that may be wanted at once one day: the framework takes a tenth of a millisecond for each."""
        self._encoded.update((rule, _encoded(_flow_mod(_PROTOCOL, rule))) for rule in rules)

    def install(self, install: Install) -> int:
        """Hand the rules and a barrier request to the switch's connection, as one write; when that was, ns."""
        datapath = self._datapaths[install.switch]
        barrier = parser.OFPBarrierRequest(datapath)
        barrier.set_xid(install.token)
        messages = [self._encoded.get(rule) or _encoded(_flow_mod(datapath, rule)) for rule in install.rules]
        buffer = b"".join((*messages, _encoded(barrier)))
        handed_ns = time.monotonic_ns()
        datapath.send(buffer)
        return handed_ns

    @_on(ofp_event.EventOFPStateChange)
    def _connected(self, event: Any) -> None:
        datapath = event.datapath
        self._datapaths[datapath.id] = datapath
        self._found[datapath.id] = []
        datapath.send_msg(parser.OFPFlowStatsRequest(datapath))

    @_on(ofp_event.EventOFPFlowStatsReply)
    def _flows(self, event: Any) -> None:
        """What the switch has in force; with the last part of it, it counts as connected."""
        message, datapath = event.msg, event.msg.datapath
        self._found[datapath.id] += [_flow_rule(datapath, flow) for flow in message.body]
        if message.flags & ofproto.OFPMPF_REPLY_MORE:
            return
        self._emit(SwitchConnected(datapath.id, tuple(self._found.pop(datapath.id))))
        for port in list(datapath.ports.values()):
            self._emit(PortState(datapath.id, port.port_no, _is_up(port)))

    @_on(ofp_event.EventOFPPortStatus)
    def _port_status(self, event: Any) -> None:
        message = event.msg
        up = message.reason != ofproto.OFPPR_DELETE and _is_up(message.desc)
        self._emit(PortState(message.datapath.id, message.desc.port_no, up))

    @_on(ofp_event.EventOFPBarrierReply)
    def _barrier_reply(self, event: Any) -> None:
        message = event.msg
        self._emit(BarrierReply(message.datapath.id, message.xid, time.monotonic_ns()))

    @_on(ofp_event.EventOFPErrorMsg)
    def _error(self, event: Any) -> None:
        message = event.msg
        self._emit(SwitchRefused(message.datapath.id, f"OpenFlow error type {message.type}, code {message.code}"))


def make_switches(emit: Emit) -> OpenFlowSwitches:
    """What serves switches once it listens, in threads that end with the process."""
    hub.patch()
    manager = AppManager.get_instance()
    manager.instantiate(OFPHandler)
    switches: OpenFlowSwitches = manager.instantiate(OpenFlowSwitches, emit)
    # Threads inherit being daemons from the one that starts them; the framework itself never stops its own.
    starting = Thread(target=switches.start, daemon=True)
    starting.start()
    starting.join()
    return switches


def listen(host: str, port: int) -> None:
    """Let switches connect from now on; OSError if the port is taken."""
    server = hub.StreamServer((host, port), controller.datapath_connection_factory)
    Thread(target=server.serve_forever, daemon=True).start()


def _is_up(port: Any) -> bool:
    return not (port.state & ofproto.OFPPS_LINK_DOWN or port.config & ofproto.OFPPC_PORT_DOWN)


def _flow_mod(datapath: Any, rule: FlowRule) -> Any:
    actions = [parser.OFPActionSetField(**{field: value}) for field, value in rule.set_fields]
    if rule.output is not None:
        actions.append(parser.OFPActionOutput(rule.output))
    return parser.OFPFlowMod(
        datapath,
        command=_COMMANDS[rule.command],
        priority=rule.priority,
        match=parser.OFPMatch(**dict(rule.match)),
        instructions=[parser.OFPInstructionActions(ofproto.OFPIT_APPLY_ACTIONS, actions)] if actions else [],
        out_port=ofproto.OFPP_ANY,
        out_group=ofproto.OFPG_ANY,
    )


def _flow_rule(datapath: Any, flow: Any) -> FlowRule:
    """The rule that a switch has, as the one that would have given it that."""
    actions = [action for instruction in flow.instructions for action in getattr(instruction, "actions", ())]
    outputs = [action.port for action in actions if isinstance(action, parser.OFPActionOutput)]
    fields = [(action.key, action.value) for action in actions if isinstance(action, parser.OFPActionSetField)]
    match = tuple(flow.match.items())
    return FlowRule(datapath.id, "add", flow.priority, match, tuple(fields), outputs[0] if outputs else None)


def _encoded(message: Any) -> bytes:
    if message.xid is None:
        message.set_xid(_NO_ANSWER)
    message.serialize()
    return bytes(message.buf)
