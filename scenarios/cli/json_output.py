"""What commands print with `--json`; `scenarios/output.schema.json` is made of these types."""

from __future__ import annotations

from dataclasses import dataclass

from results.verdict.summary import ExpectationRow, Verdict


@dataclass(frozen=True, slots=True)
class PlayedScenario:
    """A scenario that was played until it was decided."""

    scenario: str
    """Its name."""
    file: str | None
    """Its file; null: not known."""
    relay: str
    """The relay kind."""
    verdict: Verdict
    """Of the last run."""
    reasons: list[str]
    """Why, of the last run."""
    expectations: list[ExpectationRow]
    """As in the summary of the last run."""
    lines: dict[str, int]
    """Lines of the file, from 1, by the expectation that stands there."""
    runs: list[str]
    """Run directories, in order; the last one decided."""
    seconds: float
    """Time that all of them took."""


@dataclass(frozen=True, slots=True)
class Played:
    """Output of `run` and `suite`."""

    verdict: Verdict
    """The worst of all; if none failed and not all were played, inconclusive."""
    planned: int
    """How many scenarios were to be played; more than `played` has if that was interrupted."""
    played: list[PlayedScenario]
    """In order."""


@dataclass(frozen=True, slots=True)
class ListedScenario:
    """A scenario that comes with the project."""

    file: str
    """Its file."""
    description: str
    """What it shows."""


@dataclass(frozen=True, slots=True)
class CheckedScenario:
    """A valid scenario; of one that is not, standard error has the problems, and there is no output."""

    file: str
    """Its file."""
    scenario: str
    """Its name."""
    chains: list[str]
    """The probabilities of each chain of two states, a sentence each."""


@dataclass(frozen=True, slots=True)
class DoctorCheck:
    """Something that a run needs, or can use."""

    what: str
    """What it is."""
    found: bool
    """Whether it is there."""
    detail: str
    """Where it is, or why it is not."""
    required: bool
    """Whether no run goes without."""
    package: str | None
    """The Debian package that has it; null: none."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Output of `doctor`."""

    ready: bool
    """Whether this machine can run scenarios."""
    checks: list[DoctorCheck]
    """In order."""
    links: str | None
    """What a run would emulate links with; null: this user can create no sandbox."""
    datapath: str | None
    """The datapath that a run would use; null as above."""
    remedy: str | None
    """The command that installs what is missing; null: nothing is, or no package has it."""


@dataclass(frozen=True, slots=True)
class CheckedStep:
    """A step of the check of a relay program."""

    step: str
    """What was tried."""
    problem: str | None
    """What does not hold; null: all does."""


@dataclass(frozen=True, slots=True)
class CheckedRelay:
    """Output of `relay check`."""

    ok: bool
    """Whether all holds."""
    steps: list[CheckedStep]
    """In order."""


@dataclass(frozen=True, slots=True)
class Way:
    """A direction of a link."""

    source: str
    """Cluster at its beginning."""
    destination: str
    """Cluster at its end."""
    delay_ms: float
    """One-way delay, ms."""
    jitter_ms: float
    """Jitter, ms."""
    loss_percent: float
    """Random loss, %."""
    rate_bps: int | None
    """Rate, bits per second; null: none."""


@dataclass(frozen=True, slots=True)
class Path:
    """The direct path between two clusters without a link."""

    clusters: list[str]
    """The clusters on it."""
    delay_ms: float
    """One-way delay, ms."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What the controller does if one link is cut."""

    link: str
    """The link."""
    one_relay: int
    """Pairs of clusters that move over one relay."""
    two_relays: int
    """Those that move over two."""
    no_detour: list[str]
    """Those that cannot move."""


@dataclass(frozen=True, slots=True)
class ShownTopology:
    """Output of `topology show`."""

    name: str
    """Its name."""
    clusters: list[str]
    """Its clusters."""
    links: list[Way]
    """A direction each."""
    paths: list[Path]
    """Of clusters without a link, both directions."""
    repairs: list[Repair]
    """By the link that is cut."""
    needs: str
    """What a run needs of its machine."""


@dataclass(frozen=True, slots=True)
class ImportedTopology:
    """Output of `topology import`."""

    file: str
    """The new file."""
    topology: str
    """Its name."""
    clusters: dict[str, str]
    """Names of clusters by site."""
    remarks: list[str]
    """What is not as it was in the source, a sentence each."""


@dataclass(frozen=True, slots=True)
class WrittenBundle:
    """Output of `bundle`."""

    file: str
    """The new file."""
    bytes: int
    """Its size."""
    files: int
    """How many files of the run directory are in it."""
    redacted: bool
    """Whether host names, users and paths were left out."""
    remarks: list[str]
    """What whoever plays it will miss, a sentence each."""


@dataclass(frozen=True, slots=True)
class CommandOutputs:
    """What each command prints with `--json`; `report` prints the summary (`results/summary.schema.json`)."""

    run: Played
    """`run`."""
    suite: Played
    """`suite`."""
    scenarios: list[ListedScenario]
    """`list`."""
    check: list[CheckedScenario]
    """`check`."""
    doctor: Machine
    """`doctor`."""
    relay_check: CheckedRelay
    """`relay check`."""
    topology_show: ShownTopology
    """`topology show`."""
    topology_import: ImportedTopology
    """`topology import`."""
    bundle: WrittenBundle
    """`bundle`."""
