"""The doctor and the server give the same diagnosis of token, FHIR and sign-out requests, and corrected requests work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

import httpx2
import pytest
from tests.flows.case_context import set_up
from tests.flows.flow import BASE, VERIFIER, Flow, run

from sickbay.diagnosis import case
from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.placeholders import PLACEHOLDER_CODE, PLACEHOLDER_REFRESH, PLACEHOLDER_TOKEN, PLACEHOLDER_VERIFIER
from sickbay.doctor.diagnose import Diagnosis, diagnose
from sickbay.protocol import urls

KINDS = (
    "token_request",
    "fhir_request",
    "logout_request",
    "introspection_request",
    "revocation_request",
    "userinfo_request",
    "app_state_request",
)
ELSEWHERE = {
    "address-retired": "another server",
    "app-state-moved": "stored app state",
    "fhir-resource-exists": "a record with that id",
    "fhir-version-conflict": "a record of that version",
    "guesses-too-many": "failed attempts in the minute before",
    "logout-client-mismatch": "an id_token that this server signed",
    **dict.fromkeys(
        ("mcp-stepup-by-refresh", "mcp-stepup-not-union", "mcp-stepup-one-by-one", "mcp-stepup-same-scopes"),
        "tokens of the same app that were refused before",
    ),
    "refresh-replay-differs": "a refresh a few seconds earlier",
    "refresh-replay-revoked": "a refresh a few seconds earlier",
    "token-endpoint-wrong-tenant": "another hospital's code",
}
"""Cases that can't be set up here, and why."""
OF_THE_ANSWER = {"granted-scopes-narrower", "cors-credentials-not-allowed"} | {
    rule.id for rule in RULES if rule.given == "empty"
}
"""Findings that depend on the response to a granted request, on the stored data, or on this server's policy for a preflight."""


def swap(request: dict[str, Any], swaps: dict[str, str]) -> dict[str, Any]:
    text = json.dumps(request)
    for old_text, ours in swaps.items():
        text = text.replace(old_text, ours)
    return dict(json.loads(text))


async def send(flow: Flow, request: dict[str, Any], swaps: dict[str, str]) -> httpx2.Response:
    """Send the request. swaps: texts of the case -> their values here."""
    replaced = swap({name: request.get(name) or "" for name in ("url", "body", "headers")}, swaps)
    address = quote(replaced["url"], safe="%/:?#[]@!$&'()*+,;=")
    return await flow.http.request(
        request.get("method", "GET"), address, content=replaced["body"], headers=replaced["headers"] or {}
    )


async def exchange_of(flow: Flow, answer: httpx2.Response) -> dict[str, Any]:
    exchange_url = f"/exchanges/{answer.headers['x-correlation-id']}"
    return dict((await flow.http.get(exchange_url, headers={"accept": "application/json"})).json())


def shape(corrected: dict[str, Any] | None) -> Any:
    """A corrected request without parts that the stored one masks, or that identify the client."""
    if corrected is None:
        return None
    address, _, query = str(corrected["url"]).partition("?")
    names = [sorted(name for name, _ in parse_qsl(str(part or ""))) for part in (query, corrected.get("body"))]
    ours = [name.lower() for name in corrected.get("headers") or {} if name.lower() in ("authorization", "content-type")]
    return corrected.get("method", "GET"), address, names, sorted(ours)


async def differences(flow: Flow, request: dict[str, Any], offline: Diagnosis, swaps: dict[str, str]) -> list[Any]:
    answer = await send(flow, request, swaps)
    live = await exchange_of(flow, answer)
    here = {finding.id for finding in offline.explanation.findings} - OF_THE_ANSWER
    live_rules = {finding["id"] for finding in live.get("findings", ())} - OF_THE_ANSWER
    result: list[Any] = [("only offline", here - live_rules, "only live", live_rules - here)] if here != live_rules else []
    corrected, its = shape(offline.corrected and swap(offline.corrected, swaps)), shape(live.get("corrected"))
    if live_rules and corrected != its:
        result.append(("corrected offline", corrected, "live", its))
    return result


