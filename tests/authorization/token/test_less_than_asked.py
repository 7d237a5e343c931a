"""What a token response lacks although the app requested it, with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from sickbay.authorization.models import AuthorizationCode, AutoApproval, Client, Policy
from sickbay.authorization.scopes.negotiation import Missing, Negotiated
from sickbay.authorization.token.less_than_asked import NONE_IN_EHR, explain_other_patient, list_missing_members

CODE = AuthorizationCode("a", None, "", 0, 60, "f")
EHR = AuthorizationCode("a", None, "", 0, 60, "f", context={"smart_style_url": "http://localhost/style.json"})
DROPPED = "isn't registered for this app"


def lacks(
    *rows: tuple[str, str, str], code: AuthorizationCode = CODE, members: tuple[str, ...] = (), **more: Any
) -> tuple[Missing, ...]:
    client = Client(client_id="a", token_lifetime=more.get("client"))
    policy = Policy(token_lifetime=more.get("policy", 3600))
    return list_missing_members([Negotiated(*row) for row in rows], code, client, policy, members)


def grant(scope: str) -> tuple[str, str, str]:
    return scope, scope, ""


def test_nothing_is_missing_if_nothing_was_requested() -> None:
    assert lacks() == ()
    assert lacks(grant("user/Patient.rs"), grant("launch")) == ()


@pytest.mark.parametrize("name", ["patient", "encounter"])
def test_a_requested_context_is_missing_because_none_was_chosen_or_it_was_not_granted(name: str) -> None:
    scope = f"launch/{name}"
    assert lacks(grant(scope)) == (Missing(name, f"The launch had no {name}, and none was chosen."),)
    assert lacks((scope, "", DROPPED)) == (Missing(name, f"{scope} {DROPPED}."),)
    assert lacks(grant(scope), members=(name,)) == ()


def test_an_ehr_may_launch_an_app_without_a_patient() -> None:
    assert lacks(grant("launch"), code=EHR) == (Missing("patient", NONE_IN_EHR),)
    assert lacks(grant("launch"), code=EHR, members=("patient",)) == ()
    assert lacks(grant("user/Patient.rs"), code=EHR) == ()
    assert [entry.reason for entry in lacks(grant("launch"), grant("launch/patient"), code=EHR)] == [
        "The launch had no patient, and none was chosen."
    ]


def test_an_id_token_is_missing_only_if_openid_was_requested() -> None:
    assert lacks(("openid", "", DROPPED)) == (Missing("id_token", f"openid {DROPPED}."),)
    assert lacks(grant("openid")) == (Missing("id_token", "This server issued none."),)
    assert lacks(grant("openid"), members=("id_token",)) == ()


def test_a_lifetime_below_an_hour_names_who_chose_it() -> None:
    assert lacks(policy=3600, client=None) == ()
    (by_app,) = lacks(client=90, policy=60)
    assert by_app == Missing(
        "expires_in", "The access token is valid for 90 seconds: token_lifetime in the app's registration."
    )
    (by_hospital,) = lacks(policy=3599)
    assert by_hospital.reason == "The access token is valid for 3599 seconds: token_lifetime in the hospital's policy."
    assert lacks(client=3600, policy=60) == ()


@pytest.mark.parametrize("given", [None, "p-0001", "p-0002"])
@pytest.mark.parametrize("named", [None, "p-0001", "p-0002"])
@pytest.mark.parametrize("automatic", [False, True])
@pytest.mark.parametrize("hint", [None, "ines"])
def test_another_patient_is_expected_only_if_auto_approve_or_login_hint_proves_it(
    hint: str | None, automatic: bool, named: str | None, given: str | None
) -> None:
    approval = AutoApproval("timothy", patient=named) if automatic else None
    code = AuthorizationCode("a", None, "", 0, 60, "f", user="timothy", patient=given, hint=hint)
    reason = explain_other_patient(code, Client(client_id="a", auto_approve=approval))
    if approval and named and given and named != given:
        assert reason == f"auto_approve of the app names `{named}`, and the launch was for `{given}`. The launch decides."
    elif given and hint and not (approval and named == given):
        assert reason == "login_hint named `ines`, and `timothy` signed in, whose own record it is."
    else:
        assert reason == ""
