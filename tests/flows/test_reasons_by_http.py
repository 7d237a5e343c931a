"""An explanation says what the request lacked only if the request lacked it, and names the setting that is the reason."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import Flow, run
from tests.flows.test_probable_by_http import stranger

SCOPE = "launch launch/patient openid fhirUser patient/Patient.rs"
STANDALONE = "openid fhirUser launch/patient patient/Patient.rs"
JSON = {"Accept": "application/json"}


async def explain(flow: Flow, answer: httpx2.Response, http: httpx2.AsyncClient | None = None) -> dict[str, Any]:
    """The finding of the refusal."""
    path = f"/exchanges/{answer.headers['x-correlation-id']}"
    findings = (await (http or flow.http).get(path, headers=JSON)).json()["findings"]
    return next(finding for finding in findings if finding["severity"] == "error")


def test_automatic_approval_without_a_patient_is_named_as_the_reason(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope=SCOPE)
        answer = await flow.authorize(app, scope=STANDALONE)
        finding = await explain(flow, answer)
        assert finding["id"] == "patient-not-chosen"
        assert "`auto_approve` answered instead of a user, and it names no patient" in finding["why"]
        assert "neither" not in finding["why"]
        async with stranger(flow) as http:
            public = await explain(flow, answer, http)
        assert "auto_approve" not in str(public)
        assert public["fix"] == "Launch the app for a patient, or choose one in the patient picker."
        assert "auto_approve" not in answer.headers["location"]

    run(steps, tmp_path)


def test_a_hospital_without_a_picker_is_named_as_the_reason(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope=SCOPE, policy={"standalone_picker": False})
        answer = await flow.authorize(app, scope=STANDALONE)
        assert "auto_approve" in (await explain(flow, answer))["why"]

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("scope", "launch", "says"),
    [
        ("openid patient/Patient.rs", False, "requested neither `launch` nor `launch/patient`"),
        ("openid patient/Patient.rs", True, "sent a launch code, but didn't request the scope `launch`"),
        ("launch openid patient/Patient.rs", False, "requested the scope `launch`, but sent no launch code"),
    ],
)
def test_a_request_without_a_patient_is_told_what_it_has_and_what_it_lacks(
    scope: str, launch: bool, says: str, tmp_path: Path
) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope=SCOPE)
        code = (await flow.launch(app))["launch"] if launch else None
        answer = await flow.authorize(app, scope=scope, launch=code)
        path = f"/exchanges/{answer.headers['x-correlation-id']}"
        findings = {finding["id"]: finding for finding in (await flow.http.get(path, headers=JSON)).json()["findings"]}
        assert says in findings["scope-patient-without-context"]["why"]

    run(steps, tmp_path)


def test_a_launch_by_another_user_than_the_automatic_one_does_not_speak_of_the_browser(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope=SCOPE)
        user = next(
            user["username"]
            for user in (await flow.http.get("/admin/users?tenant=general")).json()
            if user["username"] != app["auto_approve"]["user"]
        )
        launch = await flow.launch(app, user=user)
        answer = await flow.authorize(app, launch=launch["launch"], scope="launch openid patient/Patient.rs")
        finding = await explain(flow, answer)
        assert finding["id"] == "mismatched-identity"
        assert "`auto_approve` always answers as the same user" in finding["why"]
        assert "browser" not in finding["why"]

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("aud", "rule"),
    [
        ("http://10.0.2.2:7425/general/r4", "aud-nearby-host"),
        ("http://10.0.2.2:7425/general/r4/", "aud-nearby-host"),
        ("http://192.168.1.20:7425/general/dstu2", "aud-nearby-host"),
        ("http://10.0.2.2:8080/general/r4", "aud-mismatch"),
        ("http://10.0.2.2:7425/fhir", "aud-mismatch"),
        ("http://ehr.example.org:7425/general/r4", "aud-mismatch"),
    ],
)
def test_the_emulators_name_of_this_server_is_recognised_by_path_and_port(aud: str, rule: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        flow.http.headers["Host"] = "10.0.2.2:7425"
        answer = await flow.authorize(app, aud=aud)
        flow.http.headers["Host"] = "localhost:7425"
        finding = await explain(flow, answer)
        assert finding["id"] == rule
        if "10.0.2.2" in finding["fix"]:
            assert "--base-url http://10.0.2.2:7425" in finding["fix"]
            assert "--allowed-host 10.0.2.2" in finding["fix"]

    run(steps, tmp_path, allowed_hosts=("10.0.2.2",))


def test_the_launch_command_of_an_apps_page_names_a_patient_who_exists(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        page = (await flow.http.get(f"/developer/apps/{app['app_id']}", headers={"Accept": "text/html"})).text
        named = re.search(r"sickbay launch \S+ --patient (\S+) --open", page)
        assert named is not None
        assert f'<option value="{named[1]}"' in page

    run(steps, tmp_path, patients=3)


@pytest.mark.parametrize(
    ("more", "expected", "absent"),
    [
        (
            {"type": "system", "client": "symmetric", "scope": "system/Patient.rs", "launch_uri": None, "redirect_uris": []},
            "A backend service isn’t launched",
            "from here",
        ),
        ({"launch_uri": None}, "It has no launch URI, so it launches standalone", "from here"),
        ({}, "then launch it from a chart, or with the button on this page", "launches standalone"),
    ],
)
def test_a_page_offers_a_launch_only_if_the_app_can_be_launched(
    more: dict[str, Any], expected: str, absent: str, tmp_path: Path
) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(**({"auto_approve": None} | more))
        page = (await flow.http.get(f"/developer/apps/{app['app_id']}", headers={"Accept": "text/html"})).text
        assert expected in page
        assert absent not in page.partition('id="h-launches"')[2].partition("</section>")[0]

    run(steps, tmp_path)
