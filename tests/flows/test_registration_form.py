"""The registration form follows the choices: what doesn't fit the kind of app isn't registered, although it was ticked."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import REDIRECT, Flow, run
from tests.flows.test_ehr_by_http import HTML, field

from sickbay.protocol import jose

TICKED = ["launch", "openid", "patient/Patient.rs", "user/Observation.rs", "system/Patient.rs"]
FORM = {"name": "Form app", "redirect_uris": REDIRECT, "launch_uri": "http://localhost:8100/launch", "fhir": "r4"}


async def send(flow: Flow, at: str = "/developer/register", **chosen: Any) -> httpx2.Response:
    page = await flow.http.get(at, headers=HTML)
    own = {"csrf": field(page, "csrf")} | ({"id": field(page, "id")} if at.endswith("register") else {})
    return await flow.http.post(at, data=FORM | own | {"smart_version": "2", "scope": TICKED} | chosen, headers=HTML)


async def find_registered(flow: Flow) -> dict[str, Any]:
    return next(dict(app) for app in (await flow.http.get("/admin/apps")).json() if app["name"] == "Form app")


@pytest.mark.parametrize(
    ("chosen", "scope"),
    [
        ({"type": "provider", "client": "public"}, "launch openid patient/Patient.rs user/Observation.rs"),
        (
            {"type": "provider", "client": "public", "smart_version": "1"},
            "launch openid patient/Patient.read user/Observation.read",
        ),
        ({"type": "system", "client": "symmetric", "redirect_uris": "", "launch_uri": ""}, "system/Patient.rs"),
        (
            {"type": "provider", "client": "public", "more_scopes": "patient/Condition.read", "smart_version": "1"},
            "launch openid patient/Patient.read user/Observation.read patient/Condition.read",
        ),
    ],
)
def test_only_scopes_that_fit_are_registered_and_an_edit_without_changes_keeps_them(
    tmp_path: Path, chosen: dict[str, str], scope: str
) -> None:
    async def steps(flow: Flow) -> None:
        answer = await send(flow, **chosen)
        assert answer.status_code in (201, 303), answer.text
        before = await find_registered(flow)
        assert before["scope"] == scope
        at = f"/developer/apps/{before['app_id']}/edit"
        page = (await flow.http.get(at, headers=HTML)).text
        boxes = re.findall(r'<input type="checkbox" name="scope" value="([^"]*)" checked>', page)
        typed = re.search(r'name="more_scopes" value="([^"]*)"', page)
        assert typed is not None
        await send(flow, at, **chosen | {"scope": boxes, "more_scopes": unescape(typed[1])})
        after = await find_registered(flow)
        assert sorted(after["scope"].split()) == sorted(scope.split())
        assert {**after, "scope": ""} == {**before, "scope": ""}

    run(steps, tmp_path)


def test_a_backend_service_without_credentials_is_marked_at_its_client_type(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        answer = await send(flow, type="system", client="public", redirect_uris="")
        assert answer.status_code == 422
        client = answer.text.partition("<legend>Client type</legend>")[2].partition("</fieldset>")[0]
        assert 'id="fault-client"' in client

    run(steps, tmp_path)


def test_pasted_keys_are_registered_and_a_wrong_set_is_marked_at_its_field(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        asymmetric = {"type": "provider", "client": "asymmetric"}
        keys = {"keys": [jose.public_members(jose.generate())]}
        missing = await send(flow, **asymmetric)
        assert "Enter the URL of the app’s public keys, or paste them." in missing.text
        for text, sentence in (
            ("{", "This isn’t valid JSON"),
            ('{"keys": [], "keys": []}', "twice in one object"),
            ("[]", "A JWKS is an object"),
            ("{}", "A JWKS is an object"),
            ("-----BEGIN PUBLIC KEY-----", "This is a key in PEM format."),
            ('{"keys": []}', ""),
        ):
            wrong = await send(flow, **asymmetric, jwks=text)
            assert (wrong.status_code, 'id="fault-jwks' in wrong.text) == (422, True), text
            assert sentence in wrong.text
        assert (await send(flow, **asymmetric, jwks=json.dumps(keys))).status_code == 303
        app = await find_registered(flow)
        assert app["jwks"] == keys
        at = f"/developer/apps/{app['app_id']}/edit"
        assert "This app’s keys were pasted." in (await flow.http.get(at, headers=HTML)).text
        assert (await send(flow, at, **asymmetric)).status_code == 303
        assert (await find_registered(flow))["jwks"] == keys

    run(steps, tmp_path)


def test_all_mistakes_are_named_at_once_and_each_at_its_field(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = {"type": "provider", "client": "public"}
        wrong = {"redirect_uris": "callback", "post_logout_redirect_uris": "after", "launch_uri": "http://localhost/a b"}
        text = (await send(flow, **app, name="", **wrong)).text
        for name in ("name", "redirect_uris", "launch_uri"):
            assert f'id="fault-{name}"' in text
        assert "isn’t a complete, valid URI" in text
        logout = {"post_logout_redirect_uris": "after", "tenant": "epic", "fhir": "r5"}
        text = (await send(flow, **app, **logout)).text
        assert "Epic dialect supports only R4 and DSTU2." in text
        text = (await send(flow, **app, post_logout_redirect_uris="after")).text
        assert 'id="fault-post_logout_redirect_uris"' in text
        assert 'id="fault-redirect_uris"' not in text

    run(steps, tmp_path)


def test_a_comma_after_a_redirect_uri_does_not_belong_to_it(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await send(flow, type="provider", client="public", redirect_uris=f"{REDIRECT}, {REDIRECT}2;\n{REDIRECT}3,")
        assert (await find_registered(flow))["redirect_uris"] == [REDIRECT, f"{REDIRECT}2", f"{REDIRECT}3"]

    run(steps, tmp_path)


def test_keys_of_an_app_that_does_not_sign_are_ignored(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await send(flow, type="provider", client="public", jwks="{", jwks_uri="http://localhost:8100/jwks")
        app = await find_registered(flow)
        assert (app.get("jwks"), app.get("jwks_uri")) == (None, None)

    run(steps, tmp_path)
