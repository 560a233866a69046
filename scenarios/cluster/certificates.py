"""The certificate that scheduler, workers and sweep show one another: one for all, which is its own authority. The only
importer of cryptography.

Whoever has it may have any code run on the machines of all workers: its key is for its owner alone (0600).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scenarios.errors import MachineError

_VALID_FOR = timedelta(days=730)
_SKEW = timedelta(days=1)
"""Clocks of machines differ."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """`folder`: where certificate and key are."""

    folder: Path

    @property
    def certificate(self) -> Path:
        """The certificate, PEM."""
        return self.folder / "certificate.pem"

    @property
    def key(self) -> Path:
        """Its private key, PEM, PKCS #8."""
        return self.folder / "key.pem"

    def require(self) -> None:
        """MachineError if one of them is missing, or if others can read the key."""
        for path in (self.certificate, self.key):
            if not path.is_file():
                raise MachineError(f"{path} is missing; copy the folder from where the scheduler was started")
        if self.key.stat().st_mode & 0o077:
            raise MachineError(f"{self.key} can be read by others, who could run anything here; chmod 600 {self.key}")


def certificates_in(folder: Path) -> Certificates:
    """The certificates of a folder; made, if there are none. OSError; MachineError if they are not whole."""
    found = Certificates(folder)
    if not found.certificate.exists() and not found.key.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        _write(found.key, key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain))
        _write(found.certificate, _certificate(key).public_bytes(encoding))
    found.require()
    return found


def _certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "blipnet-sweep")])
    now = datetime.now(timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
