"""Data frames of a run's records. Needs pandas and pyarrow: the extra `frames`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from blipnet.documents import media_start_ns, read_json
from blipnet.errors import DocumentError

_SEQUENCE_SPACE = 1 << 16
_NOT_CARRIED = -1
"""Send time of a packet of another program, which carries none."""

_ROUNDING_NS = 1_000
"""By more than this a send time that a packet carries does not differ from its sender's record."""

_BITS_OF_A_RELAY, _MOST_RELAYS = 8, 4


def interruptions(run: Path) -> pd.DataFrame:
    """Every interruption, a row each, in order of start: the columns of `interruptions.csv`. DocumentError."""
    texts = dict.fromkeys(("session", "source", "destination", "ssrc", "resumed_via"), str)
    return _read(run / "interruptions.csv", texts)


def packets(run: Path) -> pd.DataFrame:
    """Every RTP packet sent, a row each, by stream and number (RFC 3550's extended sequence number). DocumentError.

    Columns: `session`, `group`, `source`, `destination`, `ssrc`, `seq`; `due_at_s`, `sent_at_s` and `received_at_s`,
    seconds since the first packet of all was due; `one_way_ms`; `copies`, how many arrived; `relays`, those that it
    passed, in order. Of a packet that did not arrive `received_at_s` and `one_way_ms` are missing, and `copies` is 0.
    One that came under the SSRC of another stream, which its sender took when it restarted, is none that arrived.
    """
    streams = _read(run / "raw" / "sessions.parquet")[["ssrc", "session", "group", "source", "destination"]]
    sent, received = (_of_all(run, kind) for kind in ("sent", "received"))
    frame = sent.merge(streams, on="ssrc").merge(_arrivals(sent, received), on=["ssrc", "seq"], how="left")
    start_ns = media_start_ns(run / "events.jsonl")
    for name in ("due", "sent", "received"):
        frame[f"{name}_at_s"] = (frame[f"{name}_ns"] - start_ns) / 1e9
    frame["one_way_ms"] = (frame["received_ns"] - frame["sent_ns"]) / 1e6
    frame["copies"] = frame["copies"].fillna(0).astype(int)
    frame["relays"] = _relays(frame["path"], run)
    names = [*streams.columns[1:], "ssrc", "seq", "due_at_s", "sent_at_s", "received_at_s", "one_way_ms", "copies"]
    return frame.sort_values(["ssrc", "seq"])[[*names, "relays"]].reset_index(drop=True)


def _arrivals(sent: pd.DataFrame, received: pd.DataFrame) -> pd.DataFrame:
    """Of each packet that arrived (ssrc, seq) when and on what path its first copy came, and how many did.

    A packet received is the last one sent before it with its SSRC and the 16 bits of its number; and at the time that
    it carries, if it carries one.
    """
    sent = sent.assign(low=sent["seq"] % _SEQUENCE_SPACE, at_ns=sent["sent_ns"])[
        ["ssrc", "seq", "low", "at_ns", "sent_ns"]
    ]
    received = received.rename(columns={"seq": "low", "sent_ns": "carried_ns"})
    found = pd.merge_asof(
        received.assign(at_ns=received["received_ns"]).sort_values("at_ns"),
        sent.sort_values("at_ns"),
        on="at_ns",
        by=["ssrc", "low"],
    ).dropna(subset=["seq"])
    carried = found["carried_ns"] != _NOT_CARRIED
    found = found[~carried | ((found["carried_ns"] - found["sent_ns"]).abs() <= _ROUNDING_NS)]
    copies = found.assign(seq=found["seq"].astype("int64")).groupby(["ssrc", "seq"], as_index=False)
    return copies.agg(received_ns=("received_ns", "first"), path=("path", "first"), copies=("path", "size"))


def _relays(paths: pd.Series, run: Path) -> pd.Series:
    """The names of the relays in path logs, one behind the other: a byte each, the first in the lowest."""
    clusters = read_json(run / "plan.json")["topology"]["clusters"]
    names = {each["ordinal"]: each["name"] for each in clusters}
    known = paths.fillna(0).astype("int64")
    return known.map({path: " ".join(_passed(path, names)) for path in known.unique()})


def _passed(path: int, names: dict[int, str]) -> Iterable[str]:
    ordinals = [path >> _BITS_OF_A_RELAY * place & 0xFF for place in range(_MOST_RELAYS)]
    return [names[each] for each in ordinals if each]


def _of_all(run: Path, kind: str) -> pd.DataFrame:
    """The records of all clusters, with their numbers as int64: differences of the files' own types would wrap."""
    files = sorted(path for path in (run / "raw").glob(f"{kind}-*.parquet") if "-digests-" not in path.name)
    if not files:
        raise DocumentError(f"{run}: no raw/{kind}-*.parquet")
    return pd.concat([_read(path) for path in files], ignore_index=True).astype(np.int64)


def _read(path: Path, texts: dict[str, type[str]] | None = None) -> pd.DataFrame:
    try:
        if path.suffix == ".csv":
            return pd.read_csv(path, dtype=texts, keep_default_na=False)
        return pd.read_parquet(path)
    except OSError as error:
        raise DocumentError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:
        raise DocumentError(f"{path}: {error}") from error
