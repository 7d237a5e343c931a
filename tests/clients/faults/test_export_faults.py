"""smart-fetch, a bulk client, unmodified: it sees the fault of an export, and the exchanges show it as injected."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.clients.client_kit import AdminClient
from tests.clients.faults import (
    test_authorize_faults,
    test_discovery_faults,
    test_fhir_faults,
    test_msal_faults,
    test_token_faults,
    test_wire_faults,
)
from tests.clients.faults.meeting import Case, Meeting, check_exchanges
from tests.clients.test_smart_fetch import fetch, service

from sickbay.faults.kinds import list_kinds

pytestmark = pytest.mark.timeout(400)  # one process of the clients runs before the first test
CASE = Case({"kind": "export", "value": "error-files"}, "smart-fetch", "exports", "")


def test_an_error_file_that_can_not_be_read_fails_the_export(sickbay: AdminClient, tmp_path: Path) -> None:
    app, key = service(sickbay, tmp_path)
    with sickbay.http as http:
        fault = http.post("/admin/faults", json=CASE.fault | {"app": app["client_id"]}).raise_for_status().json()["id"]
        access = ("--fhir-url", sickbay.fhir("r4"), "--smart-client-id", app["client_id"], "--smart-key", str(key))
        process = fetch("bulk", str(tmp_path / "out"), *access, "--group", "panel-pr-1", "--type", "Patient")
        http.delete(f"/admin/faults/{fault}")
    assert process.returncode == 1
    assert f"injected-fault-{fault}.ndjson" in process.stdout + process.stderr
    exchanges = sickbay.exchanges(app)
    marked = [entry for entry in exchanges if (entry["injected"] or {}).get("fault") == fault]
    assert {entry["response"]["status"] for entry in marked} >= {200, 404}
    check_exchanges(sickbay, CASE, Meeting(process.stderr, None, exchanges, marked))


def test_every_kind_of_fault_meets_an_unmodified_client() -> None:
    modules = (
        test_authorize_faults,
        test_discovery_faults,
        test_fhir_faults,
        test_msal_faults,
        test_token_faults,
        test_wire_faults,
    )
    met = {case.fault["kind"] for module in modules for case in module.CASES}
    assert met | {CASE.fault["kind"]} == list_kinds().keys()
