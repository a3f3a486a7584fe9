"""Whom we are to an OPC UA server, and which one certificate we take it by.

There is no automatic trust: a person has seen the server's certificate and put it where the site
file says (Part 2 §8; Team82's rogue servers need a client that accepts what it is shown).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    load_der_private_key,
    load_pem_private_key,
)

from drivers.settings import OpcUa
from edge.errors import ConfigError
from edge.model.clock import NS_PER_S, Instant

_PEM = b"-----BEGIN"


@dataclass(frozen=True, slots=True)
class Identity:
    """Our certificate with its key, and the server's."""

    certificate: x509.Certificate
    private_key: RSAPrivateKey
    trusted: x509.Certificate
    application_uri: str
    """As our certificate has it: a server compares the two (Part 4 §5.6.2)."""


def load(link: OpcUa, now: Instant) -> Identity:
    """Read the three files; done at every connect, so that renewed ones count.

    Raises:
        ConfigError: one is missing, is not what it should be, or is outside its time.
    """
    ours = _certificate(link.certificate, "certificate", now)
    trusted = _certificate(link.trusted, "trusted", now)
    content = _content(link.private_key, "private_key")
    try:
        read = load_pem_private_key if content.startswith(_PEM) else load_der_private_key
        key = read(content, password=None)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"private_key {link.private_key}: not a readable key: {error}") from error
    if not isinstance(key, RSAPrivateKey) or key.public_key() != ours.public_key():
        raise ConfigError(
            f"private_key {link.private_key} is not the RSA key of certificate {link.certificate}"
        )
    return Identity(ours, key, trusted, _application_uri(ours, link.certificate))


def _content(path: str, key: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"{key} {path}: {error.strerror or error}") from error


def _certificate(path: str, key: str, now: Instant) -> x509.Certificate:
    content = _content(path, key)
    try:
        if content.startswith(_PEM):
            certificate = x509.load_pem_x509_certificate(content)
        else:
            certificate = x509.load_der_x509_certificate(content)
    except ValueError as error:
        raise ConfigError(f"{key} {path}: not an X.509 certificate (DER or PEM)") from error
    at = datetime.fromtimestamp(now / NS_PER_S, UTC)
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise ConfigError(
            f"{key} {path}: valid from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} to"
            f" {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC, and it is"
            f" {at:%Y-%m-%d %H:%M}. Renew it, or set the clock."
        )
    return certificate


def _application_uri(certificate: x509.Certificate, path: str) -> str:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return names.get_values_for_type(x509.UniformResourceIdentifier)[0]
    except (x509.ExtensionNotFound, IndexError) as error:
        raise ConfigError(
            f"certificate {path}: no application URI among its alternative names; OPC UA servers"
            " require one (Part 6 §6.2.2). Make it with a URI such as urn:ria:GATEWAY."
        ) from error
