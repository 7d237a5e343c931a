"""Runs Sickbay behind nginx with the configuration of docs/how-to/behind-a-proxy.md."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import skip_or_fail
from tests.docs.code_blocks import blocks, run
from tests.ports import free_ports

from sickbay.cli import certificate
from sickbay.testing.server import serving

BLOCKS = blocks("docs/how-to/behind-a-proxy.md")
START, CHECK, ADMINISTER = (block.text for block in BLOCKS if block.language == "sh")
(NGINX,) = (block.text for block in BLOCKS if block.language == "nginx")
BASE = "https://ehr.example.org"
AROUND = """
pid nginx.pid;
events {{}}
http {{ access_log off; client_body_temp_path body; proxy_temp_path proxy;
fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path s;
{server} }}
"""


@contextmanager
def nginx(folder: Path, upstream: str, port: int) -> Iterator[None]:
    """Runs nginx with the page's configuration, except for ports and the paths of the certificate."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin")
    if program is None:
        skip_or_fail("nginx", "no nginx in /usr/sbin")
    certificate.ensure_certificate(folder, "ehr.example.org")
    server = NGINX.replace("listen 443", f"listen 127.0.0.1:{port}").replace("7425", upstream)
    server = server.replace("/etc/ssl/ehr/fullchain.pem", str(folder / "https.crt"))
    server = server.replace("/etc/ssl/ehr/privkey.pem", str(folder / "https.key"))
    (folder / "nginx.conf").write_text(AROUND.format(server=server))
    command = [program, "-p", str(folder), "-e", str(folder / "errors.log"), "-c", "nginx.conf"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)  # it goes to the background when it listens
    try:
        yield
    finally:
        subprocess.run([*command, "-s", "stop"], check=True, capture_output=True, timeout=60)


def test_every_address_has_the_public_name_and_administering_needs_the_token(tmp_path: Path) -> None:
    number, port = free_ports(2)
    upstream = str(number)
    options = [*shlex.split(START)[2:], "--data", str(tmp_path / "data"), "--patients", "1"]
    curlrc = f'connect-to = "ehr.example.org:443:127.0.0.1:{port}"\ncacert = "{tmp_path / "https.crt"}"\n'
    with serving(*(option.replace("7425", upstream) for option in options)), nginx(tmp_path, upstream, port):
        found = json.loads(run(tmp_path, CHECK, curlrc))
        assert {value.startswith(BASE) for name, value in found.items() if name.endswith("_endpoint")} == {True}
        refused = run(tmp_path, f"curl -sS -o /dev/null -w '%{{http_code}}' {BASE}/admin/apps", curlrc)
        assert refused == "403"
        assert "Sample app" in run(tmp_path, ADMINISTER, SICKBAY_DATA=str(tmp_path / "data"))
