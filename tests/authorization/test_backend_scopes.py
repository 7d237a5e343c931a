"""What of a service's scopes is granted, what comes unasked, and what is told where nothing is left."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.authorization.backend_requests import client, known, request, signed
from tests.authorization.token_requests import URL, examined, said

from sickbay.authorization import backend_scopes, client_credentials
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Policy, Server
from sickbay.kernel.checks import UNKNOWN, Refusal


def test_where_nothing_is_left_it_is_told_what_was_asked_and_what_is_registered() -> None:
    told = {"received": ("system/Patient.d",), "registered": "system/*.rs"}
    *_, empty = examined(request(signed(), scope="system/Patient.d"), known()).refusals
    assert empty == Refusal("backend-empty-scopes", "invalid_scope", told)


@pytest.mark.parametrize("scope", ["system/Patient.rs system/Patient.d", "system/Patient.d system/Patient.rs"])
def test_where_scopes_are_dropped_one_that_is_not_registered_refuses_nothing(scope: str) -> None:
    lenient = Server(token_endpoint=URL, grants=("client_credentials",), policy=Policy(drop_unregistered_scopes=True))
    assert said(request(signed(), scope=scope), replace(known(), server=lenient)) is None


@pytest.mark.parametrize(
    ("scope", "policy", "granted"),
    [
        ("system/Patient.rs", Policy(wildcard_scopes=False), True),
        ("system/*.rs", Policy(wildcard_scopes=False), False),
        ("system/Patient.rs", Policy(mixed_scope_versions=False), True),
        ("system/Patient.read", Policy(mixed_scope_versions=False), False),
        ("system/Patient.read", Policy(), True),
        ("system/*.rs", Policy(), True),
        ("user/Patient.rs", Policy(), False),
        ("openid", Policy(), False),
    ],
)
def test_what_of_a_service_s_scopes_is_granted(scope: str, policy: Policy, granted: bool) -> None:
    ((name, there, why),) = backend_scopes.offered((scope,), client(), policy)
    assert (name, there, not why) == (scope, granted, granted)


def test_of_what_is_registered_only_scopes_of_the_system_come_unasked() -> None:
    app = replace(client(), scope="openid user/Patient.rs system/Patient.rs system/Observation.rs")
    rows = backend_scopes.offered(("system/Patient.rs",), app, Policy(grants_registered=True))
    assert [row[0] for row in rows] == ["system/Patient.rs", "system/Observation.rs"]


@pytest.mark.parametrize(("kind", "asked_"), [("public", True), ("symmetric", False), ("asymmetric", False)])
def test_only_of_a_public_app_an_assertion_is_asked_here(kind: str, asked_: bool) -> None:
    bare = request("", client_assertion=None, client_assertion_type=None, client_id="app")
    told = client_credentials.assertion_is_sent.decide(bare, replace(known(), client=replace(client(), client=kind)))  # type: ignore[arg-type]
    assert (told is not None) is asked_


def lenient(scope: str = "system/Patient.rs", policy: Policy | None = None) -> TokenContext:
    server = Server(token_endpoint=URL, grants=("client_credentials",), policy=policy or Policy())
    return replace(known(), server=server, client=replace(client(), scope_mode="lenient", scope=scope))


@pytest.mark.parametrize(
    "scope",
    [
        "system/Patient.rs system/Observation.rs",
        "system/Pateint.rs system/Patient.rs",
        "system/Patient.rs openid",
        None,
        " ",
    ],
)
def test_a_lenient_app_gets_what_is_registered_of_what_it_asks_and_all_of_it_if_it_asks_nothing(
    scope: str | None,
) -> None:
    """RFC 6749 3.3: the scope may be left out, and the server then takes a default or refuses."""
    assert said(request(signed(), scope=scope), lenient()) is None


@pytest.mark.parametrize(
    ("registered", "policy"),
    [("user/Patient.rs", Policy()), ("system/*.rs", Policy(wildcard_scopes=False)), ("", Policy())],
)
def test_a_lenient_app_that_asks_nothing_is_refused_where_nothing_of_it_can_be_granted(registered: str, policy: Policy) -> None:
    answer = said(request(signed(), scope=None), lenient(registered, policy))
    assert answer == ("backend-empty-scopes", "invalid_scope", 400)


def test_a_strict_app_names_its_scopes() -> None:
    assert said(request(signed(), scope=None), known()) == ("backend-scope-missing", "invalid_scope", 400)


def test_what_a_lenient_app_is_granted_by_default_is_told_as_unasked() -> None:
    app = replace(client(), scope="openid system/Patient.rs system/Observation.rs")
    rows = backend_scopes.offered((), app, Policy())
    assert [(text, there) for text, there, _ in rows] == [("system/Patient.rs", True), ("system/Observation.rs", True)]
    assert all(why for _, _, why in rows)


def test_without_a_known_server_a_lenient_app_that_asks_nothing_is_not_said_to_be_refused() -> None:
    offline = replace(lenient(), server=UNKNOWN)
    assert "backend-empty-scopes" not in [one.name for one in examined(request(signed(), scope=None), offline).refusals]


PIECES = (
    "system/Patient.rs",
    "system/*.rs",
    "system/Observation.rs?category=a|b",
    "system/Patient.read",
    "system/patient.rs",
    "system/Patient.sr",
    "patient/Patient.rs",
    "launch",
    "email",
    "system/Foo.rs",
    "system/Patient.rs?a:not=b",
    "x",
)


@given(st.lists(st.sampled_from(PIECES), max_size=4), st.sampled_from([" ", ",", "  ", "\t"]))
def test_a_plain_scope_is_granted_or_refused_as_if_each_check_had_looked_at_it(asked: list[str], joint: str) -> None:
    sent = request("a.b.c", scope=joint.join(asked))
    quick = [one.decide(sent, known()) for one in backend_scopes.CHECKS]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backend_scopes, "_is_plain", lambda text: False)
        assert [one.decide(sent, known()) for one in backend_scopes.CHECKS] == quick
