"""Switch connections over OpenFlow 1.3: the only module that knows the framework, which is os-ken, else Ryu.

Holds no routing: it turns switch messages into events, flow rules into flow-mods and groups into group-mods.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
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
    import eventlet.wsgi

    # Ryu 4.34, of 2021, imports by this name what later eventlets replaced by an exception.
    if not hasattr(eventlet.wsgi, "ALREADY_HANDLED"):
        eventlet.wsgi.ALREADY_HANDLED = object()
    from ryu.base.app_manager import AppManager, RyuApp
    from ryu.controller import controller, ofp_event
    from ryu.controller.handler import MAIN_DISPATCHER, set_ev_cls
    from ryu.controller.ofp_handler import OFPHandler
    from ryu.lib import hub
    from ryu.ofproto import ofproto_v1_3 as ofproto
    from ryu.ofproto import ofproto_v1_3_parser as parser
    from ryu.ofproto.ofproto_protocol import ProtocolDesc

from controller.flow_rules import Bucket, Fields, FlowRule, GroupRule, GroupType, SwitchRule
from controller.messages import BarrierReply, Install, PortState, SwitchConnected, SwitchEvent, SwitchRefused
from controller.rule_encoder import RuleEncoder
from controller.timed_socket import TimedSocket

Emit = Callable[[SwitchEvent], None]
Handler = TypeVar("Handler", bound=Callable[..., None])

_HEADER = struct.Struct("!BBHI")
"""ofp_header (OpenFlow 1.3 §7.1): version, type, length, transaction id. A barrier request is no more than that."""

_PROTOCOL = ProtocolDesc(ofproto.OFP_VERSION)
_NO_ANSWER = 0
"""The transaction id of a message that is answered by an error or not at all."""

_COMMANDS = {"add": ofproto.OFPFC_ADD, "delete": ofproto.OFPFC_DELETE_STRICT, "clear": ofproto.OFPFC_DELETE}
_GROUP_COMMANDS = {
    "add": ofproto.OFPGC_ADD,
    "modify": ofproto.OFPGC_MODIFY,
    "delete": ofproto.OFPGC_DELETE,
    "clear": ofproto.OFPGC_DELETE,
}
_GROUP_TYPES: dict[GroupType, int] = {
    "all": ofproto.OFPGT_ALL,
    "select": ofproto.OFPGT_SELECT,
    "indirect": ofproto.OFPGT_INDIRECT,
    "fast-failover": ofproto.OFPGT_FF,
}
_GROUP_TYPES_BY_NUMBER = {number: name for name, number in _GROUP_TYPES.items()}


def _on(event: type) -> Callable[[Handler], Handler]:
    """The framework's handler decorator, with types: for switches that finished the handshake."""
    return cast("Callable[[Handler], Handler]", set_ev_cls(event, MAIN_DISPATCHER))


@dataclass(slots=True)
class _ReadBack:
    """What a switch that has just connected was found to have; `awaited`: the tables it has not told in full."""

    rules: list[FlowRule] = field(default_factory=list)
    groups: list[GroupRule] = field(default_factory=list)
    awaited: set[str] = field(default_factory=lambda: {"rules", "groups"})


