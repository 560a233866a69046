"""The packets that a run's listeners received as a capture for tshark, and how long tshark takes for their streams."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from time import perf_counter

import numpy as np

from relay_app.records import RECEIVED
from results.run_files.plan_formats import read_plan
from results.run_files.records import read_rows
from results.run_files.run_dir import RunDir

_PORT = 20_000
_PAYLOAD = 160
_FRAME = np.dtype(
    [
        *((name, "<u4") for name in ("s", "us", "captured", "length")),  # of the file format
        ("ethernet", "u1", 12), ("type", ">u2"),
        ("version", "u1"), ("tos", "u1"), ("ip_length", ">u2"), ("id", ">u2"), ("fragment", ">u2"),
        ("ttl", "u1"), ("protocol", "u1"), ("ip_sum", ">u2"), ("source", "u1", 4), ("destination", "u1", 4),
        ("from", ">u2"), ("to", ">u2"), ("udp_length", ">u2"), ("udp_sum", ">u2"),
        ("rtp", "u1"), ("payload_type", "u1"), ("seq", ">u2"), ("timestamp", ">u4"), ("ssrc", ">u4"),
        ("payload", "u1", _PAYLOAD),
    ]
)  # fmt: skip
"""A packet in a pcap file: Ethernet, IPv4, UDP, RTP (RFC 3550 section 5.1) with 20 ms of PCMU (RFC 3551)."""

_HEADER = np.array([(0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)], np.dtype("<u4,<u2,<u2,<i4,<u4,<u4,<u4"))


def tshark_s(run: RunDir, capture: Path) -> str:
    """How long `tshark -q -z rtp,streams` takes for them, as text with its unit."""
    if shutil.which("tshark") is None:
        return "not measured: scripts/setup --tests installs it"
    _write(run, capture)
    argv = ["tshark", "-q", "-r", str(capture), "-d", f"udp.port=={_PORT},rtp", "-z", "rtp,streams"]
    begin = perf_counter()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return f"{perf_counter() - begin:.2f} s"


def _write(run: RunDir, capture: Path) -> None:
    names = [cluster.name for cluster in read_plan(run.plan).topology.clusters]
    rows = np.concatenate([read_rows(run.received(name), RECEIVED) for name in names])
    rows = rows[np.argsort(rows["received_ns"], kind="stable")]
    frames = np.zeros(len(rows), _FRAME)
    ip_length = _FRAME.itemsize - 16 - 14
    frames["s"], frames["us"] = rows["received_ns"] // 10**9, rows["received_ns"] % 10**9 // 1000
    frames["captured"] = frames["length"] = _FRAME.itemsize - 16
    frames["type"], frames["version"], frames["ip_length"] = 0x0800, 0x45, ip_length
    frames["ttl"], frames["protocol"], frames["source"], frames["destination"] = 64, 17, (10, 0, 0, 1), (10, 0, 0, 2)
    frames["from"] = frames["to"] = _PORT
    frames["udp_length"], frames["rtp"], frames["seq"] = ip_length - 20, 0x80, rows["seq"]
    frames["timestamp"], frames["ssrc"] = rows["seq"].astype(np.uint32) * _PAYLOAD, rows["ssrc"]
    with capture.open("wb") as file:
        _HEADER.tofile(file)
        frames.tofile(file)
