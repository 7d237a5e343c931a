"""What strangers write never leaves the marked fields of a tool's result, wherever they write it."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from tests.agents.calls import call
from tests.agents.instructions import INSTRUCTIONS, find_leaks, find_marks
from tests.flows.flow import Flow, run
from tests.laws import is_long

MAXIMUM_RESULT_BYTES = 12_000
PARTS = 10
"""Tests among which the strings are divided. Each has every form of them."""
LEAST_MARKED = 20
"""Results that quote the text. With fewer, the law would say little."""


def test_there_are_two_hundred_strings() -> None:
    assert len({*INSTRUCTIONS}) == 200


async def _write_everywhere(flow: Flow, text: str) -> dict[str, Any]:
    """Register an app with the text, and send it in each part of each kind of request. Returns the app."""
    place = quote(text, safe="")
    uri = f"http://localhost:8100/{place}"
    id = "".join(letter for letter in text if " " <= letter <= "~")[:200]  # a client_id is visible ASCII
    app = {"name": text, "type": "provider", "client": "public", "scope": "launch openid patient/*.rs", "client_id": id}
    body = app | {"redirect_uris": [uri], "launch_uri": uri}
    answer = await flow.http.post("/admin/apps", json=body)
    registered: dict[str, Any] = answer.json() if answer.status_code == 201 else await flow.register(name=text[:40])
    headers = {"user-agent": place, "x-note": place}
    client = registered["client_id"]
    for parameters in (
        {"client_id": text, "redirect_uri": text, "scope": text, "state": text, "aud": text, "launch": text, text: text},
        flow.asking(registered) | {"redirect_uri": uri, "scope": text, "state": text, "aud": text, "launch": text, text: text},
        flow.asking(registered) | {"redirect_uri": registered["redirect_uris"][0], "aud": f"http://localhost:7425/{place}"},
    ):
        await flow.http.get("/general/oauth/authorize", params=parameters, headers=headers)
    for form in (
        {"grant_type": text, "code": text, "client_id": client, "redirect_uri": text, "code_verifier": text, text: text},
        {"grant_type": "refresh_token", "refresh_token": text, "client_id": text, "scope": text},
        {"grant_type": "authorization_code", "code": text, "client_id": client, "redirect_uri": uri},
    ):
        await flow.http.post("/general/oauth/token", data=form, headers=headers)
    await flow.http.get(f"/general/r4/{place}?{place}={place}", headers=headers)
    token = await flow.http.post("/admin/tokens", json={"app": client, "scope": "user/*.cruds", "user": "okafor"})
    bearer = headers | {"authorization": f"Bearer {token.json()['access_token']}"}
    patient = {
        "resourceType": "Patient",
        "birthDate": "1990-01-01",
        "name": [{"text": text, "family": text}],
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{html.escape(text)}</div>'},
    }
    await flow.http.post("/general/r4/Patient", json=patient, headers=bearer)
    for path in (
        f"Patient?{place}=1",
        f"Patient?name={place}",
        f"Patient/{place}",
        f"{place}?name=a",
        f"Patient?_sort={place}",
    ):
        await flow.http.get(f"/general/r4/{path}", headers=bearer)
    return registered


PASTES = (
    "{}",
    "error=invalid_grant&error_description={}",
    '{{"error": "invalid_client", "error_description": "{}"}}',
    "https://ehr.example.org/authorize?response_type=code&client_id={}&scope={}&redirect_uri={}&state={}&aud={}",
    "curl -X POST https://ehr.example.org/token -d 'grant_type=authorization_code&code={}&redirect_uri={}' -H 'X-Note: {}'",
    "GET /Patient?{} HTTP/1.1\nHost: fhir.example.org\nAuthorization: Bearer {}\n\nHTTP/1.1 401 Unauthorized\n\n{}",
    "AADSTS50011: The redirect URI '{}' specified in the request does not match the redirect URIs configured for '{}'.",
    '{{"resourceType": "OperationOutcome", "issue": [{{"severity": "error", "code": "invalid", "diagnostics": "{}"}}]}}',
    '{{"client_name": "{}", "redirect_uris": ["{}"], "scope": "{}", "grant_types": ["authorization_code"]}}',
    "const client = new Client({{ client_id: '{}', scope: '{}', redirectUri: '{}' }}); // {}",
)


async def _call_with(flow: Flow, app: str, text: str) -> list[dict[str, Any]]:
    """The results of all tools for the text as an argument."""
    http = flow.http
    return [
        await call(http, "apps", action="show", app=app),
        await call(http, "apps", action="show", app=text),
        await call(http, "apps", action="edit", app=app, set={"name": text, "scope": text}),
        await call(http, "apps", action="add", set={"name": text, "type": text, text: text}),
        await call(http, "explain", app=text),
        await call(http, "explain", id=text),
        await call(http, "explain", app=app),
        await call(http, "exchanges", app=text),
        await call(http, "exchanges", stage=text, rule=text, status=text, cursor=text),
        await call(http, "rules", query=text),
        await call(http, "rules", id=text),
        await call(http, "docs", query=text),
        await call(http, "docs", page=text, section=text, cursor=text),
        await call(http, "docs", page="README", section=text),
        await call(http, "sandbox", tenant=text),
        await call(http, "launch", app=app, patient=text, user=text),
        await call(http, "launch", app=app, patient="p-0001"),
        await call(http, "token", app=app, scope=text),
        await call(http, "fhir", path=text, token=text, tenant=text),
        await call(http, "policies", tenant=text),
        await call(http, "policies", tenant="general", set={text: text}, query=text),
        await call(http, "faults", fault={"kind": text, "preset": text}, clock=text),
        await call(http, "faults", fault={"kind": "body", "body": text, "path": "/never", "app": app}),
        await call(http, "faults", id=text, action="clear"),
        await call(http, "faults", action="clear"),
        await call(http, "apps", **{text: text}),
        await call(http, "exchanges", outcome=text, limit=1),
    ]


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.prove) for part in range(1, PARTS))])
def test_no_result_repeats_them_outside_untrusted(tmp_path: Path, part: int) -> None:
    async def steps(flow: Flow) -> None:
        for number, text in enumerate(INSTRUCTIONS[part::PARTS][:: 1 if is_long() else 3]):
            app = (await _write_everywhere(flow, text))["app_id"]
            results = await _call_with(flow, app, text)
            results.append(await call(flow.http, "exchanges", limit=20))
            for line in results[-1]["exchanges"]:
                results.append(await call(flow.http, "explain", id=line["id"], detail="full"))
            token = await call(flow.http, "token", app=app, scope="user/Patient.rs", user="okafor")
            results.append(
                await call(flow.http, "fhir", path="Patient?birthdate=1990-01-01&_sort=-_lastUpdated", token=token["token"])
            )
            assert find_marks(results[-1]["untrusted"]), "the narrative isn't there"
            results += [await call(flow.http, "doctor", text=paste.format(*[text] * 5), all=True) for paste in PASTES]
            leaks = [leak for result in results for leak in find_leaks(result)]
            assert not leaks, leaks
            assert max(len(orjson.dumps(result)) for result in results) <= MAXIMUM_RESULT_BYTES
            assert sum(bool(find_marks(result.get("untrusted", {}))) for result in results) > LEAST_MARKED, number

    run(steps, tmp_path)
