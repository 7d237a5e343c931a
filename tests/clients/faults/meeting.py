"""Lets unmodified clients meet injected faults, and reads what each of them saw and what Sickbay recorded."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.clients.client_kit import AdminClient
from tests.conftest import skip_or_fail

HERE = "http://localhost:8100/callback"
SCOPE = "openid fhirUser launch/patient offline_access patient/Patient.rs patient/Observation.rs patient/Encounter.rs"
APP = Path(__file__).parent / "clients.mjs"
CLIENTS = ("fhirclient", "oidc-client-ts", "openid-client")


class Case(NamedTuple):
    """A fault, and the client that meets it.

    fault: its kind and members, without a filter for the app, which is added unless `is_for_all`. sees: a part of the
    message of the client's error, or what it returns. more: further input of the step. later: the step injects the fault.
    """

    fault: dict[str, Any]
    client: str
    step: str
    sees: str | Sequence[Any] | dict[str, Any] | None
    more: dict[str, Any] | None = None
    later: bool = False
    is_for_all: bool = False

    @property
    def name(self) -> str:
        value = self.fault.get("value", "")
        return " ".join(filter(None, (self.fault["kind"], value if isinstance(value, str) else str(value), "at", self.client)))


class Meeting(NamedTuple):
    """What a client saw: its error, or the value that it returned. exchanges: of the app. marked: those that show the fault."""

    error: str
    value: Any
    exchanges: list[dict[str, Any]]
    marked: list[dict[str, Any]]


def meet(sickbay: AdminClient, node: Path, cases: Sequence[Case]) -> list[Meeting]:
    """Run the cases one after the other, in one process."""
    missing = [name for name in CLIENTS if not (node / name).is_dir()]
    if missing:
        skip_or_fail("node", f"no {', '.join(missing)} in node_modules; run make node")
    sent = []
    patient = sickbay.patient()
    for case in cases:
        scope = (case.more or {}).get("scope", SCOPE)
        app = sickbay.register(redirect_uris=[HERE], scope=scope, **sickbay.auto_approved(patient=patient))
        fault = case.fault | ({} if case.is_for_all else {"app": app["client_id"]})
        common = {"client": case.client, "step": case.step, "fault": fault, "later": case.later}
        sent.append({"client_id": app["client_id"], "scope": scope, "patient": patient, **common, **(case.more or {})})
    issuer = sickbay.line["tenants"]["general"]["issuer"]
    told = {"base": sickbay.line["base"], "issuer": issuer, "fhir": sickbay.fhir("r4"), "cases": sent}
    process = subprocess.run(["node", APP], input=json.dumps(told), capture_output=True, text=True, timeout=360, check=False)
    assert process.returncode == 0, process.stderr[-3000:]
    outcomes = json.loads(process.stdout)
    recorded = _read_exchanges(sickbay, {outcome["fault"] for outcome in outcomes})
    return [_describe(outcome, recorded, app["client_id"]) for outcome, app in zip(outcomes, sent, strict=True)]


def _read_exchanges(sickbay: AdminClient, faults: set[str]) -> list[dict[str, Any]]:
    """Wait until each fault has an exchange: a client that gave up doesn't wait for the response that is recorded."""
    until = time.monotonic() + 60
    while True:
        with sickbay.http as http:
            recorded: list[dict[str, Any]] = http.get("/admin/exchanges", params={"limit": 1000}).raise_for_status().json()
        if faults <= {(entry["injected"] or {}).get("fault") for entry in recorded} or time.monotonic() > until:
            return recorded
        time.sleep(0.2)


def _describe(outcome: dict[str, Any], recorded: Sequence[dict[str, Any]], client_id: str) -> Meeting:
    exchanges = [entry for entry in recorded if entry["app"] == client_id]
    marked = [entry for entry in recorded if (entry["injected"] or {}).get("fault") == outcome["fault"]]
    return Meeting(outcome.get("error", ""), outcome.get("value"), exchanges, marked)


def check_client(case: Case, meeting: Meeting) -> None:
    """The client saw the failure."""
    if isinstance(case.sees, str) and meeting.error:
        assert case.sees in meeting.error, meeting.error
    else:
        assert not meeting.error, meeting.error
        assert meeting.value == case.sees, meeting.value


def check_exchanges(sickbay: AdminClient, case: Case, meeting: Meeting) -> None:
    """The page and the JSON of each marked exchange show the fault, and no finding blames the app, not even later ones."""
    assert meeting.marked
    for entry in (*meeting.exchanges, *meeting.marked):
        blamed = [finding["id"] for finding in entry["findings"] if finding["severity"] != "info"]
        assert not blamed, (entry["stage"], blamed)
    for entry in meeting.marked:
        assert entry["injected"]["kind"] == case.fault["kind"]
        with sickbay.http as http:
            page = http.get(f"/exchanges/{entry['id']}", headers={"Accept": "text/html"}).text
        assert f"This is fault {entry['injected']['fault']}" in page
        assert "Injected fault" in page
