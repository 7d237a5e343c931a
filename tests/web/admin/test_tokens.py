"""Tokens for scripts have only scopes that some flow can grant."""

from __future__ import annotations

from pathlib import Path

from tests.flows.flow import Flow, run


def test_scopes_that_no_flow_grants_are_refused_and_explained(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        kinds = {
            "user/Patient.rs system/Patient.rs": "scope-levels-mixed",
            "patient/*.rs system/*.rs": "scope-levels-mixed",
            "system/Pateint.rs": "scope-resource-not-in-version",
            "user/MedicationOrder.rs": "scope-resource-not-in-version",
            "user/Patient.sr": "scope-v2-order",
            "user/patient.rs": "scope-wrong-case",
            "nonsense": "scope-malformed",
            "user/Patient.rs?name:exact=x": "scope-filter-unsupported",
            "user/Patient.rs,openid": "scope-comma-separated",
            "": "scope-missing",
        }
        for scope, name in kinds.items():
            answer = await flow.http.post("/admin/tokens", json={"app": app["app_id"], "scope": scope})
            assert answer.status_code == 422, scope
            assert answer.json()["findings"][0]["id"] == name
        for scope in ("system/*.cruds", "user/*.rs openid", "patient/Patient.read"):
            answer = await flow.http.post("/admin/tokens", json={"app": app["app_id"], "scope": scope})
            assert (answer.status_code, answer.json()["scope"]) == (201, scope)

    run(steps, tmp_path)


def test_an_app_cannot_register_user_and_system_scopes(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        body = {"name": "A", "type": "provider", "client": "public", "redirect_uris": ["https://a.example/cb"]}
        mixed = await flow.http.post("/admin/apps", json=body | {"scope": "user/*.rs system/*.rs"})
        assert mixed.status_code == 422
        assert [finding["id"] for finding in mixed.json()["findings"]] == ["scope-levels-mixed"]
        bad = await flow.http.post("/admin/apps", json=body | {"scope": "user/Pateint.rs", "redirect_uris": ["data:,x"]})
        assert {finding["id"] for finding in bad.json()["findings"]} == {
            "scope-resource-not-in-version",
            "reg-redirect-uri-scheme-forbidden",
        }
        good = (await flow.http.post("/admin/apps", json=body | {"scope": "user/*.rs"})).json()
        for change in ({"launch_uri": "javascript:alert(1)"}, {"post_logout_redirect_uris": ["file:///x"]}):
            answer = await flow.http.patch(f"/admin/apps/{good['app_id']}", json=change)
            assert answer.status_code == 422

    run(steps, tmp_path)


def test_a_list_of_approved_scopes_narrows_the_requested_ones(tmp_path: Path) -> None:
    part = "patient/Condition.rs?category=http://terminology.hl7.org/CodeSystem/condition-category|problem-list-item"

    async def steps(flow: Flow) -> None:
        auto = {"user": await flow.clinician(), "scopes": f"launch openid {part}"}
        app = await flow.register(auto_approve=auto)
        launch = await flow.launch(app)
        code = await flow.code(app, launch=launch["launch"], scope="launch openid patient/Condition.rs patient/Patient.rs")
        assert (await flow.redeem(app, code)).json()["scope"] == f"launch openid {part}"

    run(steps, tmp_path)


def test_a_list_of_approved_scopes_removes_letters(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        auto = {"user": await flow.clinician(), "scopes": "launch openid patient/*.rs"}
        app = await flow.register(auto_approve=auto, scope="launch openid patient/*.cruds")
        launch = await flow.launch(app)
        code = await flow.code(app, launch=launch["launch"], scope="launch openid patient/Observation.cruds")
        assert (await flow.redeem(app, code)).json()["scope"] == "launch openid patient/Observation.rs"

    run(steps, tmp_path)
