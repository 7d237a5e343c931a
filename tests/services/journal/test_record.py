"""The record of an exchange: its size, and that reading it restores everything."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from tests.flows.flow import Flow, run
from tests.laws import for_each

from sickbay.authorization.models import Client, Server
from sickbay.authorization.token.client_authentication import hash_secret
from sickbay.diagnosis.case import list_paths, load
from sickbay.diagnosis.catalogue import BY_ID
from sickbay.diagnosis.kinds import KINDS
from sickbay.diagnosis.stages import FHIR_STAGES
from sickbay.services.decision import Decision
from sickbay.services.journal import packing
from sickbay.services.journal import record as exchange_record
from sickbay.services.journal.exchange_json import MEMBERS, add_derived_members
from sickbay.services.journal.packing import text_of
from sickbay.services.journal.record import Exchange, build_record, make_minimal, make_record
from sickbay.services.redaction.live_secrets import LiveSecrets
from sickbay.services.redaction.redaction import RecordedRequest, RecordedResponse
from sickbay.storage.interface import Put, Record

COMPARED = [name for name, kind in KINDS.items() if kind.stage.examiner.compared and kind.own_checks is None]


def decisions() -> list[tuple[str, Decision[Any, Any]]]:
    """The refused and the corrected request of every case of these stages."""
    decisions_by_name = []
    for path in list_paths().values():
        case = load(path)
        for version, evidence in (("refused", case.refused), ("corrected", case.corrected)):
            kind = (evidence or {}).get("kind")
            if evidence and kind in COMPARED:
                decisions_by_name.append((f"{case.id}-{version}", _decision(kind, evidence)))
    return decisions_by_name


def _decision(kind: str, evidence: dict[str, Any]) -> Decision[Any, Any]:
    """A decision as in a live request, where only the hash of the registered secret is known."""
    request = KINDS[kind].request(evidence)
    context = KINDS[kind].context(evidence, request)
    if not isinstance(context.server, Server):
        context = structs.replace(context, server=Server())
    if getattr(context, "secret", None) and isinstance(context.client, Client):
        context = structs.replace(
            context, secret=None, client=structs.replace(context.client, secret_hash=hash_secret(context.secret))
        )
    examination = KINDS[kind].examine(request, context)
    return Decision(KINDS[kind].stage, request, context, examination, examination.decisive())


CASES = dict(decisions())
AVERAGE, LARGEST = 1_000, 2_048
"""Maximum bytes of the record of a refused request, on average and for the largest."""


def exchange(name: str, body: str | None = '{"error":"invalid_request"}') -> Exchange:
    decision = CASES[name]
    request = decision.request
    url = getattr(request, "raw", "") or request.url or "http://localhost/x"
    request_recorded = RecordedRequest(request.method, url, dict(getattr(request, "headers", {})), getattr(request, "body", ""))
    response = RecordedResponse(400, {"content-type": "application/json"}, body)
    return Exchange(
        "abcdefghijklmnop",
        1764000000.5,
        "general",
        decision.stage.name,
        "my-app",
        "abcdefghijklmnop",
        request_recorded,
        response,
        decision,
        decision.explain(),
    )


REFUSED = [name for name, decision in CASES.items() if decision.refusal is not None]


def test_the_record_of_a_refused_request_is_small() -> None:
    sizes = [len(make_record(exchange(name), 1, build_record(exchange(name), LiveSecrets())).value) for name in REFUSED]
    assert len(sizes) > 150
    assert sum(sizes) / len(sizes) < AVERAGE
    assert max(sizes) < LARGEST


@pytest.mark.parametrize(("seconds", "milliseconds"), [(0.00004, 0.1), (0.00012, 0.1), (0.0123, 12.3), (0.0, None)])
def test_every_measured_response_has_a_duration(seconds: float, milliseconds: float | None) -> None:
    measured = structs.replace(exchange(REFUSED[0]), seconds=seconds)
    recorded = json.loads(text_of(make_record(measured, 1, build_record(measured, LiveSecrets()))))
    assert recorded.get("milliseconds") == milliseconds


@for_each("name", REFUSED)
def test_a_record_is_read_as_it_was_decided(name: str) -> None:
    recorded = exchange(name)
    read = add_derived_members(json.loads(text_of(make_record(recorded, 1, build_record(recorded, LiveSecrets())))))
    decision, explanation = CASES[name], recorded.explanation
    assert explanation is not None
    assert [(check["name"], check["outcome"]) for check in read["checks"]] == [
        (check.name, check.outcome) for check in decision.examination.checked
    ]
    assert [stored_finding["id"] for stored_finding in read["findings"]] == [finding.id for finding in explanation.findings]
    for stored_finding, finding in zip(read["findings"], explanation.findings, strict=True):
        assert stored_finding["severity"] == finding.severity
        assert stored_finding["spec"]["url"] == finding.spec.url
        if "‹" not in json.dumps(stored_finding["facts"], ensure_ascii=False) and "…" not in json.dumps(
            stored_finding["facts"], ensure_ascii=False
        ):
            assert (stored_finding["title"], stored_finding["why"], stored_finding["fix"]) == (
                finding.title,
                finding.why,
                finding.fix,
            )
    assert set(MEMBERS) <= set(read)


def test_nearly_every_finding_of_the_cases_keeps_its_texts() -> None:
    """Redaction hides unknown values, but must not hide what the diagnosis is about."""
    unchanged, total = 0, 0
    for name in REFUSED:
        recorded = exchange(name)
        read = add_derived_members(json.loads(text_of(make_record(recorded, 1, build_record(recorded, LiveSecrets())))))
        assert recorded.explanation is not None
        for stored_finding, finding in zip(read["findings"], recorded.explanation.findings, strict=True):
            total += 1
            unchanged += (stored_finding["title"], stored_finding["why"], stored_finding["fix"]) == (
                finding.title,
                finding.why,
                finding.fix,
            )
    assert unchanged / total > 0.9, (unchanged, total)


@pytest.mark.parametrize(
    ("stages", "mark", "share"),
    [(FHIR_STAGES, packing.FHIR_MARK, 0.9), (exchange_record.OAUTH_STAGES, packing.OAUTH_MARK, 0.95)],
)
def test_the_record_of_a_frequent_granted_request_is_smaller_with_a_dictionary_of_its_own(
    stages: Collection[str], mark: bytes, share: float
) -> None:
    granted = [name for name, decision in CASES.items() if decision.refusal is None and decision.stage.name in stages]
    texts = [(exchange(name), build_record(exchange(name), LiveSecrets(), compare=False)) for name in granted]
    stored = [make_record(recorded, 1, text).value for recorded, text in texts]
    assert len(stored) > 10
    assert {value[:1] for value in stored} == {mark}
    assert sum(map(len, stored)) < sum(len(packing.pack(text.text)) for _, text in texts) * share


def test_a_record_of_an_older_sickbay_is_redacted_when_it_is_read(tmp_path: Path) -> None:
    old = {
        "id": "old",
        "at": 1764000000.0,
        "tenant": "general",
        "app": "my-app",
        "launch": None,
        "stage": "token",
        "request": {
            "method": "POST",
            "url": "http://localhost:7425/general/oauth/token?foo=hunter2",
            "headers": {"x": "hunter2"},
            "body": '{"code": "hunter2",',
        },
        "response": {"status": 400, "headers": {"content-type": "application/json"}, "body": '{"error":"invalid_request"}'},
        "checks": [{"name": "grant_type_is_sent", "outcome": "refused"}],
        "findings": [
            {
                "id": "grant-type-missing",
                "severity": "error",
                "title": "hunter2",
                "why": "hunter2",
                "fix": "hunter2",
                "facts": {"received": "hunter2"},
                "spec": {"name": "", "url": ""},
                "degree": "certain",
                "parameter": None,
                "refused": True,
            }
        ],
        "corrected": {"url": "http://localhost:7425/general/oauth/token", "body": "client_secret=hunter2"},
        "again": {"stage": "token", "request": {"body": "hunter2"}},
        "decided": "grant-type-missing",
    }

    async def steps(flow: Flow) -> None:
        old_record = Record("exchange", "old", json.dumps(old).encode(), "general", "my-app", label="token", at=1)
        await flow.sandbox.runtime.store.transaction([Put(old_record)])
        read = await flow.http.get("/exchanges/old", headers={"accept": "application/json"})
        assert read.json()["findings"][0]["title"] == BY_ID["grant-type-missing"].title
        pages = [read, await flow.http.get("/exchanges/old?as=text"), await flow.http.get("/admin/exchanges")]
        pages.append(await flow.http.get("/exchanges/old", headers={"accept": "text/html"}))
        assert [page.status_code for page in pages] == [200] * 4
        assert not [page for page in pages if "hunter2" in page.text]

    run(steps, tmp_path)


def test_an_exchange_whose_redaction_failed_is_stored_without_its_request(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = exchange(REFUSED[0], body=None)
    monkeypatch.setattr(exchange_record, "_build_entry", lambda *_: 1 / 0)
    assert json.loads(build_record(recorded, LiveSecrets()).text) == make_minimal(recorded)
