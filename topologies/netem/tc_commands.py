"""What tc-netem(8), tc-tbf(8) and tc-bpf(8) are told to shape a port; pure."""

from __future__ import annotations

from hostio.commands import Command, tc_delete, tc_replace
from hostio.timing import US
from topologies.bpf.filters import media_filter
from topologies.bpf.flow_filter import flow_filter
from topologies.bpf.program import bytecode
from topologies.link_state import FourState, GilbertElliott, Loss, RandomLoss
from topologies.netem.shaping import BUCKET, BUCKET_PARENT, ROOT, Bucket, Netem, Shaping

COUNTING = 1
"""Preference of the filter that counts media, the first of a port's."""

_COUNT_FILTER = ("egress", "protocol", "all", "prio", str(COUNTING), "handle", "1")
_FLOW_FILTER = ("egress", "protocol", "all", "prio", "2", "handle", "1")
_DROP = ("action", "drop")
_GO_ON = ("action", "continue")


def shape(port: str, wanted: Shaping, before: Shaping) -> list[Command]:
    """Commands that give a port what is wanted."""
    commands = []
    if wanted.flows is not None and before.flows is None:
        commands.append(["tc", "qdisc", "replace", "dev", port, "clsact"])
    if wanted.flows:
        program = bytecode(flow_filter(wanted.flows))
        commands.append(
            ["tc", "filter", "replace", "dev", port, *_FLOW_FILTER, "bpf", "bytecode", f'"{program}"', *_DROP]
        )
    elif before.flows:
        commands.append(["tc", "filter", "del", "dev", port, *_FLOW_FILTER, "bpf"])
    if wanted.netem:
        commands.append(tc_replace(port, "root", "handle", ROOT, "netem", *_netem_words(wanted.netem)))
    if wanted.bucket:
        words = _bucket_words(wanted.bucket)
        commands.append(tc_replace(port, "parent", BUCKET_PARENT, "handle", BUCKET, "tbf", *words))
    return commands


def counting(port: str, media_ports: tuple[int, int]) -> list[Command]:
    """Commands that have a port count the media that comes to it, ahead of whatever else happens there."""
    program = bytecode(media_filter(media_ports))
    words = ["tc", "filter", "replace", "dev", port, *_COUNT_FILTER, "bpf", "bytecode", f'"{program}"', *_GO_ON]
    return [["tc", "qdisc", "replace", "dev", port, "clsact"], words]


def unshape(port: str) -> Command:
    """Command that removes everything from a port, queued packets too."""
    return tc_delete(port, "root", "handle", ROOT)


def _netem_words(netem: Netem) -> list[str]:
    """All of it, zeros too: netem keeps what it is not told anew of corruption, correlation and distribution."""
    words = ["limit", str(netem.limit), "delay", f"{netem.delay_ns / US:.3f}us"]
    if netem.jitter:
        words += [f"{netem.jitter.spread_ns / US:.3f}us", "0%", "distribution", netem.jitter.distribution]
    if netem.reorder:
        words += ["reorder", _percent(netem.reorder)]
    words += ["loss", *_loss_words(netem.loss)] if netem.loss else []
    words += ["duplicate", _percent(netem.duplicate)] if netem.duplicate else []
    words += ["corrupt", _percent(netem.corrupt)]
    return [*words, "seed", str(netem.seed)] if netem.seed is not None else words


def _loss_words(loss: Loss) -> list[str]:
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


def _bucket_words(bucket: Bucket) -> list[str]:
    return ["rate", f"{bucket.rate_bps}bit", "burst", f"{bucket.burst}b", "limit", f"{bucket.limit}b"]
