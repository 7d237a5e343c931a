"""A RelatedPerson with two patients: an app is opened for the chosen one and for no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import BASE, Flow, receive, run
from tests.flows.test_contexts_by_http import submit
from tests.flows.test_ehr_by_http import HTML, field

from sickbay.protocol.jose import decode_unverified

SCOPE = "launch/patient openid fhirUser patient/Patient.rs patient/RelatedPerson.rs"
PROXY = f"{BASE}/general/r4/RelatedPerson/p-0006-r01"


async def sign_in(flow: Flow, tenant: str = "general", account: str = "abena") -> Any:
    page = await flow.http.get(f"/{tenant}/ehr/sign-in", headers=HTML)
    answer = await flow.http.post(f"/{tenant}/ehr/sign-in", data={"csrf": field(page, "csrf"), "account": account})
    assert answer.status_code == 303
    return answer


async def family_app(flow: Flow, **more: Any) -> dict[str, Any]:
    return await flow.register(type="patient", auto_approve=None, scope=SCOPE, **more)


async def choose_record(flow: Flow, app: dict[str, Any], patient: str) -> Any:
    """Pick a record and allow access; returns the response to the app."""
    answer = await flow.authorize(app, scope=SCOPE)
    address = answer.headers["location"]
    page = await flow.http.get(address, headers=HTML)
    assert "Kofi" in page.text
    assert "Grace" in page.text
    assert "Timothy" not in page.text
    answer = await submit(flow, page, patient=patient, decision="open")
    if "continue" not in answer.headers.get("location", ""):
        return answer
    page = await flow.http.get(answer.headers["location"], headers=HTML)
    return await submit(flow, page, scope=SCOPE.split(), decision="allow")


@pytest.mark.parametrize("patient", ["p-0006", "p-0010"])
def test_the_app_gets_the_chosen_record_and_the_user(tmp_path: Path, patient: str) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await family_app(flow)
        token = (await flow.redeem(app, receive(await choose_record(flow, app, patient))["code"])).json()
        assert token["patient"] == patient
        claims = decode_unverified(token["id_token"])
        assert claims is not None
        assert claims.claims["fhirUser"] == PROXY
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        assert (await flow.http.get(f"/general/r4/Patient/{patient}", headers=headers)).status_code == 200
        other = {"p-0006": "p-0010", "p-0010": "p-0006"}[patient]
        assert (await flow.http.get(f"/general/r4/Patient/{other}", headers=headers)).status_code == 404
        person = await flow.http.get(PROXY, headers=headers)
        if patient == "p-0006":
            assert person.json()["patient"]["reference"] == "Patient/p-0006"
            assert "Abena" in person.json()["name"][0]["given"]
        else:  # a RelatedPerson is in the compartment of its single patient
            assert person.status_code == 404
        userinfo = (await flow.http.get("/general/oauth/userinfo", headers=headers)).json()
        assert userinfo["fhirUser"] == PROXY

    run(steps, tmp_path)


def test_an_inaccessible_record_cannot_be_chosen(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await family_app(flow)
        answer = await choose_record(flow, app, "p-0017")
        assert "code=" not in answer.headers.get("location", "")

    run(steps, tmp_path)


def test_user_scopes_cover_both_records_and_no_others(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(type="patient", scope="user/Patient.rs")
        body = {"app": app["app_id"], "scope": "user/Patient.rs", "user": "abena"}
        token = (await flow.http.post("/admin/tokens", json=body)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        bundle = (await flow.http.get("/general/r4/Patient?_count=50", headers=headers)).json()
        if bundle["resourceType"] != "Bundle":  # a search of all patients is refused, so search by name
            bundle = (await flow.http.get("/general/r4/Patient?birthdate=ge1900", headers=headers)).json()
        assert {entry["resource"]["id"] for entry in bundle["entry"]} == {"p-0006", "p-0010"}

    run(steps, tmp_path)


def test_the_ehr_shows_their_records_and_patient_apps(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        await flow.register(name="For clinicians")
        await family_app(flow, name="For families")
        home = await flow.http.get("/general/ehr", headers=HTML)
        assert home.headers["location"] == "/general/ehr/patients"
        listed = (await flow.http.get("/general/ehr/patients", headers=HTML)).text
        assert ("Kofi" in listed, "Grace" in listed, "Timothy" in listed) == (True, True, False)
        chart = (await flow.http.get("/general/ehr/patients/p-0006", headers=HTML)).text
        assert ("For families" in chart, "For clinicians" in chart) == (True, False)
        assert (await flow.http.get("/general/ehr/patients/p-0017", headers=HTML)).status_code == 404

    run(steps, tmp_path)


def test_they_choose_a_record_also_at_a_vendor_without_a_picker_for_clinicians(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow, "cerner")
        app = await family_app(flow, tenant="cerner")
        config = (await flow.http.get("/cerner/r4/.well-known/smart-configuration")).json()
        parameters = flow.asking(app, scope=SCOPE, aud=f"{BASE}/cerner/r4")
        answer = await flow.http.get(config["authorization_endpoint"], params=parameters)
        page = await flow.http.get(answer.headers["location"], headers=HTML)
        assert ("Kofi" in page.text, "Grace" in page.text) == (True, True)

    run(steps, tmp_path)


def test_a_user_with_a_single_record_is_not_asked(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        body = {
            "tenant": "general",
            "username": "son",
            "password": "sesame-open",
            "fhirUser": "RelatedPerson/x",
            "patients": ["p-0010"],
        }
        assert (await flow.http.post("/admin/users", json=body)).status_code in (200, 201)
        app = await family_app(flow)
        page = await flow.http.get("/general/ehr/sign-in", headers=HTML)
        form = {"csrf": field(page, "csrf"), "username": "son", "password": "sesame-open"}
        await flow.http.post("/general/ehr/sign-in", data=form)
        assert (await flow.http.get("/general/ehr", headers=HTML)).headers["location"] == "/general/ehr/patients/p-0010"
        answer = await flow.authorize(app, scope=SCOPE)
        page = await flow.http.get(answer.headers["location"], headers=HTML)
        assert "Adeyemi" in page.text
        answer = await submit(flow, page, scope=SCOPE.split(), decision="allow")
        token = (await flow.redeem(app, receive(answer)["code"])).json()
        assert token["patient"] == "p-0010"

    run(steps, tmp_path)
