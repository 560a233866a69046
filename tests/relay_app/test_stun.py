"""STUN messages that the adapter writes, against a test vector of RFC 5769."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import pytest
from program_lab import shipped

from relay_app import programs

USERNAME, REALM, NONCE = 0x0006, 0x0014, 0x0015
USER, REALM_NAME, PASSWORD = "マトリックス", "example.org", "TheMatrIX"
"""As SASLprep (RFC 4013) has the password; the RFC gives it as `The<U+00AD>M<U+00AA>tr<U+2168>` before that."""
NONCE_TEXT = "f//499k954d6OL34oL9FSTvy64sA"
ID = bytes.fromhex("78ad3433c6ad72c029da412e")
MOST_BYTES = 1024

REQUEST = bytes.fromhex(
    "00010060 2112a442 78ad3433 c6ad72c0 29da412e"
    "00060012 e3839ee3 8388e383 aae38383 e382afe3 82b90000"
    "0015001c 662f2f34 39396b39 35346436 4f4c3334 6f4c3946 53547679 36347341"
    "0014000b 6578616d 706c652e 6f726700"
    "00080014 f6702465 6dd64a3e 02b8e071 2e85c9a2 8ca89666"
)
"""RFC 5769 §2.4: a request with long-term authentication."""


class Message(ctypes.Structure):
    """What is written of a message: where it is, and its length so far."""

    _fields_ = (("bytes", ctypes.c_void_p), ("length", ctypes.c_size_t))


@pytest.fixture
def stun(tmp_path: Path) -> ctypes.CDLL:
    """The adapter's own file, as a library."""
    shipped("adapter-alone")  # where it was built there are a compiler and the headers
    source, built = Path(programs.__file__).parent / "adapter" / "stun.c", tmp_path / "stun.so"
    compiler = shutil.which("cc") or pytest.skip("there is no C compiler")
    includes = [f"-I{source.parent}", f"-I{source.parent.parent / 'c'}"]
    command = [compiler, "-std=c11", "-D_GNU_SOURCE", *includes, "-shared", "-fPIC", str(source), "-o", str(built)]
    subprocess.run([*command, "-lcrypto"], check=True)
    library = ctypes.CDLL(str(built))
    library.stun_begin.restype = Message
    return library


def test_a_request_with_long_term_credentials_is_that_of_the_rfc(stun: ctypes.CDLL) -> None:
    room = (ctypes.c_uint8 * MOST_BYTES)()
    message = stun.stun_begin(room, ctypes.c_uint16(1), ID)
    for attribute, text in ((USERNAME, USER), (NONCE, NONCE_TEXT), (REALM, REALM_NAME)):
        value = text.encode()
        stun.stun_add(ctypes.byref(message), attribute, value, ctypes.c_size_t(len(value)))
    stun.stun_sign(ctypes.byref(message), USER.encode(), REALM_NAME.encode(), PASSWORD.encode())
    assert bytes(room[: message.length]) == REQUEST
    assert stun.is_stun(room, ctypes.c_size_t(message.length)) == 1
    assert stun.is_stun(room, ctypes.c_size_t(message.length - 4)) == 0, "cut"
