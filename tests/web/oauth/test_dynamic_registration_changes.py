"""A dynamically registered app reads, changes and removes itself, only with its own token (RFC 7592)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import BASE, REDIRECT, Flow, run
from tests.flows.test_ehr_by_http import HTML, field

from sickbay.protocol import jose
from sickbay.services import records

ADDRESS = "/general/oauth/register"
ASKED = {
    "client_name": "By itself",
    "redirect_uris": [REDIRECT],
    "scope": "launch openid patient/*.rs",
    "post_logout_redirect_uris": ["http://localhost:8100/bye"],
}


async def register(flow: Flow, **more: Any) -> dict[str, Any]:
    answer = await flow.http.post(ADDRESS, json=ASKED | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def bearer(registration: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {registration['registration_access_token']}"}


async def secret_works(flow: Flow, registration: dict[str, Any], secret: str) -> bool:
    answer = await flow.http.post("/general/oauth/revoke", data={"token": "x"}, auth=(registration["client_id"], secret))
    return answer.status_code == 200


def test_a_new_app_gets_its_registration_uri_and_token(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        registration = await register(flow)
        address = registration["registration_client_uri"]
        assert address == f"{BASE}{ADDRESS}/{registration['client_id']}"
        read = await flow.http.get(address, headers=bearer(registration))
        assert read.status_code == 200
        assert read.headers["cache-control"] == "no-store"
        expected = {name: value for name, value in registration.items() if not name.startswith("client_secret")}
        assert read.json() == expected
        record = await flow.sandbox.runtime.store.get("app", registration["client_id"])
        assert record is not None
        assert registration["registration_access_token"] not in record.value.decode()
        assert records.digest(registration["registration_access_token"]) in record.value.decode()

    run(steps, tmp_path)


@pytest.mark.parametrize("number", ["1" + "0" * 30, "1e400", "9" * 5000, "-1e308"])
def test_a_number_of_any_size_in_a_key_is_accepted(tmp_path: Path, number: str) -> None:
    async def steps(flow: Flow) -> None:
        key = json.dumps(jose.public_members(jose.generate()) | {"alg": "RS384", "trace": 0}).replace(
            '"trace": 0', f'"trace": {number}'
        )
        body = (
            f'{{"redirect_uris": ["{REDIRECT}"], "token_endpoint_auth_method": "private_key_jwt",'
            f' "scope": "openid", "jwks": {{"keys": [{key}]}}}}'
        )
        registration = await flow.http.post(
            "/general/oauth/register", content=body, headers={"Content-Type": "application/json"}
        )
        assert registration.status_code == 201
        own = await flow.http.get(registration.json()["registration_client_uri"], headers=bearer(registration.json()))
        assert (own.status_code, own.json()["jwks"]) == (200, registration.json()["jwks"])
        assert (await flow.http.get("/admin/apps")).status_code == 200

    run(steps, tmp_path)


def test_an_update_replaces_all_metadata_and_keeps_a_sent_secret(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        registration = await register(flow)
        new = {
            "client_id": registration["client_id"],
            "client_secret": registration["client_secret"],
            "client_name": "Renamed",
            "redirect_uris": ["http://localhost:8100/other"],
            "scope": "launch patient/Patient.rs",
        }
        answer = await flow.http.put(registration["registration_client_uri"], json=new, headers=bearer(registration))
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (body["client_name"], body["scope"]) == ("Renamed", "launch patient/Patient.rs")
        assert "post_logout_redirect_uris" not in body
        assert body["registration_access_token"] == registration["registration_access_token"]
        assert await secret_works(flow, registration, registration["client_secret"])
        address = f"/exchanges/{answer.headers['x-correlation-id']}"
        exchange = await flow.http.get(address, headers={"Accept": "application/json"})
        assert registration["client_secret"] not in exchange.text
        assert registration["registration_access_token"] not in exchange.text

    run(steps, tmp_path)


def test_an_update_without_the_secret_rotates_it(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        registration = await register(flow)
        metadata = ASKED | {"client_id": registration["client_id"]}
        changed = (
            await flow.http.put(registration["registration_client_uri"], json=metadata, headers=bearer(registration))
        ).json()
        assert changed["client_secret"] != registration["client_secret"]
        assert changed["client_secret_expires_at"] == 0
        assert await secret_works(flow, registration, changed["client_secret"])
        assert not await secret_works(flow, registration, registration["client_secret"])

    run(steps, tmp_path)


@pytest.mark.parametrize(
    "fault",
    [
        {"client_id": "another"},
        {"client_secret": "my-own-choice"},
        {"registration_access_token": "x"},
        {"client_id_issued_at": 1},
        {"redirect_uris": ["https://app.example.org/#x"]},
        {"redirect_uris": []},
        {"post_logout_redirect_uris": ["http://app.example.org/bye"]},
        {"client_secret": 5},
    ],
)
def test_an_invalid_update_changes_nothing(tmp_path: Path, fault: dict[str, Any]) -> None:
    async def steps(flow: Flow) -> None:
        registration = await register(flow)
        metadata = ASKED | {"client_id": registration["client_id"]} | fault
        answer = await flow.http.put(registration["registration_client_uri"], json=metadata, headers=bearer(registration))
        assert answer.status_code == 400, answer.text
        assert "error" in (await flow.findings(answer)).values()
        read = (await flow.http.get(registration["registration_client_uri"], headers=bearer(registration))).json()
        assert read["redirect_uris"] == [REDIRECT]
        assert await secret_works(flow, registration, registration["client_secret"])

    run(steps, tmp_path)


def test_a_removed_app_and_its_token_are_gone(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        registration = await register(flow)
        gone = await flow.http.delete(registration["registration_client_uri"], headers=bearer(registration))
        assert (gone.status_code, gone.content) == (204, b"")
        again = await flow.http.get(registration["registration_client_uri"], headers=bearer(registration))
        assert again.status_code == 401
        assert not await secret_works(flow, registration, registration["client_secret"])

    run(steps, tmp_path)


def test_an_app_can_be_managed_only_with_its_own_token(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        registration, other = await register(flow), await register(flow)
        portal = await flow.register()
        addresses = (
            registration["registration_client_uri"],
            f"{ADDRESS}/{portal['client_id']}",
            f"{ADDRESS}/nobody",
            registration["registration_client_uri"].replace("general", "epic"),
        )
        for address in addresses:
            for headers in ({}, bearer(other), {"Authorization": "Bearer x"}):
                for method in ("GET", "PUT", "DELETE"):
                    assert_refused(await flow.http.request(method, address, headers=headers))
        findings = await flow.findings(await flow.http.get(addresses[0]))
        assert findings == {"reg-access-token-wrong": "error"}

    run(steps, tmp_path)


def assert_refused(answer: httpx2.Response) -> None:
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer realm=")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert answer.json()["error"] == "invalid_token"


def test_rotating_a_secret_by_admin_invalidates_the_old_one(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(client="symmetric")
        answer = await flow.http.post(f"/admin/apps/{app['app_id']}/secret")
        assert answer.status_code == 200
        new = answer.json()["client_secret"]
        assert await secret_works(flow, app, new)
        assert not await secret_works(flow, app, app["client_secret"])
        assert "client_secret" not in (await flow.http.get(f"/admin/apps/{app['app_id']}")).json()
        public = await flow.register()
        assert (await flow.http.post(f"/admin/apps/{public['app_id']}/secret")).status_code == 409

    run(steps, tmp_path)


def test_a_secret_is_rotated_in_the_portal_only_by_its_own_form(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(client="symmetric", post_logout_redirect_uris=["http://localhost:8100/bye"])
        address = f"/developer/apps/{app['app_id']}"
        page = await flow.http.get(address, headers=HTML)
        assert "http://localhost:8100/bye" in page.text
        forged = await flow.http.post(f"{address}/secret", data={"csrf": "guess"})
        assert forged.status_code == 403
        assert await secret_works(flow, app, app["client_secret"])
        form = {"csrf": field(page, "csrf"), "stamp": field(page, "stamp")}
        rotated = await flow.http.post(f"{address}/secret", data=form, headers=HTML)
        new = rotated.text.partition('<code id="secret">')[2].partition("<")[0]
        assert await secret_works(flow, app, new)
        assert not await secret_works(flow, app, app["client_secret"])

    run(steps, tmp_path)