class OpenFlowSwitches(RyuApp):  # type: ignore[misc]  # the framework has no types
    """The connected switches, by datapath id. Events are emitted from the framework's thread."""

    OFP_VERSIONS = (ofproto.OFP_VERSION,)

    def __init__(self, emit: Emit) -> None:
        super().__init__()
        self._emit = emit
        self._datapaths: dict[int, Any] = {}
        self._found: dict[int, _ReadBack] = {}
        self._encoder = RuleEncoder(encode)

    def install(self, installs: Sequence[Install]) -> list[int]:
        """Write the rules of each, and a barrier request, to its switch's connection, as one; when each began, ns.

        Not by the framework's `send`, whose thread would wait for the interpreter until this one does not need it. All
        are encoded first: answers to what is written wake threads that want the interpreter, too.
        """
        return [self._write(*each) for each in [(install.switch, self._encoded(install)) for install in installs]]

    def _encoded(self, install: Install) -> bytes:
        """One buffer: sent one by one, each message would cost a system call and a segment of its own."""
        barrier = parser.OFPBarrierRequest(self._datapaths[install.switch])
        barrier.set_xid(install.token)
        return b"".join((*map(self._encoder.encode, install.rules), _serialized(barrier)))

    def _write(self, switch: int, buffer: bytes) -> int:
        datapath = self._datapaths[switch]
        begun_ns = time.monotonic_ns()
        try:
            datapath.socket.sendall(buffer)
        except OSError:
            datapath.close()  # it may have part of a message; once it connects again it gets all its rules
        return begun_ns

    @_on(ofp_event.EventOFPStateChange)
    def _connected(self, event: Any) -> None:
        datapath = event.datapath
        self._datapaths[datapath.id] = datapath
        self._found[datapath.id] = _ReadBack()
        datapath.send_msg(parser.OFPFlowStatsRequest(datapath))
        datapath.send_msg(parser.OFPGroupDescStatsRequest(datapath))

    @_on(ofp_event.EventOFPFlowStatsReply)
    def _flows(self, event: Any) -> None:
        datapath = event.msg.datapath
        if found := self._found.get(datapath.id):  # nobody asked else
            found.rules += [flow_rule(datapath.id, flow) for flow in event.msg.body]
            self._read_back("rules", event.msg)

    @_on(ofp_event.EventOFPGroupDescStatsReply)
    def _groups(self, event: Any) -> None:
        datapath = event.msg.datapath
        if found := self._found.get(datapath.id):
            found.groups += [group_rule(datapath.id, group) for group in event.msg.body]
            self._read_back("groups", event.msg)

    def _read_back(self, table: str, reply: Any) -> None:
        """With the last part of its last table, a switch counts as connected."""
        datapath = reply.datapath
        found = self._found[datapath.id]
        if not reply.flags & ofproto.OFPMPF_REPLY_MORE:
            found.awaited.discard(table)
        if found.awaited:
            return
        del self._found[datapath.id]
        self._emit(SwitchConnected(datapath.id, tuple(found.rules), tuple(found.groups)))
        for port in list(datapath.ports.values()):
            self._emit(port_state(datapath.id, port))

    @_on(ofp_event.EventOFPPortStatus)
    def _port_status(self, event: Any) -> None:
        message = event.msg
        deleted = message.reason == ofproto.OFPPR_DELETE
        self._emit(port_state(message.datapath.id, message.desc, deleted=deleted))

    @_on(ofp_event.EventOFPBarrierReply)
    def _barrier_reply(self, event: Any) -> None:
        message = event.msg
        answered_ns = time.monotonic_ns()
        written_ns = message.datapath.socket.written_ns(message.xid, answered_ns)
        self._emit(BarrierReply(message.datapath.id, message.xid, answered_ns, written_ns))

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
    server = hub.StreamServer((host, port), _serve_switch)
    Thread(target=server.serve_forever, daemon=True).start()


def _serve_switch(connected: Any, address: Any) -> None:
    # The framework queues what it is to send: its `send` returns before anything was written.
    controller.datapath_connection_factory(TimedSocket(connected, barrier_token, lock=hub.Semaphore(1)), address)


def barrier_token(written: bytes) -> int | None:
    """The token of the barrier request at the end of what was written to a switch; None if there is none."""
    if len(written) < _HEADER.size:
        return None
    version, message_type, length, token = _HEADER.unpack(written[-_HEADER.size :])
    is_barrier = (version, message_type, length) == (ofproto.OFP_VERSION, ofproto.OFPT_BARRIER_REQUEST, _HEADER.size)
    return int(token) if is_barrier else None


