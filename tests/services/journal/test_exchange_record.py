"""What is stored of an exchange: how large it is, and that it is whole again when it is read."""

from __future__ import annotations

import asyncio
import base64
import json
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow, run

from sickbay.authorization.client_authentication import hashed
from sickbay.authorization.models import Client, Server
from sickbay.diagnosis.case import load, paths
from sickbay.diagnosis.catalogue import BY_ID
from sickbay.diagnosis.stages import KINDS
from sickbay.services.decision import Decision
from sickbay.services.journal import compression, exchange_record
from sickbay.services.journal.exchange import Exchange, RecordedRequest, RecordedResponse
from sickbay.services.journal.exchange_record import filled, minimal, record, stored, text_of
from sickbay.services.journal.live_secrets import LiveSecrets
from sickbay.services.journal.reader import MEMBERS
from sickbay.storage.interface import Put, Record

COMPARED = [name for name, kind in KINDS.items() if kind.stage.compared and kind.own_checks is None]


def decisions() -> list[tuple[str, Decision]]:
    """Of every case of these stages, the refused request and the corrected one."""
    found = []
    for path in paths().values():
        case = load(path)
        for said, sent in (("refused", case.refused), ("corrected", case.corrected)):
            kind = (sent or {}).get("kind")
            if sent and kind in COMPARED:
                found.append((f"{case.id}-{said}", _decision(kind, sent)))
    return found


def _decision(kind: str, given: dict[str, Any]) -> Decision:
    """As it is made live: the registered secret is known by its hash only."""
    request = KINDS[kind].request(given)
    known = KINDS[kind].known(given, request)
    if not isinstance(known.server, Server):
        known = replace(known, server=Server())
    if getattr(known, "secret", None) and isinstance(known.client, Client):
        known = replace(known, secret=None, client=replace(known.client, secret_hash=hashed(known.secret)))
    examination = KINDS[kind].examine(request, known)
    return Decision(KINDS[kind].stage, request, known, examination, examination.decisive())


CASES = dict(decisions())
CHECKSUM = 1546053149
STORED = "AYNmogrkNA7PB7UA"
AVERAGE, LARGEST = 1_000, 2_048
"""Bytes of the record of a refused request."""


def exchange(name: str, body: str | None = '{"error":"invalid_request"}') -> Exchange:
    decision = CASES[name]
    request = decision.request
    url = getattr(request, "raw", "") or request.url or "http://localhost/x"
    wire = RecordedRequest(request.method, url, dict(getattr(request, "headers", {})), getattr(request, "body", ""))
    answer = RecordedResponse(400, {"content-type": "application/json"}, body)
    return Exchange(
        "abcdefghijklmnop",
        1764000000.5,
        "general",
        decision.stage.name,
        "my-app",
        "abcdefghijklmnop",
        wire,
        answer,
        decision,
        decision.explained(),
    )


REFUSED = [name for name, decision in CASES.items() if decision.refusal is not None]


def test_the_record_of_a_refused_request_is_small() -> None:
    sizes = [len(record(exchange(name), LiveSecrets()).value) for name in REFUSED]
    assert len(sizes) > 150
    assert sum(sizes) / len(sizes) < AVERAGE
    assert max(sizes) < LARGEST


@pytest.mark.parametrize("name", REFUSED)
def test_a_record_is_read_as_it_was_decided(name: str) -> None:
    one = exchange(name)
    read = filled(json.loads(text_of(record(one, LiveSecrets()))))
    decision, explanation = CASES[name], one.explanation
    assert explanation is not None
    assert [(each["name"], each["outcome"]) for each in read["checks"]] == [
        (each.name, each.outcome) for each in decision.examination.checked
    ]
    assert [each["id"] for each in read["findings"]] == [each.id for each in explanation.findings]
    for each, finding in zip(read["findings"], explanation.findings, strict=True):
        assert each["severity"] == finding.severity
        assert each["spec"]["url"] == finding.spec.url
        if "‹" not in json.dumps(each["facts"], ensure_ascii=False) and "…" not in json.dumps(
            each["facts"], ensure_ascii=False
        ):
            assert (each["title"], each["why"], each["fix"]) == (finding.title, finding.why, finding.fix)
    assert set(MEMBERS) <= set(read)


def test_nearly_every_finding_of_the_cases_keeps_its_words() -> None:
    """Redaction hides what is not known, and must not hide what the diagnosis is about."""
    whole, all_of_them = 0, 0
    for name in REFUSED:
        one = exchange(name)
        read = filled(json.loads(text_of(record(one, LiveSecrets()))))
        assert one.explanation is not None
        for each, finding in zip(read["findings"], one.explanation.findings, strict=True):
            all_of_them += 1
            whole += (each["title"], each["why"], each["fix"]) == (finding.title, finding.why, finding.fix)
    assert whole / all_of_them > 0.9, (whole, all_of_them)


def test_the_dictionary_of_the_records_never_changes() -> None:
    """A data folder of an earlier revision can be read with the very same one only."""
    assert zlib.crc32(compression.WORDS) == CHECKSUM
    assert compression.unpack(base64.b64decode(STORED)) == b'{"id":"x","stage":"authorize"}'


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
        kept = Record("exchange", "old", json.dumps(old).encode(), "general", "my-app", label="token", at=1)
        await flow.sandbox.runtime.store.transaction([Put(kept)])
        read = await flow.http.get("/exchanges/old", headers={"accept": "application/json"})
        assert read.json()["findings"][0]["title"] == BY_ID["grant-type-missing"].title
        pages = [read, await flow.http.get("/exchanges/old?as=text"), await flow.http.get("/admin/exchanges")]
        pages.append(await flow.http.get("/exchanges/old", headers={"accept": "text/html"}))
        assert [one.status_code for one in pages] == [200] * 4
        assert not [one for one in pages if "hunter2" in one.text]

    run(steps, tmp_path)


@pytest.mark.parametrize("name", REFUSED[::5])
def test_an_exchange_that_was_shown_in_its_own_response_is_stored_as_if_it_was_masked_again(name: str) -> None:
    one = exchange(name, body=None)
    before = one._replace(at=one.at - 0.2, answer=RecordedResponse(400, {"content-type": "text/html"}))
    runtime: Any = None
    kept = asyncio.run(stored(runtime, one, exchange_record._masked(before, LiveSecrets())))
    assert kept == record(one, LiveSecrets())


def test_an_exchange_that_could_not_be_masked_is_stored_without_its_request(monkeypatch: pytest.MonkeyPatch) -> None:
    one = exchange(REFUSED[0], body=None)
    with monkeypatch.context() as patched:
        patched.setattr(exchange_record, "_entry", lambda *_: 1 / 0)
        masked = exchange_record._masked(one._replace(answer=RecordedResponse(200, {})), LiveSecrets())
    runtime: Any = None
    assert text_of(asyncio.run(stored(runtime, one, masked))) == json.dumps(
        minimal(one), separators=(",", ":"), ensure_ascii=False
    )