def values_of_the_app(context: dict[str, Any], swaps: dict[str, str]) -> dict[str, str]:
    """What the app inserts for the placeholders: the first token, code and refresh token of the case, and its verifier."""
    token, code, refresh_token = (next(iter(context.get(name, ())), "") for name in ("tokens", "codes", "refresh_tokens"))
    return {
        PLACEHOLDER_TOKEN: token,
        PLACEHOLDER_CODE: code,
        PLACEHOLDER_VERIFIER: VERIFIER,
        PLACEHOLDER_REFRESH: swaps.get(refresh_token, ""),
    }


async def refuse_again(flow: Flow, offline: Diagnosis, swaps: dict[str, str]) -> list[Any]:
    """A missing record isn't a refusal of the request."""
    if offline.corrected is None:
        return []
    answer = await send(flow, offline.corrected, swaps | values_of_the_app(offline.corrected["context"], swaps))
    absent = answer.status_code == 404 and "not-found" in answer.text
    return [] if answer.status_code < 400 or absent else [("refused again", answer.status_code, answer.text[:300])]


@pytest.mark.parametrize("kind", KINDS)
def test_doctor_and_server_agree_on_every_case_and_the_corrected_request_is_granted(tmp_path: Path, kind: str) -> None:
    async def steps(flow: Flow) -> None:
        cases = [rule_case for path in case.list_paths().values() if (rule_case := case.load(path)).refused["kind"] == kind]
        disagreements: dict[str, list[Any]] = {}
        for rule_case in cases:
            if rule_case.id not in ELSEWHERE:
                offline = diagnose(rule_case.refused)
                mismatches = await differences(
                    flow, rule_case.refused, offline, await set_up(flow, rule_case.refused["context"])
                )
                mismatches += await refuse_again(flow, offline, await set_up(flow, rule_case.refused["context"]))
                disagreements |= {rule_case.id: mismatches} if mismatches else {}
        assert cases
        assert disagreements == {}

    run(steps, tmp_path)


def shared_cases(shared: Path, kind: str) -> list[tuple[str, dict[str, Any]]]:
    lines = [json.loads(line) for line in (shared / "cases" / "exchanges.jsonl").read_text().splitlines()]
    return [(line["id"], line["input"]) for line in lines if line["input"]["kind"] == kind]


def as_local_request(request: dict[str, Any]) -> dict[str, Any]:
    """A FHIR request to another server, as if it were sent to this one."""
    server = request["context"]["server"]
    version = "r4" if server["fhir_version"].startswith("4") else "dstu2"
    base = server["fhir_bases"][0]
    text = json.dumps(request).replace(base, f"{BASE}/general/{version}").replace(urls.origin_of(base), BASE)
    for name, here in (
        ("issuer", ""),
        ("authorization_endpoint", "/oauth/authorize"),
        ("token_endpoint", "/oauth/token"),
    ):
        text = text.replace(f'"{server[name]}"', json.dumps(f"{BASE}/general{here}"))
    return dict(json.loads(text))


@pytest.mark.parametrize("kind", ["token_request", "fhir_request"])
def test_doctor_and_server_agree_on_requests_to_other_servers(tmp_path: Path, shared: Path, kind: str) -> None:
    async def steps(flow: Flow) -> None:
        disagreements: dict[str, list[Any]] = {}
        for id, request in shared_cases(shared, kind):
            here = as_local_request(request) if kind == "fhir_request" else request
            offline = diagnose(here)
            swaps = await set_up(flow, here["context"])
            if kind == "token_request":
                swaps = swaps | {here["context"]["server"]["token_endpoint"]: f"{BASE}/general/oauth/token"}
            mismatches = await differences(flow, here, offline, swaps)
            disagreements |= {id: mismatches} if mismatches else {}
        assert disagreements == {}

    run(steps, tmp_path)
