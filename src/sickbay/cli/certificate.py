"""The certificate of `serve --https`: made for this machine's names, stored in the data folder, renewed before it expires."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sickbay.kernel import private_files

NAMES = ("localhost", "127.0.0.1", "::1")
LASTS = datetime.timedelta(days=397)
"""Browsers refuse certificates with a longer lifetime."""
LEFT = datetime.timedelta(days=30)
"""A certificate that expires sooner is replaced."""


def ensure_certificate(folder: Path, *hosts: str) -> tuple[Path, Path]:
    """Paths of the certificate and the key. Makes new ones if they are missing, expire within LEFT, or lack a host."""
    certificate, key = folder / "https.crt", folder / "https.key"
    names = tuple(dict.fromkeys((*NAMES, *hosts)))
    now = datetime.datetime.now(datetime.UTC)
    if not (private_files.make_private(key, private_files.FILE_MODE) and _is_usable(certificate, names, now)):
        _write_certificate(certificate, key, names, now)
    return certificate, key


def make_trusting_context(certificate: Path) -> ssl.SSLContext:
    """A context that trusts only this certificate, under any host name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(certificate)
    return context


def _is_usable(path: Path, names: tuple[str, ...], now: datetime.datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        names_in_it = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        certificate.extensions.get_extension_for_class(x509.NameConstraints)  # an older version made certificates without it
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    return certificate.not_valid_after_utc > now + LEFT and set(map(_general_name, names)) <= set(names_in_it)


def _write_certificate(certificate: Path, key: Path, names: tuple[str, ...], now: datetime.datetime) -> None:
    private_key = ec.generate_private_key(ec.SECP256R1())
    pem = private_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with private_files.Drafts(key.parent) as files:
        files.file(key.name).write(pem)
        files.file(certificate.name).write(_make_certificate(private_key, names, now).public_bytes(serialization.Encoding.PEM))


def _make_certificate(
    private_key: ec.EllipticCurvePrivateKey, names: tuple[str, ...], now: datetime.datetime
) -> x509.Certificate:
    """Makes a self-signed certificate.

    Some clients only let people import certificates of authorities, so it is one, but only for its own names: a client that
    trusts it trusts nothing else (RFC 5280, 4.2.1.10).
    """
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sickbay on this machine")])
    usage = x509.KeyUsage(True, False, False, False, False, True, False, False, False)
    identifier = x509.SubjectKeyIdentifier.from_public_key(private_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + LASTS - datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(list(map(_general_name, names))), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints(list(map(_parse_permitted_name, names)), None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .sign(private_key, hashes.SHA256())
    )


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _parse_permitted_name(text: str) -> x509.GeneralName:
    """What the name constraints permit. An address is a network that contains only itself."""
    name = _general_name(text)
    return x509.IPAddress(ipaddress.ip_network(name.value)) if isinstance(name, x509.IPAddress) else name
