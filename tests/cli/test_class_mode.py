"""`sickbay serve --class-mode`: the addresses that students use, and the certificate for them."""

from __future__ import annotations

import json
import shlex
import ssl
import stat
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from cryptography import x509
from tests.docs.code_blocks import blocks

from sickbay.cli import sockets, terminal
from sickbay.cli.serve_options import ServeOptions
from sickbay.cli.start_serving import _adapt_to_class
from sickbay.testing.server import serving

(START,) = (block.text for block in blocks("docs/how-to/teach-a-class.md") if block.language == "sh")


@pytest.mark.parametrize(
    ("options", "host", "base"),
    [
        (ServeOptions(class_mode=True), "0.0.0.0", "http://192.0.2.17:7425"),
        (ServeOptions(class_mode=True, https=True), "0.0.0.0", "https://192.0.2.17:7425"),
        (ServeOptions(class_mode=True, host="203.0.113.9"), "203.0.113.9", "http://203.0.113.9:7425"),
        (ServeOptions(class_mode=True, host="2001:db8::1"), "2001:db8::1", "http://[2001:db8::1]:7425"),
        (ServeOptions(class_mode=True, host="localhost"), "localhost", "http://localhost:7425"),
        (ServeOptions(class_mode=True, base_url="https://ehr.example.org"), "0.0.0.0", "https://ehr.example.org"),
    ],
)
def test_students_use_the_address_of_the_machine_unless_the_teacher_chose_another(
    options: ServeOptions, host: str, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "find_network_address", lambda: "192.0.2.17")
    settings = _adapt_to_class(options.settings())
    assert (settings.host, settings.base) == (host, base)
    assert settings.needs_token


def test_a_machine_without_a_network_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sockets, "find_network_address", lambda: None)
    assert _adapt_to_class(ServeOptions(class_mode=True).settings()).base == "http://localhost:7425"
    assert "no address of this machine" in capsys.readouterr().err


def test_the_address_in_the_network_is_not_a_loopback_one() -> None:
    found = sockets.find_network_address()
    assert found is None or not found.startswith("127.")


def test_without_class_mode_only_this_machine_can_connect() -> None:
    settings = ServeOptions().settings()
    assert (settings.host, settings.base, settings.needs_token) == ("127.0.0.1", "http://localhost:7425", False)


def test_the_link_is_printed_with_a_qr_code_only_on_a_terminal() -> None:
    assert terminal.class_link("http://x/y", draws=False) == "Students join at http://x/y"
    drawn = terminal.class_link("http://x/y", draws=True).splitlines()
    assert len(drawn) > 10
    assert {len(line) for line in drawn[1:] if "\x1b" not in line} <= {len(drawn[1])}


def test_the_command_of_the_guide_serves_https_under_the_address_that_students_use(tmp_path: Path) -> None:
    options = shlex.split(START)[2:]
    options[options.index("class")] = str(tmp_path / "class")
    with serving(
        *options, "--patients", "1", "--base-url", "https://ehr.example.org:7425", "--allowed-host", "ehr.test"
    ) as live:
        certificate, key = tmp_path / "class" / "https.crt", tmp_path / "class" / "https.key"
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        parsed = x509.load_pem_x509_certificate(certificate.read_bytes())
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert {*names.get_values_for_type(x509.DNSName)} == {"localhost", "ehr.example.org", "ehr.test"}
        assert urlsplit(live.line["class"]["join"])[:2] == ("https", "ehr.example.org:7425")
        assert live.line["tenants"]["general"]["token"].startswith("https://ehr.example.org:7425/")
        port = json.loads((tmp_path / "class" / "runtime.json").read_text())["port"]
        context = ssl.create_default_context(cafile=certificate)
        with httpx2.Client(verify=context, trust_env=False, base_url=f"https://localhost:{port}") as http:
            served = http.get("/developer/certificate")
            assert (served.status_code, served.content) == (200, certificate.read_bytes())
            assert http.get("/developer/class").status_code == 403
            join = urlsplit(live.line["class"]["join"]).path
            assert "Your name" in http.get(join, headers={"Accept": "text/html"}).text


def test_without_class_mode_there_is_no_page_of_a_class(tmp_path: Path) -> None:
    with serving("--data", str(tmp_path / "data"), "--patients", "1") as live, httpx2.Client(trust_env=False) as http:
        for path in ("/developer/class", "/developer/join", "/developer/join/x", "/developer/certificate"):
            assert http.get(live.base + path).status_code == 404, path