def port_state(switch: int, port: Any, *, deleted: bool = False) -> PortState:
    """What a switch says of a port (an OFPPort). `deleted`: it has the port no longer."""
    up = not (deleted or port.state & ofproto.OFPPS_LINK_DOWN or port.config & ofproto.OFPPC_PORT_DOWN)
    return PortState(switch, port.port_no, up, up and bool(port.state & ofproto.OFPPS_LIVE))


def encode(rule: SwitchRule) -> bytes:
    """The flow-mod or group-mod of a rule; answered only if the switch refuses it."""
    return _serialized(_flow_mod(rule) if isinstance(rule, FlowRule) else _group_mod(rule))


def flow_rule(switch: int, flow: Any) -> FlowRule:
    """What the reply of a switch (an OFPFlowStats) says of one flow, as the rule that would have added it."""
    actions = [action for instruction in flow.instructions for action in getattr(instruction, "actions", ())]
    groups = [action.group_id for action in actions if isinstance(action, parser.OFPActionGroup)]
    return FlowRule(
        switch,
        "add",
        flow.priority,
        tuple(flow.match.items()),
        _set_fields(actions),
        _output(actions),
        groups[0] if groups else None,
    )


def group_rule(switch: int, group: Any) -> GroupRule:
    """What the reply of a switch (an OFPGroupDescStats) says of one group, as the rule that would have added it."""
    buckets = tuple(_bucket(bucket) for bucket in group.buckets)
    return GroupRule(switch, "add", group.group_id, _GROUP_TYPES_BY_NUMBER[group.type], buckets)


def _flow_mod(rule: FlowRule) -> Any:
    actions = _actions(rule.set_fields, rule.output)
    if rule.group is not None:
        actions.append(parser.OFPActionGroup(rule.group))
    return parser.OFPFlowMod(
        _PROTOCOL,
        command=_COMMANDS[rule.command],
        priority=rule.priority,
        match=parser.OFPMatch(**dict(rule.match)),
        instructions=[parser.OFPInstructionActions(ofproto.OFPIT_APPLY_ACTIONS, actions)] if actions else [],
        out_port=ofproto.OFPP_ANY,
        out_group=ofproto.OFPG_ANY,
    )


def _group_mod(rule: GroupRule) -> Any:
    return parser.OFPGroupMod(
        _PROTOCOL,
        command=_GROUP_COMMANDS[rule.command],
        type_=_GROUP_TYPES[rule.type],
        group_id=ofproto.OFPG_ALL if rule.command == "clear" else rule.group_id,
        buckets=[
            parser.OFPBucket(
                bucket.weight,
                ofproto.OFPP_ANY if bucket.watch_port is None else bucket.watch_port,
                ofproto.OFPG_ANY if bucket.watch_group is None else bucket.watch_group,
                _actions(bucket.set_fields, bucket.output),
            )
            for bucket in rule.buckets
        ],
    )


def _bucket(bucket: Any) -> Bucket:
    return Bucket(
        _set_fields(bucket.actions),
        _output(bucket.actions),
        None if bucket.watch_port == ofproto.OFPP_ANY else bucket.watch_port,
        None if bucket.watch_group == ofproto.OFPG_ANY else bucket.watch_group,
        bucket.weight,
    )


def _actions(set_fields: Fields, output: int | None) -> list[Any]:
    """Fields first: an output sends the packet as it is at that moment."""
    actions = [parser.OFPActionSetField(**{name: value}) for name, value in set_fields]
    return actions if output is None else [*actions, parser.OFPActionOutput(output)]


def _set_fields(actions: Iterable[Any]) -> Fields:
    return tuple((action.key, action.value) for action in actions if isinstance(action, parser.OFPActionSetField))


def _output(actions: Iterable[Any]) -> int | None:
    return next((action.port for action in actions if isinstance(action, parser.OFPActionOutput)), None)


def _serialized(message: Any) -> bytes:
    if message.xid is None:
        message.set_xid(_NO_ANSWER)
    message.serialize()
    return bytes(message.buf)
