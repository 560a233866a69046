import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from every import every
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.layers.rtp import RTP
from scapy.packet import Packet, Raw
from scapy.utils import wrpcap
from synthetic_media import START, received, recording, sent, stream

from hostio.timing import MS, S
from results.metrics.matching import Arrivals, match
from results.metrics.streams import counts, fates, jitter, latencies, quantile, stream_metrics
from results.run_files.records import Rows

SSRC = 0xABCD0001
LATENCY = 31 * MS
END = START + 2 * S


def rough(rows: Rows) -> Rows:
    """Arrivals with loss, reordering, duplicates and jitter, in whole milliseconds."""
    random = np.random.default_rng(5)
    kept = rows[random.random(len(rows)) > 0.1]
    arrived = received(kept, (30 + random.integers(0, 60, len(kept))) * MS)
    return np.concatenate([arrived, received(kept[::17], 95 * MS)])


def straightforward_jitter(arrivals: Arrivals) -> list[float]:
    """RFC 3550 §6.4.1 word by word."""
    estimates: list[float] = []
    for index in range(len(arrivals.stream)):
        if index == 0 or arrivals.stream[index] != arrivals.stream[index - 1]:
            estimates.append(0.0)
            continue
        r_j, r_i = int(arrivals.received_ns[index]), int(arrivals.received_ns[index - 1])
        s_j, s_i = int(arrivals.sent_ns[index]), int(arrivals.sent_ns[index - 1])
        estimates.append(estimates[-1] + (abs((r_j - r_i) - (s_j - s_i)) - estimates[-1]) / 16)
    return estimates


def test_jitter_is_the_recursion_of_the_standard() -> None:
    rows = [sent(SSRC, 300), sent(2, 300), sent(3, 1)]
    streams = [stream(SSRC), stream(2), stream(3)]
    arrivals = match(recording(streams, rows, [rough(each) for each in rows])).arrivals
    assert jitter(arrivals).tolist() == pytest.approx(straightforward_jitter(arrivals))


def test_constant_latency_has_no_jitter() -> None:
    rows = sent(SSRC, 100)
    assert not jitter(match(recording([stream(SSRC)], [rows], [received(rows, LATENCY)])).arrivals).any()


def test_jitter_and_loss_agree_with_wireshark(tmp_path: Path) -> None:
    if not (tshark := shutil.which("tshark")):
        pytest.skip("tshark is not installed")
    rows = sent(SSRC, 400, first_seq=65_400)
    kept = np.delete(rows, slice(100, 130))
    arrived = received(kept, (30 + np.random.default_rng(8).integers(0, 15, len(kept))) * MS)
    capture = tmp_path / "rtp.pcap"
    wrpcap(str(capture), [_frame(row) for row in arrived])
    command = [tshark, "-q", "-r", str(capture), "-d", "udp.port==40000,rtp", "-z", "rtp,streams"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    columns = re.search(r"0xABCD0001 +g711U +(\d+) +(\d+) \(.*%\)" + 6 * r" +([\d.]+)", said)
    assert columns, said
    packets, lost, *deltas, _, mean_jitter, max_jitter = (float(column) for column in columns.groups())
    matched = match(recording([stream(SSRC)], [rows], [arrived]))
    estimates = jitter(matched.arrivals) / 1e6
    count = counts(matched.packets, fates(matched.packets, START + 60 * S))
    assert (packets, lost) == (count.received, count.lost)
    assert deltas[-1] == pytest.approx(np.diff(matched.arrivals.received_ns).max() / 1e6, abs=0.001)
    assert max_jitter == pytest.approx(estimates.max(), abs=0.001)
    assert mean_jitter == pytest.approx(estimates[1:].mean(), abs=0.001)


def _frame(row: np.void) -> Packet:
    """As a listener with an 8 kHz codec (payload type 0) would capture it."""
    timestamp = int(row["sent_ns"] - START) // (S // 8000)
    rtp = RTP(payload_type=0, sequence=int(row["seq"]), timestamp=timestamp, sourcesync=int(row["ssrc"]))
    frame = Ether() / IP(src="10.0.0.1", dst="10.0.0.3") / UDP(sport=40000, dport=40000) / rtp / Raw(bytes(160))
    frame.time = int(row["received_ns"]) / S
    return frame


def test_every_packet_is_received_lost_or_in_flight() -> None:
    rows = sent(SSRC, 100)
    arrived = np.concatenate(
        [received(rows[:50], LATENCY), received(rows[60:99], LATENCY), received(rows[:5], 2 * LATENCY)]
    )
    packets = match(recording([stream(SSRC)], [rows], [arrived])).packets
    count = counts(packets, fates(packets, END))
    assert (count.sent, count.received, count.lost, count.in_flight, count.duplicates) == (100, 89, 10, 1, 5)
    assert count.loss == pytest.approx(10 / 99)


def test_what_was_sent_within_the_largest_latency_of_the_end_is_not_lost() -> None:
    rows = sent(SSRC, 100)
    under_way = rows["sent_ns"] + LATENCY >= END
    packets = match(recording([stream(SSRC)], [rows], [received(rows[~under_way], LATENCY)])).packets
    count = counts(packets, fates(packets, END))
    assert (count.lost, count.in_flight) == (0, 1)


def test_a_very_late_packet_excuses_no_more_than_a_second() -> None:
    rows = sent(SSRC, 100)
    packets = match(recording([stream(SSRC)], [rows], [received(rows[:1], 5 * S)])).packets
    assert counts(packets, fates(packets, END)).lost == pytest.approx(49, abs=1)


def test_metrics_of_one_stream() -> None:
    rows = [sent(SSRC, 101), sent(2, 101)]
    ramp = received(rows[0], np.arange(101) * MS)
    streams = [stream(SSRC), stream(2)]
    matched = match(recording(streams, rows, [ramp]))
    heard, silent = stream_metrics(matched, fates(matched.packets, START + 60 * S), jitter(matched.arrivals))
    assert heard.stream == streams[0]
    assert (heard.latency_p50_ns, heard.latency_p99_ns) == (50 * MS, 99 * MS)
    assert heard.jitter_ns == pytest.approx(MS, rel=0.01)
    assert (silent.latency_p50_ns, silent.jitter_ns, silent.counts.lost, silent.counts.loss) == (None, None, 101, 1.0)


def test_latency_is_of_the_packets_own_send_time() -> None:
    rows = sent(SSRC, 10)
    rows["sent_ns"] += 3 * MS
    packets = match(recording([stream(SSRC)], [rows], [received(rows, LATENCY)])).packets
    assert every(latencies(packets) == LATENCY)


def test_a_quantile_of_nothing_is_unknown() -> None:
    assert quantile(np.empty(0), 0.5) is None
