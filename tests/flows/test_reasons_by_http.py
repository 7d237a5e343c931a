"""An explanation says what the request lacked only if the request lacked it, and names the setting that is the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import Flow, run
from tests.flows.test_probable_by_http import stranger

SCOPE = "launch launch/patient openid fhirUser patient/Patient.rs"
STANDALONE = "openid fhirUser launch/patient patient/Patient.rs"
JSON = {"Accept": "application/json"}


async def explained(flow: Flow, answer: httpx2.Response, http: httpx2.AsyncClient | None = None) -> dict[str, Any]:
    """The finding of the refusal."""
    path = f"/exchanges/{answer.headers['x-correlation-id']}"
    findings = (await (http or flow.http).get(path, headers=JSON)).json()["findings"]
    return next(finding for finding in findings if finding["severity"] == "error")


def test_automatic_approval_without_a_patient_is_named_as_the_reason(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope=SCOPE)
        answer = await flow.authorize(app, scope=STANDALONE)
        finding = await explained(flow, answer)
        assert finding["id"] == "patient-not-chosen"
        assert "`auto_approve` answered instead of a user, and it names no patient" in finding["why"]
        assert "neither" not in finding["why"]
        async with stranger(flow) as http:
            public = await explained(flow, answer, http)
        assert "auto_approve" not in str(public)
        assert public["fix"] == "Launch the app for a patient, or choose one in the patient picker."
        assert "auto_approve" not in answer.headers["location"]

    run(steps, tmp_path)


def test_a_hospital_without_a_picker_is_named_as_the_reason(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope=SCOPE, policy={"standalone_picker": False})
        answer = await flow.authorize(app, scope=STANDALONE)
        assert "auto_approve" in (await explained(flow, answer))["why"]

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
        finding = await explained(flow, answer)
        assert finding["id"] == "mismatched-identity"
        assert "`auto_approve` answers as one user" in finding["why"]
        assert "browser" not in finding["why"]

    run(steps, tmp_path)
