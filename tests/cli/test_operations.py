"""docs/operations.md: its commands, its table of metrics, and what it promises about stopping and backups."""

from __future__ import annotations

import json
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import apsw
import httpx2
import pytest
from prometheus_client import REGISTRY
from tests.ports import free_port

import sickbay.cli.worker  # noqa: F401  (registers every metric of a server)
from sickbay.testing.server import Live, serving, stop

pytestmark = pytest.mark.usefixtures("new_workers")
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_every_metric_is_in_the_table_with_its_type_and_its_labels() -> None:
    rows = re.findall(r"^\| `(sickbay_\w+)(?:\{([\w,]+)\})?` \| (\w+) \|", PAGE, re.M)
    documented = {name: (kind, labels) for name, labels, kind in rows}
    metrics = {collector for name, collector in REGISTRY._names_to_collectors.items() if name.startswith("sickbay_")}
    registered = {
        metric._name + ("_total" if metric._type == "counter" else ""): (metric._type, ",".join(metric._labelnames))  # type: ignore[attr-defined]
        for metric in metrics
    }
    assert documented == registered
    assert len(rows) == len(documented)


def test_every_json_member_on_the_page_is_one_that_a_line_has() -> None:
    example = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.S)[0])
    assert list(example) == ["time", "level", "message", "correlation_id", "stage", "status", "ms", "tenant", "rule"]


def test_the_commands_of_the_page_work(tmp_path: Path) -> None:
    command = tmp_path / "bin" / "sickbay"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m sickbay "$@"\n')
    command.chmod(0o755)
    port = free_port()
    blocks = [block for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.M | re.S) if "OTEL_" not in block]
    script = "set -eu\nset -m\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + "\n".join(blocks).replace("7425", str(port))
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={
            "HOME": str(tmp_path),
            "PATH": f"{command.parent}:/usr/local/bin:/usr/bin:/bin",
            "SICKBAY_PATIENTS": "1",
            "SICKBAY_PORT": str(port),
        },
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "✓ Server: process" in done.stdout
    assert "# TYPE sickbay_requests_total counter" in done.stdout
    assert "Sickbay is ready" in (tmp_path / "sickbay.log").read_text()


def count(live: Live, series: str) -> float:
    text = httpx2.get(f"{live.base}/metrics", trust_env=False).text
    return sum(float(number) for number in re.findall(rf"^{re.escape(series)} (\S+)$", text, re.M))


def test_the_requests_of_all_workers_are_counted(tmp_path: Path) -> None:
    with serving("--data", str(tmp_path), "--patients", "0", "--workers", "2") as live:
        for _ in range(40):  # each on a new connection, so that both workers get some
            assert httpx2.get(f"{live.base}/general/r4/Patient/x", trust_env=False).status_code == 401
        for series in (
            'sickbay_refusals_total{rule="fhir-token-missing",stage="access"}',
            'sickbay_request_duration_seconds_count{kind="fhir_read"}',
        ):
            while (counted := count(live, series)) < 40:  # a request is counted after its response
                time.sleep(0.01)
            assert counted == 40


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_running_request_is_finished_after_the_ports_were_closed(tmp_path: Path, workers: str) -> None:
    with serving("--data", str(tmp_path), "--patients", "0", "--workers", workers) as live:
        address = urlsplit(live.base)
        assert address.port
        body = b"grant_type=authorization_code&code=x"
        with socket.create_connection(("127.0.0.1", address.port)) as connection:
            head = f"POST /general/oauth/token HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: {len(body)}\r\n"
            connection.sendall(head.encode() + b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" + body[:5])
            while "sickbay_request_body_bytes 0.0" in (text := httpx2.get(f"{live.base}/metrics", trust_env=False).text):
                assert "sickbay_request_body_bytes" in text
            live.process.send_signal(signal.SIGTERM)
            while is_open(address.port):
                time.sleep(0.01)  # thousands of connections a second would take the time in which the request has to end
            connection.sendall(body[5:])
            answer = connection.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"error_uri" in answer
        assert live.process.wait(60) == 0


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_copy_of_the_database_made_while_it_serves_is_a_data_folder(tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    app = {"name": "Kept", "type": "system", "client": "symmetric", "scope": "system/Patient.rs"}
    with serving("--data", str(tmp_path / "first"), "--patients", "1") as live:
        assert httpx2.post(f"{live.base}/admin/apps", json=app, trust_env=False).status_code == 201
        with closing(apsw.Connection(str(tmp_path / "first" / "sickbay.db"), flags=apsw.SQLITE_OPEN_READONLY)) as db:
            db.execute("VACUUM INTO ?", (str(tmp_path / "copy" / "sickbay.db"),))
        stop(live.process)
    with serving("--data", str(tmp_path / "copy")) as live:
        assert "Kept" in [app["name"] for app in live.line["apps"]]
