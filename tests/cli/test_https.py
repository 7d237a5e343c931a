"""`serve --https`: only by TLS, with a certificate that verifies under every name of this machine."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import httpx2
import pytest
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
