"""System calls of blocked threads, and owners of locks, against the C library's and the kernel's own definitions."""

from __future__ import annotations

import platform
import re
import struct
from pathlib import Path

import pytest

from hostio.blocked_calls import _NUMBERS, FUTEX, BlockedCall, lock_address, owner_of, parse_blocked_call

HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
PRIVATE = 128
ADDRESS = 0x55ED9B530080


@pytest.mark.parametrize("machine", HEADERS if platform.machine() == "x86_64" else ["aarch64"])
def test_numbers_are_those_of_the_kernels_headers(machine: str) -> None:
    defined = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", HEADERS[machine].read_text()))
    ours = dict(each.split("=") for each in _NUMBERS[machine].split())
    assert len(ours) > 20
    assert ours == {name: defined[name] for name in ours}


def test_a_blocked_call_is_read_with_its_arguments() -> None:
    text = "202 0x55ed9b530080 0x80 0x2 0x0 0x0 0x0 0x7efe5a133e98 0x7efe5a9bf12b\n"
    assert parse_blocked_call(text) == BlockedCall(202, (ADDRESS, PRIVATE, 2, 0, 0, 0))


@pytest.mark.parametrize("text", ["running\n", "-1 0x7fff 0x7efe\n", ""])
def test_a_thread_that_is_in_no_call_has_none(text: str) -> None:
    assert parse_blocked_call(text) is None


def futex(operation: int, value: int) -> BlockedCall:
    assert FUTEX is not None
    return BlockedCall(FUTEX, (ADDRESS, operation, value, 0, 0, 0))


def memory(*words: int) -> bytes:
    return struct.pack("=3I", *words)


@pytest.mark.parametrize(
    ("call", "words", "owner"),
    [
        (futex(0 | PRIVATE, 2), (2, 0, 4711), 4711),
        (futex(9 | PRIVATE | 256, 2), (2, 0, 4711), 4711),
        (futex(0 | PRIVATE, 2), (0, 0, 4711), 0),
        (futex(0 | PRIVATE, 0x80000000 | 4711), (0x80000000 | 4711, 9, 9), 4711),
        (futex(6 | PRIVATE, 0), (0x80000000 | 4711, 0, 0), 4711),
    ],
    ids=["glibc", "glibc, with a time limit", "released", "musl", "priority inheritance"],
)
def test_the_owner_stands_in_the_lock(call: BlockedCall, words: tuple[int, int, int], owner: int) -> None:
    assert lock_address(call) == ADDRESS
    assert owner_of(call, memory(*words)) == owner


def test_a_condition_variable_has_no_owner() -> None:
    assert lock_address(futex(9 | PRIVATE | 256, 0)) is None
    assert lock_address(BlockedCall(-1, (ADDRESS, PRIVATE, 2, 0, 0, 0))) is None


def test_only_calls_on_one_descriptor_have_one() -> None:
    assert parse_blocked_call("9999 0x3 0x0 0x0 0x0 0x0 0x0 0x0 0x0") == BlockedCall(9999, (3, 0, 0, 0, 0, 0))
    unknown = BlockedCall(9999, (3, 0, 0, 0, 0, 0))
    assert (unknown.name, unknown.descriptor) == ("system call 9999", None)
    assert (futex(PRIVATE, 2).name, futex(PRIVATE, 2).descriptor) == ("futex", None)
