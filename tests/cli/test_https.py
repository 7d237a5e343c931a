"""`serve --https`: only by TLS, with a certificate that verifies under every name of this machine."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.cli.command import sickbay

from sickbay.cli import certificate
from sickbay.testing.server import serving


def strict(path: Path) -> ssl.SSLContext:
    """A context of a client that trusts this certificate and checks host names."""
    return ssl.create_default_context(cafile=str(path))


def test_it_serves_under_its_own_certificate_and_the_sample_app_too(tmp_path: Path) -> None:
    with serving("--data", str(tmp_path), "--patients", "1"):
        pass  # the sample app was registered for http
    with serving("--data", str(tmp_path), "--https") as running:
        base = running.base
        assert base.startswith("https://localhost:")
        with httpx2.Client(verify=strict(tmp_path / "https.crt"), trust_env=False) as client:
            issuer = running.line["tenants"]["general"]["issuer"]
            document = client.get(f"{issuer}/.well-known/openid-configuration").json()
            assert document["token_endpoint"].startswith(base)
            assert client.get(base.replace("localhost", "127.0.0.1") + "/healthz").status_code == 200
            cookie = client.get(f"{base}/general/ehr/sign-in").headers["set-cookie"]
            assert "secure" in cookie.lower()
            (sample,) = (app for app in client.get(f"{base}/admin/apps").json() if app["client_id"] == "sample-general")
            assert sample["launch_uri"].startswith("https://localhost:")
            assert client.get(sample["launch_uri"]).status_code == 200
            page = client.get(f"{base}/developer/hospitals/general", headers={"Accept": "text/html"}).text
            assert f"curl --cacert {tmp_path}/https.crt -X PATCH {base}/admin/policies/general" in page
        with httpx2.Client(trust_env=False) as client, pytest.raises(httpx2.TransportError):
            client.get(base)
        document = json.loads((tmp_path / "runtime.json").read_text())
        assert document["certificate"] == str(tmp_path / "https.crt")
        listed = sickbay("apps", "list", folder=tmp_path)
        assert "sample-general" in listed.stdout, listed.stderr


def test_a_certificate_is_reused_until_it_lacks_a_name(tmp_path: Path) -> None:
    cert, key = certificate.ensure_certificate(tmp_path, "localhost")
    assert key.stat().st_mode & 0o777 == 0o600
    first = cert.read_bytes()
    assert certificate.ensure_certificate(tmp_path, "127.0.0.1")[0].read_bytes() == first
    assert certificate.ensure_certificate(tmp_path, "ehr.test")[0].read_bytes() != first


def test_who_trusts_the_certificate_trusts_no_other_that_its_key_signed(tmp_path: Path) -> None:
    cert, key = certificate.ensure_certificate(tmp_path, "ehr.test")
    assert handshake_fails(cert, cert, key, "ehr.test") is None
    for host in ("evil.test", "not-ehr.test", "192.0.2.7"):
        signed = sign_another(cert, key, host, tmp_path)
        assert "permitted subtree violation" in str(handshake_fails(cert, *signed, host))


def test_a_certificate_that_could_sign_for_any_host_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as older:
        older.setattr(x509, "NameConstraints", lambda *_: x509.OCSPNoCheck())
        first = certificate.ensure_certificate(tmp_path)[0].read_bytes()
    assert certificate.ensure_certificate(tmp_path)[0].read_bytes() != first


def sign_another(authority: Path, key: Path, host: str, folder: Path) -> tuple[Path, Path]:
    """A chain for another host, signed with the key of a certificate, and its own key."""
    issuer, own = x509.load_pem_x509_certificate(authority.read_bytes()), ec.generate_private_key(ec.SECP256R1())
    issuer_key = serialization.load_pem_private_key(key.read_bytes(), None)
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
    builder = x509.CertificateBuilder(issuer.subject, x509.Name([]), own.public_key(), 1)
    signed = (
        builder.not_valid_before(issuer.not_valid_before_utc)
        .not_valid_after(issuer.not_valid_after_utc)
        .add_extension(x509.SubjectAlternativeName([certificate._general_name(host)]), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "other.crt").write_bytes(signed.public_bytes(form[0]) + authority.read_bytes())
    (folder / "other.key").write_bytes(own.private_bytes(*form))
    return folder / "other.crt", folder / "other.key"


def handshake_fails(trusted: Path, cert: Path, key: Path, host: str) -> ssl.SSLError | None:
    """The error of a TLS handshake in memory, as a client that trusts one certificate sees it."""
    answering = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    answering.load_cert_chain(cert, key)
    sent, received = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = strict(trusted).wrap_bio(received, sent, server_hostname=host)
    server = answering.wrap_bio(sent, received, server_side=True)
    for side in (client, server, client):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLError as error:
            return error
    return None


def test_a_certificate_option_needs_a_key_and_https(tmp_path: Path) -> None:
    cert, key = map(str, certificate.ensure_certificate(tmp_path, "localhost"))
    for arguments in (
        ["--https", "--cert", cert],
        ["--cert", cert, "--key", key],
        ["--https", "--cert", cert, "--key", "none"],
    ):
        assert sickbay("serve", "--ephemeral", *arguments).returncode == 2
    result = sickbay("serve", "--ephemeral", "--https", "--cert", cert, "--key", cert)
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    with serving("--ephemeral", "--patients", "0", "--workers", "2", "--https", "--cert", cert, "--key", key) as running:
        answer = httpx2.get(running.base + "/healthz", verify=strict(Path(cert)), trust_env=False)
        assert answer.status_code == 200
