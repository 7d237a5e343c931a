"""The commands on a PostgreSQL database: served by two workers, loaded, exported and reset at the same time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.cli.command import sickbay
from tests.postgres import Server

from sickbay.testing.server import serving

PATIENTS = 40


def patient(number: int) -> bytes:
    body = {"resourceType": "Patient", "id": f"l{number}", "meta": {"versionId": "1"}, "birthDate": "1990-01-01"}
    return json.dumps(body).encode()


def test_the_commands_work_with_a_database(postgres: Server, tmp_path: Path) -> None:
    address = postgres.address()
    place: dict[str, Any] = {"SICKBAY_DATA": address, "XDG_DATA_HOME": str(tmp_path)}
    file = tmp_path / "patients.ndjson"
    file.write_bytes(b"\n".join(map(patient, range(PATIENTS))) + b"\n")
    with serving("--workers", "2", "--patients", "0", environment=place) as live:
        loaded = sickbay("load", str(file), **place)
        assert f"{PATIENTS} new, 0 changed, 0 unchanged, 0 failed." in loaded.stdout, loaded.stderr
        assert f"0 new, 0 changed, {PATIENTS} unchanged" in sickbay("load", str(file), **place).stdout
        assert sickbay("export", str(tmp_path / "out"), **place).returncode == 0
        out = (tmp_path / "out" / "Patient.ndjson").read_bytes()
        assert sorted(out.splitlines()) == sorted(file.read_bytes().splitlines())
        arguments = ("--name", "Mine", "--type", "system", "--client", "symmetric", "--scope", "system/Patient.rs")
        assert sickbay("apps", "add", *arguments, **place).returncode == 0
        assert counts(live.base, **place) == {PATIENTS}
        assert sickbay("reset", "--tenant", "general", **place).returncode == 0
        assert counts(live.base, **place) == {0}
        second = sickbay("serve", "--port", "0", **place)
        assert second.stderr.startswith("sickbay: Sickbay already runs on")
    assert "Mine" in sickbay("apps", "list", **place).stdout
    contradicted = sickbay("serve", "--port", "0", "--patients", "3", **place)
    assert contradicted.returncode == 2
    assert "--patients 3 doesn't match postgresql://sickbay@/postgres" in contradicted.stderr


def counts(base: str, **place: Any) -> set[int]:
    """The totals that both workers report, over separate connections."""
    token = json.loads(sickbay("token", "Mine", "--scope", "system/Patient.rs", "--json", **place).stdout)["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
    responses = [httpx2.get(f"{base}/general/r4/Patient?_summary=count", headers=headers, trust_env=False) for _ in range(8)]
    return {response.json()["total"] for response in responses}


def test_every_command_reports_an_unreachable_database_in_one_sentence(tmp_path: Path) -> None:
    place: dict[str, Any] = {"SICKBAY_DATA": "postgresql://me:secret@localhost:1/sickbay", "XDG_DATA_HOME": str(tmp_path)}
    for command in (("serve", "--port", "0"), ("apps", "list"), ("reset",), ("export", str(tmp_path / "out"))):
        done = sickbay(*command, **place)
        assert done.returncode == 1
        assert done.stderr.startswith("sickbay: PostgreSQL at postgresql://me@localhost:1/sickbay does not answer")
        assert done.stderr.count("\n") == 1
        assert "secret" not in done.stderr


@pytest.mark.parametrize("lacking", ["asyncpg", "greenlet"])
def test_without_the_postgres_extra_the_error_says_how_to_install_it(tmp_path: Path, lacking: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules[{lacking!r}] = None\n")
    path = f"{tmp_path}:{Path(__file__).parents[2] / 'src'}"
    place: dict[str, Any] = {"SICKBAY_DATA": "postgresql://localhost/x", "XDG_DATA_HOME": str(tmp_path), "PYTHONPATH": path}
    done = sickbay("apps", "list", **place)
    assert done.returncode == 1
    advice = "install the packages asyncpg and greenlet into the Python environment of Sickbay"
    assert done.stderr == f"sickbay: PostgreSQL also needs {lacking}: {advice}.\n"
