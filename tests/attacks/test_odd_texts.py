"""Unusual characters and numbers in a text don't break a response: not in a redirect, and not in a narrative."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.flows.flow import REDIRECT, Flow
from tests.flows.shared_app import SharedApp, open_shared_app

TEXTS = (
    "é",
    "日本",
    "\U0001f600",
    "\u202e",
    "\x01\x7f",
    "a b",
    "a\r\nSet-Cookie: b=c",
    "&#" + "9" * 5000 + ";",
    "%E9",
    "\ufeff",
)
HOSPITALS = ("general", "cerner", "epic")
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'
REFERENCES = ("&#" + "9" * 5000 + ";", "&#x" + "F" * 5000 + ";", "&#" + "0" * 5000 + "65;", "&#xD800;", "&#0;")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedApp]:
    with open_shared_app(tmp_path_factory.mktemp("texts"), patients=1) as server:
        yield server


@pytest.mark.parametrize("scope", ["patient/Patient.rs", "nonsense"])
@pytest.mark.parametrize("hospital", HOSPITALS)
def test_a_redirect_is_always_a_header_whatever_the_app_sent(desk: SharedApp, hospital: str, scope: str) -> None:
    """The second hospital accepts a redirect URI with its own query, so any text can be in it."""

    async def steps(flow: Flow) -> None:
        app = await flow.register(tenant=hospital, auto_approve=None)
        tenant = flow.sandbox.runtime.tenants[hospital]
        path, redirected = f"/{hospital}{tenant.dialect.path('authorize', 'provider')}", 0
        for text in TEXTS:
            for more in ({"redirect_uri": f"{REDIRECT}?more={text}"}, {"state": text}, {"redirect_uri": REDIRECT + text}):
                sent = flow.asking(app, aud=tenant.fhir_base("r4"), scope=scope, **more)
                answer = await flow.http.get(path, params=sent)
                assert answer.status_code < 500, (more, answer.text)
                location = answer.headers.get("location", "")
                assert all("!" <= character <= "~" for character in location), location
                redirected += location.startswith(REDIRECT)
        assert redirected or hospital == "epic" or scope != "nonsense", "no refusal was sent to the app"

    desk.do(steps)


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_narrative_with_an_impossible_character_reference_is_a_text_or_a_mistake(desk: SharedApp, reference: str) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(type="system", client="symmetric", scope="system/*.cruds", redirect_uris=[], launch_uri=None)
        token = (await flow.http.post("/admin/tokens", json={"app": app["app_id"], "scope": "system/*.cruds"})).json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        text = {"status": "generated", "div": DIV.format(f"before {reference} after")}
        patient = {"resourceType": "Patient", "text": text}
        answer = await flow.http.post("/general/r4/Patient", json=patient, headers=headers)
        assert answer.status_code in (201, 400, 422), answer.text
        found = await flow.http.get("/general/r4/Patient?_text=before", headers=headers)
        assert found.status_code == 200, found.text

    desk.do(steps)
