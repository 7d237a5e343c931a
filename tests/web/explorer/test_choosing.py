"""The names of the tokens that the explorer can use."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from sickbay.authorization.models import AccessToken
from sickbay.services.viewers import TokenChoice
from sickbay.web.explorer.choosing import _name_token

TENANT = cast(Any, SimpleNamespace(version_of=lambda base: "r4"))


def test_two_tokens_of_an_app_are_told_apart_by_their_scopes() -> None:
    first, second = (
        _name_token(TENANT, TokenChoice(scope, AccessToken("app", scope, "base", 9, "f", user="okafor"), "App"), 0, "").text
        for scope in ("user/Patient.rs", "user/Observation.rs")
    )
    assert first == "App, okafor, R4, issued 1 Jan 1970, 00:00:00 UTC, user/Patient.rs"
    assert second.endswith(", user/Observation.rs")
