"""The commands on a PostgreSQL database: served by two workers, loaded, exported and reset beside them."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2
import pytest
from tests.cli.command import sickbay
from tests.postgres import Server

from sickbay.testing.server import serving

MANY = 40


def patient(number: int) -> bytes:
    body = {"resourceType": "Patient", "id": f"l{number}", "meta": {"versionId": "1"}, "birthDate": "1990-01-01"}
    return json.dumps(body).encode()


def test_everything_that_a_folder_can_a_database_can(postgres: Server, tmp_path: Path) -> None:
    address = postgres.address()
    place = {"SICKBAY_DATA": address, "XDG_DATA_HOME": str(tmp_path)}
    given = tmp_path / "patients.ndjson"
    given.write_bytes(b"\n".join(map(patient, range(MANY))) + b"\n")
    with serving("--workers", "2", "--patients", "0", environment=place) as live:
        loaded = sickbay("load", str(given), **place)
        assert f"{MANY} new, 0 changed, 0 unchanged, 0 failed." in loaded.stdout, loaded.stderr
        assert f"0 new, 0 changed, {MANY} unchanged" in sickbay("load", str(given), **place).stdout
        assert sickbay("export", str(tmp_path / "out"), **place).returncode == 0
        out = (tmp_path / "out" / "Patient.ndjson").read_bytes()
        assert sorted(out.splitlines()) == sorted(given.read_bytes().splitlines())
        made = ("--name", "Mine", "--type", "system", "--client", "symmetric", "--scope", "system/Patient.rs")
        assert sickbay("apps", "add", *made, **place).returncode == 0
        assert counts(live.base, **place) == {MANY}
        assert sickbay("reset", "--tenant", "general", **place).returncode == 0
        assert counts(live.base, **place) == {0}
        second = sickbay("serve", "--port", "0", **place)
        assert second.stderr.startswith("sickbay: Sickbay already runs on")
    assert "Mine" in sickbay("apps", "list", **place).stdout
    contradicted = sickbay("serve", "--port", "0", "--patients", "3", **place)
    assert contradicted.returncode == 2
    assert "--patients 3 doesn't match postgresql://sickbay@/postgres" in contradicted.stderr


def counts(base: str, **place: str) -> set[int]:
    """What both workers count, each asked over connections of its own."""
    token = json.loads(sickbay("token", "Mine", "--scope", "system/Patient.rs", "--json", **place).stdout)["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
    asked = [httpx2.get(f"{base}/general/r4/Patient?_summary=count", headers=headers, trust_env=False) for _ in range(8)]
    return {one.json()["total"] for one in asked}


def test_a_database_that_is_not_there_is_said_in_one_sentence_by_every_command(tmp_path: Path) -> None:
    place = {"SICKBAY_DATA": "postgresql://me:secret@localhost:1/sickbay", "XDG_DATA_HOME": str(tmp_path)}
    for command in (("serve", "--port", "0"), ("apps", "list"), ("reset",), ("export", str(tmp_path / "out"))):
        said = sickbay(*command, **place)
        assert said.returncode == 1
        assert said.stderr.startswith("sickbay: PostgreSQL at postgresql://me@localhost:1/sickbay does not answer")
        assert said.stderr.count("\n") == 1
        assert "secret" not in said.stderr


@pytest.mark.parametrize("lacking", ["asyncpg", "greenlet"])
def test_without_the_extra_it_is_said_how_to_get_it(tmp_path: Path, lacking: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"import sys\nsys.modules[{lacking!r}] = None\n")
    path = f"{tmp_path}:{Path(__file__).parents[2] / 'src'}"
    place = {"SICKBAY_DATA": "postgresql://localhost/x", "XDG_DATA_HOME": str(tmp_path), "PYTHONPATH": path}
    said = sickbay("apps", "list", **place)
    assert said.returncode == 1
    assert said.stderr == f"sickbay: PostgreSQL needs {lacking} besides: pip install 'sickbay[postgres]'.\n"
