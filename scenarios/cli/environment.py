"""The environment of a run: back ends, kernel, privilege and versions that this machine has and the run would use."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version

from hostio.commands import CommandError, run
from relay_app.gstreamer_commands import ELEMENTS
from relay_app.program_media import PROGRAM_MEDIA, MediaProgram, ProgramMedia
from results.run_files.plan import Environment, Plan
from scenarios.errors import MachineError
from scenarios.language.timeline import steps_of
from scenarios.process_faults.frameworks import framework_version
from scenarios.run.capture_commands import PROGRAM as CAPTURE_PROGRAM
from scenarios.vm.machine import CLOCK_VARIABLE
from topologies.back_ends import CAPABILITIES, FALLBACK
from topologies.backend_probe import available_link_backend
from topologies.capabilities import refusal
from topologies.openvswitch import probe_datapath
from topologies.sandbox import Sandbox

_PACKAGES = ("mininet", "numba", "numpy", "polars", "redis")
_PROGRAMS = {
    "openvswitch": ("ovs-vswitchd", "--version"),
    "redis-server": ("redis-server", "--version"),
    "iproute2": ("ip", "-V"),
}
_FFMPEG = ("ffmpeg", "-version")
_MEDIA_PROGRAMS: Mapping[MediaProgram, tuple[tuple[str, ...], ...]] = {
    "ffmpeg": (_FFMPEG,),
    # ffmpeg finds the gaps in what GStreamer decoded.
    "gstreamer": (("gst-launch-1.0", "--gst-version"), _FFMPEG),
}
_WEBRTC_PACKAGES = ("aiortc", "aioice")
_VERSION = re.compile(r"\d+(?:\.\d+)+")


def find_environment(sandbox: Sandbox) -> Environment:
    """Probe this machine: back ends by a trial, versions by the programs' own output."""
    links = available_link_backend()
    datapath, datapath_reason = probe_datapath()
    return Environment(
        link_backend=links.name,
        link_backend_reason=links.reason,
        link_backend_seeded=links.seeded,
        datapath=datapath,
        datapath_reason=datapath_reason,
        kernel=platform.release(),
        cpus=len(os.sched_getaffinity(0)),
        privilege=sandbox.privilege,
        clock=os.environ.get(CLOCK_VARIABLE, "real"),
        versions={"python": platform.python_version(), **_package_versions(_PACKAGES), **_program_versions()},
    )


def environment_for(plan: Plan, found: Environment) -> Environment:
    """The environment for a plan on a machine with the environment `found`, with the versions of its controller's
    framework, of the programs of its media and of the Debian packages of its relays. MachineError as `_on_links` raises
    it, and if something is missing."""
    chosen = _on_links(plan, found)
    framework = plan.controller.framework
    needed = {framework: framework_version(framework), **_media_versions(plan), **_webrtc_versions(plan)}
    needed |= _capture_versions(plan)
    chosen = replace(chosen, versions={**chosen.versions, **needed})
    packages = sorted({name for program in plan.relays.programs.values() for name in program.packages})
    return replace(chosen, versions={**chosen.versions, **_debian_versions(packages)}) if packages else chosen


def _on_links(plan: Plan, found: Environment) -> Environment:
    """The environment with the link back end that a plan gets.

    With `links: auto`, the fallback is used if the link back end found cannot do what the plan's events need.
    MachineError if the plan asks for a back end by name that this machine lacks, or that cannot do it.
    """
    if plan.links == FALLBACK:
        return _with_fallback(found, "the scenario asks for it")
    if plan.links not in ("auto", found.link_backend):
        raise _unavailable(plan.links, found.link_backend_reason)
    refused = _refusal(plan, found)
    if refused and plan.links == found.link_backend:
        raise _unavailable(plan.links, refused)
    return _with_fallback(found, refused) if refused else found


def _unavailable(name: str, reason: str) -> MachineError:
    return MachineError(f"the scenario asks for {name}, but {reason}; write links: auto")


def _with_fallback(found: Environment, reason: str) -> Environment:
    seeded = CAPABILITIES[FALLBACK].takes_seed
    return replace(found, link_backend=FALLBACK, link_backend_reason=reason, link_backend_seeded=seeded)


def _refusal(plan: Plan, found: Environment) -> str | None:
    states = (state for step in steps_of(plan.topology, plan.faults) for state in step.states.values())
    reasons = (refusal(found.link_backend, found.link_capabilities, state) for state in states)
    return next(filter(None, reasons), None)


def _package_versions(packages: Iterable[str]) -> dict[str, str]:
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _debian_versions(packages: Iterable[str]) -> dict[str, str]:
    """Versions of those of these Debian packages that are installed."""
    found = {}
    for package in packages:
        try:
            found[package] = run(["dpkg-query", "--show", "--showformat=${Version}", package]).strip()
        except CommandError:
            continue
    return found


def _media_versions(plan: Plan) -> dict[str, str]:
    """Versions of the programs that publish and decode media. MachineError if one, or a part, is missing."""
    found: dict[str, str] = {}
    for group in plan.sessions:
        if group.media in PROGRAM_MEDIA:
            media = PROGRAM_MEDIA[group.media]
            told = {argv[0]: program_version(*argv) for argv in _MEDIA_PROGRAMS[media.program]}
            missing = next((name for name, number in told.items() if number is None), None) or _missing_element(media)
            if missing:
                raise MachineError(f"sessions {group.name} need {missing}, which is not there; scripts/setup --media")
            found |= {name: number for name, number in told.items() if number is not None}
    return found


def _webrtc_versions(plan: Plan) -> dict[str, str]:
    """Versions of what the peers of WebRTC calls are made of. MachineError if it is missing."""
    found = _package_versions(_WEBRTC_PACKAGES) if plan.webrtc else {}
    missing = next((each for each in _WEBRTC_PACKAGES if plan.webrtc and each not in found), None)
    if missing:
        name = plan.webrtc[0].name
        raise MachineError(f"WebRTC calls {name} need {missing}, which is not there; scripts/setup --media")
    return found


def _capture_versions(plan: Plan) -> dict[str, str]:
    """Version of the program that captures. MachineError if it is missing."""
    if not plan.captured.stems:
        return {}
    if found := program_version(CAPTURE_PROGRAM, "--version"):
        return {CAPTURE_PROGRAM: found}
    raise MachineError(f"--pcap needs {CAPTURE_PROGRAM}, which is not there; apt-get install tshark has it")


def _missing_element(media: ProgramMedia) -> str | None:
    """The first element of GStreamer that media need and that is not installed."""
    needed = ELEMENTS[media.codec] if media.program == "gstreamer" else ()
    return next((f"GStreamer's {each}" for each in needed if not _has_element(each)), None)


def _has_element(name: str) -> bool:
    try:
        run(["gst-inspect-1.0", "--exists", name])
    except CommandError:
        return False
    return True


def _program_versions() -> dict[str, str]:
    return {name: found for name, argv in _PROGRAMS.items() if (found := program_version(*argv))}


def program_version(*argv: str) -> str | None:
    """The version number in the output of a command; None if the program is not there or fails."""
    try:
        output = run(argv)
    except CommandError:
        return None
    numbers = _VERSION.search(output)
    return numbers[0] if numbers else output.strip()
