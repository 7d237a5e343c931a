"""smart-fetch, unmodified, as a backend service: it signs with its key and exports a Group into files."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from tests.clients.client_kit import Desk

SCOPE = "system/*.rs"
TYPES = "Patient,Observation,Condition,Encounter,AllergyIntolerance,MedicationRequest"


def service(desk: Desk, folder: Path) -> tuple[dict[str, Any], Path]:
    """The registered app, and the file of its keys."""
    key = RSAKey.generate_key(2048, {"kid": "fetch", "alg": "RS384", "use": "sig", "key_ops": ["sign"]})
    private = folder / "keys.jwks"
    private.write_text(json.dumps({"keys": [key.as_dict(private=True)]}))
    public = {"keys": [key.as_dict(private=False) | {"key_ops": ["verify"]}]}
    return desk.register(type="system", client="asymmetric", scope=SCOPE, jwks=public), private


def fetch(*arguments: str) -> subprocess.CompletedProcess[str]:
    tool = Path(sys.executable).with_name("smart-fetch")
    return subprocess.run([tool, *arguments], capture_output=True, text=True, timeout=100)


def exported(folder: Path) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.rglob("*.ndjson*")):
        text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
        for line in text.splitlines():
            one = json.loads(line)
            if "resourceType" in one:
                found.setdefault(one["resourceType"], []).append(one)
    return found


@pytest.mark.timeout(200)
@pytest.mark.parametrize("command", ["bulk", "export"])
def test_a_group_is_exported_through_backend_services(desk: Desk, tmp_path: Path, command: str) -> None:
    app, key = service(desk, tmp_path)
    out = tmp_path / "out"
    done = fetch(
        command,
        str(out),
        "--fhir-url",
        desk.fhir("r4"),
        "--group",
        "panel-pr-1",
        "--smart-client-id",
        app["client_id"],
        "--smart-key",
        str(key),
        "--type",
        TYPES,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = exported(out)
    group = desk.get("r4", "Group/panel-pr-1")
    members = {one["entity"]["reference"].partition("/")[2] for one in group["member"]}
    assert {one["id"] for one in found["Patient"]} == members
    assert {one["subject"]["reference"].partition("/")[2] for one in found["Observation"]} <= members
    assert len(found["Observation"]) > 100
    refused = [one for one in desk.exchanges(app) if any(each["severity"] == "error" for each in one["findings"])]
    assert refused == []
