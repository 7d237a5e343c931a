"""A page's origin should be one of the app's URLs; the tenant's policy decides whether others are refused."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs
from tests.authorization import token_requests as tokens
from tests.authorization.access import test_access as records

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
    changed: dict[str, Any] = {
        "client": structs.replace(APP, client="public"),
        "server": structs.replace(SERVER, policy=policy),
    } | known
    return tokens.outcome(tokens.token_request(headers=headers), tokens.token_context(**changed))


def at_the_record(sent: str, policy: Policy = STRICT) -> tuple[str, str, int] | None:
    request = records.fhir_request(query="patient=A")
    known = structs.replace(records.KNOWN, client=APP, server=Server(issuer="iss", fhir_bases=(records.BASE,), policy=policy))
    return records.outcome(structs.replace(request, headers={**request.headers, "origin": sent}), known)


def test_origins_are_those_of_launch_and_redirect_uris_in_the_form_of_browsers() -> None:
    assert origin.registered_origins(APP) == ("https://app.example.org", "http://localhost:8100")


@pytest.mark.parametrize("sent", [None, "https://app.example.org", "http://localhost:8100"])
def test_the_apps_own_page_and_a_missing_origin_are_accepted(sent: str | None) -> None:
    assert at_token(sent) is None


@pytest.mark.parametrize("sent", [OTHER, "null", "http://localhost:8101", "https://app.example.org:8443"])
def test_the_strict_policy_refuses_other_origins(sent: str) -> None:
    assert at_token(sent) == ("cors-origin-not-registered", "invalid_request", 403)
    assert at_the_record(sent) == ("cors-origin-not-registered", "forbidden", 403)


def test_without_the_strict_policy_other_origins_are_accepted() -> None:
    assert at_token(OTHER, Policy()) is None
    assert at_the_record(OTHER, Policy()) is None


def test_an_unknown_app_has_no_origins() -> None:
    assert at_token(OTHER, client=None) == ("client-id-unknown", "invalid_client", 400)


@pytest.mark.parametrize(("sent", "hidden"), [(OTHER, True), ("https://app.example.org", False)])
def test_only_a_refused_page_may_not_read_the_response(sent: str, hidden: bool) -> None:
    request = tokens.token_request(headers={"Origin": sent})
    context = tokens.token_context(client=APP, server=Server(policy=STRICT))
    assert origin.is_withheld(tokens.examine_token(request, context)) is hidden


def test_the_refusal_lists_the_registered_origins() -> None:
    request = tokens.token_request(headers={"Origin": OTHER})
    refusals = tokens.examine_token(request, tokens.token_context(client=APP, server=Server(policy=STRICT))).refusals
    facts = next(refusal.facts for refusal in refusals if refusal.name == origin.NAME)
    assert facts == {"received": OTHER, "registered": ("https://app.example.org", "http://localhost:8100")}


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
