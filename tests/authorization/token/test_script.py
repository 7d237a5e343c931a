"""A token for a script says what its app couldn't get."""

from __future__ import annotations

import pytest
from msgspec import structs

from sickbay.authorization.models import Client
from sickbay.authorization.token.script import list_warnings

PROVIDER = Client("app", scope="launch openid user/*.rs")
SERVICE = Client("service", type="system", client="symmetric", scope="system/*.rs", grant_types=("client_credentials",))
BOTH = structs.replace(PROVIDER, scope="user/*.rs system/*.rs", grant_types=("authorization_code", "client_credentials"))
NO_PATIENT = "patient/ scopes show no data without a patient."


def needs(grant_type: str) -> str:
    return f"Only apps with the grant type {grant_type} get these scopes, and this app doesn't have it."


def lacks(scope: str) -> str:
    return f"This app isn't registered for {scope}, so a token that it requests won't have it."


@pytest.mark.parametrize(
    ("client", "scope", "patient", "warnings"),
    [
        (PROVIDER, "openid user/Patient.r", None, []),
        (SERVICE, "system/Patient.rs", None, []),
        (BOTH, "system/Patient.rs", None, []),
        (BOTH, "user/Patient.rs", None, []),
        (PROVIDER, "system/*.rs", None, [needs("client_credentials")]),
        (SERVICE, "user/*.rs openid", None, [needs("authorization_code")]),
        (PROVIDER, "user/Patient.rs user/Patient.c patient/Goal.rs", "p-0001", [lacks("user/Patient.c patient/Goal.rs")]),
        (SERVICE, "system/Patient.cruds", None, [lacks("system/Patient.cruds")]),
        (PROVIDER, "patient/Goal.rs", None, [lacks("patient/Goal.rs"), NO_PATIENT]),
    ],
)
def test_a_token_that_the_app_could_not_get_has_a_warning(
    client: Client, scope: str, patient: str | None, warnings: list[str]
) -> None:
    assert list_warnings(client, scope, patient, user="okafor") == warnings


def test_a_token_with_user_scopes_and_no_user_has_a_warning() -> None:
    warning = "user/ scopes show no patient's data without a user."
    assert list_warnings(PROVIDER, "user/Patient.rs", None, user=None) == [warning]
    assert list_warnings(SERVICE, "system/Patient.rs", None, user=None) == []
