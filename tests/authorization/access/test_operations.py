"""Exports cover whole populations: only with system scopes, asynchronous, and as NDJSON."""

from __future__ import annotations

import pytest
from msgspec import structs

from sickbay.authorization import access
from sickbay.authorization.access import operations
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, Client, Server
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.request_error import RequestError
from sickbay.kernel.checks import Refusal, examine
from sickbay.protocol.parameters import parse

NOW = 1_764_000_000
BASE = "http://localhost:7425/general/r4"
TOKEN = AccessToken("app", "system/*.rs", BASE, NOW + 100, "f")
KNOWN = AccessContext(now=NOW, server=Server(), client=Client("app"), token=TOKEN, user=None, version="r4")
LATER = {"authorization": "Bearer t", "prefer": "respond-async"}
EXPORT = AccessRequest("GET", BASE, "/$export", headers=LATER, interaction="operation", letters="rs")


def refusals(request: AccessRequest, context: AccessContext = KNOWN) -> tuple[Refusal, ...]:
    return examine((*access.TOKEN_CHECKS, *operations.CHECKS), request, context).refusals


@pytest.mark.parametrize("path", ["/$export", "/Patient/$export", "/Group/g/$export/"])
def test_a_system_may_export(path: str) -> None:
    assert operations.is_export(structs.replace(EXPORT, path=path))
    assert refusals(structs.replace(EXPORT, path=path)) == ()


@pytest.mark.parametrize("path", ["/Patient", "/$export-status/1", "/Patient/$everything", "/$export/x"])
def test_other_requests_are_not_subject_to_the_export_rules(path: str) -> None:
    request = structs.replace(EXPORT, path=path, headers={"authorization": "Bearer t"}, parameters=parse("_outputFormat=csv"))
    assert not operations.is_export(request)
    assert refusals(request, structs.replace(KNOWN, token=structs.replace(TOKEN, scope="user/*.rs"))) == ()


@pytest.mark.parametrize("scope", ["user/*.rs", "system/*.rs patient/Patient.rs", "openid", ""])
def test_user_scopes_cannot_export(scope: str) -> None:
    resource_scopes = tuple(scope for scope in scope.split() if "/" in scope)
    facts = {"held": resource_scopes, "needed": "system/*.rs", "received": scope}
    known = structs.replace(KNOWN, token=structs.replace(TOKEN, scope=scope))
    assert refusals(EXPORT, known) == (Refusal("bulk-not-by-system", "insufficient_scope", facts, 403),)


@pytest.mark.parametrize(
    ("token_scope", "registered", "granted"),
    [
        ("system/*.rs", "", True),
        ("system/Patient.rs system/Group.r", "", True),
        ("system/Patient.rs", "system/*.read", True),
        ("system/Patient.rs", "system/Group.r", True),
        ("system/Patient.rs", "system/Encounter.r", False),
        ("system/Patient.rs", "system/Patient.rs", False),
        ("system/Patient.rs", "system/Group.s", False),
    ],
)
def test_a_group_export_needs_read_access_by_token_or_registration(token_scope: str, registered: str, granted: bool) -> None:
    request = structs.replace(EXPORT, path="/Group/g/$export", type="Group", id="g", letters="")
    known = structs.replace(KNOWN, token=structs.replace(TOKEN, scope=token_scope), client=Client("app", scope=registered))
    refused = [(refusal.name, refusal.facts["needed"]) for refusal in refusals(request, known)]
    assert refused == ([] if granted else [("fhir-insufficient-scope", "system/Group.rs")])
    assert refusals(structs.replace(request, type="Patient", path="/Patient/$export"), known) == ()
    assert refusals(structs.replace(request, path="/Group/g"), known) == ()


@pytest.mark.parametrize(("prefer", "received"), [(None, None), ("return=minimal", "return=minimal")])
def test_an_export_must_be_asynchronous(prefer: str | None, received: str | None) -> None:
    request = structs.replace(EXPORT, headers={"authorization": "Bearer t"} | ({"prefer": prefer} if prefer else {}))
    facts = {"received": received, "expected": "respond-async"}
    assert refusals(request) == (Refusal("bulk-prefer-missing", "not-supported", facts),)
    for prefer in ("respond-async, handling=lenient", "handling=lenient;respond-async", "Respond-Async"):
        assert refusals(structs.replace(EXPORT, headers={**LATER, "prefer": prefer})) == ()
    assert refusals(structs.replace(EXPORT, headers={**LATER, "prefer": "respond-asynchronously"})) != ()


@pytest.mark.parametrize("format", operations.NDJSON)
def test_an_export_must_be_ndjson(format: str) -> None:
    assert refusals(structs.replace(EXPORT, parameters=parse(f"_outputFormat={format}"))) == ()
    assert refusals(structs.replace(EXPORT, parameters=parse("_outputFormat=application/fhir%2Bndjson"))) == ()
    facts = {"parameter": "_outputFormat", "received": "csv", "expected": "application/fhir+ndjson"}
    refused = (Refusal("bulk-format-unsupported", "not-supported", facts),)
    assert refusals(structs.replace(EXPORT, parameters=parse("_outputFormat=csv"))) == refused
    for part in (f'"valueString": "{format}"', '"valueCode": "csv"'):
        body = f'{{"resourceType": "Parameters", "parameter": [{{"name": "_outputFormat", {part}}}]}}'
        assert refusals(structs.replace(EXPORT, method="POST", body=body)) == (refused if "csv" in part else ())
    assert refusals(structs.replace(EXPORT, method="POST", body="{")) == ()


@pytest.mark.parametrize(
    ("rule", "error", "status"),
    [("fhir-operation-unknown", "not-found", 404), ("fhir-operation-parameter", "value", 400)],
)
def test_each_operation_fault_found_by_fhir_is_refused(rule: str, error: str, status: int) -> None:
    (refusal,) = refusals(EXPORT, structs.replace(KNOWN, faults=(RequestError(rule, "x", "y", "z"),)))
    assert (refusal.name, refusal.error, refusal.status) == (rule, error, status)
