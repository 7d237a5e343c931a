"""smart-fetch, unmodified, as a backend service: signs with its key and exports a Group into files."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from tests.clients.client_kit import AdminClient

SCOPE = "system/*.rs"
TYPES = "Patient,Observation,Condition,Encounter,AllergyIntolerance,MedicationRequest"


def service(sickbay: AdminClient, folder: Path) -> tuple[dict[str, Any], Path]:
    """Returns the registered app, and the file with its keys."""
    key = RSAKey.generate_key(2048, {"kid": "fetch", "alg": "RS384", "use": "sig", "key_ops": ["sign"]})
    private = folder / "keys.jwks"
    private.write_text(json.dumps({"keys": [key.as_dict(private=True)]}))
    public = {"keys": [key.as_dict(private=False) | {"key_ops": ["verify"]}]}
    return sickbay.register(type="system", client="asymmetric", scope=SCOPE, jwks=public), private


def fetch(*arguments: str) -> subprocess.CompletedProcess[str]:
    tool = Path(sys.executable).with_name("smart-fetch")
    return subprocess.run([tool, *arguments], capture_output=True, text=True, timeout=100)


def export(folder: Path) -> dict[str, list[dict[str, Any]]]:
    by_type: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.rglob("*.ndjson*")):
        text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
        for line in text.splitlines():
            resource = json.loads(line)
            if "resourceType" in resource:
                by_type.setdefault(resource["resourceType"], []).append(resource)
    return by_type


@pytest.mark.timeout(200)
@pytest.mark.parametrize("command", ["bulk", "export"])
def test_a_group_is_exported_through_backend_services(sickbay: AdminClient, tmp_path: Path, command: str) -> None:
    app, key = service(sickbay, tmp_path)
    target = tmp_path / "out"
    process = fetch(
        command,
        str(target),
        "--fhir-url",
        sickbay.fhir("r4"),
        "--group",
        "panel-pr-1",
        "--smart-client-id",
        app["client_id"],
        "--smart-key",
        str(key),
        "--type",
        TYPES,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    by_type = export(target)
    group = sickbay.get("r4", "Group/panel-pr-1")
    members = {member["entity"]["reference"].partition("/")[2] for member in group["member"]}
    assert {patient["id"] for patient in by_type["Patient"]} == members
    assert {observation["subject"]["reference"].partition("/")[2] for observation in by_type["Observation"]} <= members
    assert len(by_type["Observation"]) > 100
    refused = [
        exchange
        for exchange in sickbay.exchanges(app)
        if any(finding["severity"] == "error" for finding in exchange["findings"])
    ]
    assert refused == []
