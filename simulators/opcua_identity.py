"""A simulated server's own certificate, made where none is."""

from pathlib import Path
from typing import NamedTuple

from asyncua.crypto.cert_gen import setup_self_signed_certificate
from cryptography.x509.oid import ExtendedKeyUsageOID

APPLICATION_URI = "urn:ria:simulator"


class ServerIdentity(NamedTuple):
    """Where the certificate (DER) and its key (PEM) are."""

    certificate: Path
    private_key: Path


async def server_identity(folder: Path) -> ServerIdentity:
    """The server's certificate in this folder, self-signed for a year if it is not there yet."""
    identity = ServerIdentity(folder / "simulator.der", folder / "simulator.pem")
    await setup_self_signed_certificate(
        identity.private_key,
        identity.certificate,
        APPLICATION_URI,
        "localhost",
        [ExtendedKeyUsageOID.SERVER_AUTH],
        {"organizationName": "Ria simulator"},
    )
    return identity
