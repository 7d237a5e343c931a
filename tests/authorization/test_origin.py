"""A page may be of an origin of the app's own addresses; whether another is refused, the hospital's policy says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.authorization import test_access as records
from tests.authorization import token_requests as tokens

from sickbay.authorization import origin
from sickbay.authorization.models import Client, Policy, Server

APP = Client(
    "app",
    launch_uri="https://App.example.org:443/launch",
    redirect_uris=("http://localhost:8100/callback", "org.example.app:/callback", "https://app.example.org/done"),
)
SERVER = Server(fhir_bases=(tokens.BASE,), tenants=("general",))
STRICT = Policy(strict_cors=True)
OTHER = "https://other.example.org"


def at_token(sent: str | None, policy: Policy = STRICT, **known: object) -> tuple[str, str, int] | None:
    headers = {} if sent is None else {"Origin": sent}
    changed = {"client": replace(APP, client="public"), "server": replace(SERVER, policy=policy)} | known
    return tokens.said(tokens.asked(headers=headers), tokens.knowing(**changed))


def at_the_record(sent: str, policy: Policy = STRICT) -> tuple[str, str, int] | None:
    asked = records.asked(query="patient=A")
    known = replace(records.KNOWN, client=APP, server=Server(issuer="iss", fhir_bases=(records.BASE,), policy=policy))
    return records.said(replace(asked, headers={**asked.headers, "origin": sent}), known)


def test_origins_are_those_of_launch_and_redirect_uris_as_a_browser_writes_them() -> None:
    assert origin.registered(APP) == ("https://app.example.org", "http://localhost:8100")


@pytest.mark.parametrize("sent", [None, "https://app.example.org", "http://localhost:8100"])
def test_a_page_of_the_app_and_no_page_at_all_are_let_in(sent: str | None) -> None:
    assert at_token(sent) is None


@pytest.mark.parametrize("sent", [OTHER, "null", "http://localhost:8101", "https://app.example.org:8443"])
def test_under_the_strict_policy_another_page_is_refused(sent: str) -> None:
    assert at_token(sent) == ("cors-origin-not-registered", "invalid_request", 403)
    assert at_the_record(sent) == ("cors-origin-not-registered", "forbidden", 403)


def test_without_it_another_page_is_let_in() -> None:
    assert at_token(OTHER, Policy()) is None
    assert at_the_record(OTHER, Policy()) is None


def test_an_app_that_is_not_known_has_no_origins() -> None:
    assert at_token(OTHER, client=None) == ("client-id-unknown", "invalid_client", 400)


@pytest.mark.parametrize(("sent", "hidden"), [(OTHER, True), ("https://app.example.org", False)])
def test_only_the_refused_page_may_not_read_the_answer(sent: str, hidden: bool) -> None:
    request = tokens.asked(headers={"Origin": sent})
    known = tokens.knowing(client=APP, server=Server(policy=STRICT))
    assert origin.withheld(tokens.examined(request, known)) is hidden


def test_the_explanation_is_told_what_is_registered() -> None:
    request = tokens.asked(headers={"Origin": OTHER})
    refusals = tokens.examined(request, tokens.knowing(client=APP, server=Server(policy=STRICT))).refusals
    told = next(one.facts for one in refusals if one.name == origin.NAME)
    assert told == {"received": OTHER, "registered": ("https://app.example.org", "http://localhost:8100")}


@pytest.mark.parametrize(
    ("policy", "sent", "allowed"),
    [
        (True, "http://localhost:8100", True),
        (True, "http://localhost:8101", False),
        (True, None, False),
        (True, "null", False),
        (False, "http://localhost:8100", False),
    ],
)
def test_only_a_registered_origin_may_send_credentials_and_only_by_policy(
    policy: bool, sent: str | None, allowed: bool
) -> None:
    own = ("http://localhost:8100",)
    assert origin.may_send_credentials(Policy(credentialed_cors=policy), sent, own) is allowed
