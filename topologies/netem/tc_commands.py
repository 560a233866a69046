"""Commands of tc-netem(8), tc-tbf(8) and tc-bpf(8) that shape a port; pure."""

from __future__ import annotations

from hostio.commands import Command, tc_delete, tc_replace
from hostio.timing import US
from topologies.bpf.filters import media_filter, mtu_filter
from topologies.bpf.flow_filter import flow_filter
from topologies.bpf.program import Program, bytecode
from topologies.link_state import FourState, GilbertElliott, Loss, RandomLoss
from topologies.netem.shaping import BUCKET, BUCKET_PARENT, ROOT, Bucket, Netem, Shaping

COUNTING, TOO_LONG, FLOWS = 1, 2, 3
"""Preferences of the filters, in the order in which a frame meets them: the one that counts media sees it before the
others drop frames beyond the MTU, and flows."""

_COUNT_FILTER, _MTU_FILTER, _FLOW_FILTER = (
    ("egress", "protocol", "all", "prio", str(preference), "handle", "1") for preference in (COUNTING, TOO_LONG, FLOWS)
)
_DROP = ("action", "drop")
_GO_ON = ("action", "continue")


def shape(port: str, wanted: Shaping, before: Shaping) -> list[Command]:
    """Commands that give a port the wanted shaping; `before`: its present one."""
    commands = []
    if (wanted.flows, wanted.mtu) != (None, None) and (before.flows, before.mtu) == (None, None):
        commands.append(["tc", "qdisc", "replace", "dev", port, "clsact"])
    if wanted.mtu and wanted.mtu != before.mtu:
        commands.append(_dropping(port, _MTU_FILTER, mtu_filter(wanted.mtu)))
    if wanted.flows:
        commands.append(_dropping(port, _FLOW_FILTER, flow_filter(wanted.flows)))
    elif before.flows:
        commands.append(["tc", "filter", "del", "dev", port, *_FLOW_FILTER, "bpf"])
    if wanted.netem:
        commands.append(tc_replace(port, "root", "handle", ROOT, "netem", *_netem_arguments(wanted.netem)))
    if wanted.bucket:
        arguments = _bucket_arguments(wanted.bucket)
        commands.append(tc_replace(port, "parent", BUCKET_PARENT, "handle", BUCKET, "tbf", *arguments))
    return commands


def _dropping(port: str, place: tuple[str, ...], program: Program) -> Command:
    """Command that has a port drop the frames that a program matches."""
    return ["tc", "filter", "replace", "dev", port, *place, "bpf", "bytecode", f'"{bytecode(program)}"', *_DROP]


def counting(port: str, media_ports: tuple[int, int]) -> list[Command]:
    """Commands that have a port count media frames before they are shaped. `media_ports`: first and last UDP port."""
    program = bytecode(media_filter(media_ports))
    count = ["tc", "filter", "replace", "dev", port, *_COUNT_FILTER, "bpf", "bytecode", f'"{program}"', *_GO_ON]
    return [["tc", "qdisc", "replace", "dev", port, "clsact"], count]


def unshape(port: str) -> Command:
    """Command that removes netem and token bucket from a port, with the packets that they hold."""
    return tc_delete(port, "root", "handle", ROOT)


def _netem_arguments(netem: Netem) -> list[str]:
    """Arguments for tc. Corruption is always written, zero too, and jitter always with correlation and distribution:
    netem keeps the former value of an attribute that is left out."""
    arguments = ["limit", str(netem.limit), "delay", f"{netem.delay_ns / US:.3f}us"]
    if netem.jitter:
        arguments += [f"{netem.jitter.spread_ns / US:.3f}us", "0%", "distribution", netem.jitter.distribution]
    if netem.reorder:
        arguments += ["reorder", _percent(netem.reorder)]
    arguments += ["loss", *_loss_arguments(netem.loss)] if netem.loss else []
    arguments += ["duplicate", _percent(netem.duplicate)] if netem.duplicate else []
    arguments += ["corrupt", _percent(netem.corrupt)]
    arguments += ["rate", f"{netem.rate_bps}bit"] if netem.rate_bps is not None else []
    return [*arguments, "seed", str(netem.seed)] if netem.seed is not None else arguments


def _loss_arguments(loss: Loss) -> list[str]:
    match loss:
        case RandomLoss():
            return ["random", _percent(loss.probability)]
        case GilbertElliott():
            return ["gemodel", *map(_percent, (loss.p, loss.r, loss.one_minus_h, loss.one_minus_k))]
        case FourState():
            return ["state", *map(_percent, (loss.p13, loss.p31, loss.p32, loss.p23, loss.p14))]
    raise ValueError(f"netem has no loss by {loss.model}")


def _percent(share: float) -> str:
    return f"{100 * share:.6f}%"


def _bucket_arguments(bucket: Bucket) -> list[str]:
    return ["rate", f"{bucket.rate_bps}bit", "burst", f"{bucket.burst}b", "limit", f"{bucket.limit}b"]
