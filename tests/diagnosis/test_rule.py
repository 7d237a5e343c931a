"""When a rule advises: only if what it says about the context and the parameters holds."""

from __future__ import annotations

import re

import pytest
from msgspec import structs

from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Client, Server
from sickbay.authorization.requests import HttpExchange, authorize_request
from sickbay.diagnosis.catalogue import BY_ID, RULES
from sickbay.diagnosis.lists import WORDS
from sickbay.diagnosis.rule import fill_rule
from sickbay.kernel.checks import UNKNOWN

ADDRESS = "https://ehr.example.org/authorize?client_id=app&scope=user/*.rs&resource=x&code_verifier=v&launch=l&prompt=x&aud=y"
REQUEST = authorize_request(f"{ADDRESS}&redirect_uri=cb", "GET")
KNOWN = AuthorizeContext(server=Server(), client=Client("app", redirect_uris=("https://app.example.org/cb",)))
OF_THIS_STAGE = [rule for rule in RULES if rule.advises and "authorize" in (rule.stage, *rule.at)]
MEMBERS = [(rule.id, member) for rule in OF_THIS_STAGE for member in (rule.unknown, rule.given) if member]
SENT_ONLY = [rule for rule in OF_THIS_STAGE if rule.sent]


def advice(id: str, request: object = REQUEST, **more: object) -> object:
    rule, context = BY_ID[id], structs.replace(KNOWN, **more)
    assert rule.advises
    return rule.advises(request, context) if rule.condition.is_met(request, context) else None


@pytest.mark.parametrize(("id", "member"), [("scope-wildcard-not-allowed", "server"), ("redirect-uri-not-absolute", "client")])
def test_a_rule_for_what_is_not_known_advises_only_then(id: str, member: str) -> None:
    assert advice(id) is None
    assert advice(id, **{member: UNKNOWN})


@pytest.mark.parametrize("id", ["code-verifier-in-url", "prompt-unknown"])
def test_a_rule_about_a_parameter_advises_only_if_it_was_sent(id: str) -> None:
    rule = BY_ID[id]
    assert advice(id)
    without = REQUEST.parameters.replace([(rule.sent or "", None)])
    assert advice(id, structs.replace(REQUEST, parameters=without)) is None


@pytest.mark.parametrize(
    ("id", "member", "value"),
    [("authorize-fetched", "fetched", True), ("client-change-not-live-yet", "live_at", 1_800_000_000)],
)
def test_a_rule_about_a_given_member_advises_only_if_it_has_a_value(id: str, member: str, value: object) -> None:
    assert advice(id) is None
    assert advice(id, **{member: value})


@pytest.mark.parametrize(("id", "member"), MEMBERS)
def test_the_named_member_exists_in_the_context(id: str, member: str) -> None:
    assert hasattr(KNOWN, member)


@pytest.mark.parametrize(("id", "name"), [("pkce-missing", "code_challenge"), ("nonce-missing", "nonce")])
def test_a_rule_about_a_missing_parameter_advises_only_if_it_was_not_sent(id: str, name: str) -> None:
    scope = REQUEST.parameters.replace([("scope", "openid"), ("response_type", "code")])
    sent = scope.replace([(name, "x" * 43)])
    assert BY_ID[id].absent == name
    assert advice(id, structs.replace(REQUEST, parameters=scope))
    assert advice(id, structs.replace(REQUEST, parameters=sent)) is None


def test_a_rule_about_a_parameter_does_not_advise_on_a_request_without_parameters() -> None:
    exchange = HttpExchange("GET", "https://ehr.example.org/fhir", {}, 200, {})
    assert not any(rule.condition.is_met(exchange, KNOWN) for rule in SENT_ONLY)
    assert SENT_ONLY


@pytest.mark.parametrize(
    ("registered", "text"),
    [
        (("https://a.example/", "https://b.example/"), "`https://a.example/` and `https://b.example/`"),
        ("https://a.example/", "`https://a.example/`"),
        ("(shown to the app's owner)", "(shown to the app's owner)"),
        (None, "(none)"),
    ],
)
def test_registered_uris_are_listed_as_code_and_hidden_ones_as_words(registered: object, text: str) -> None:
    facts = {"received": "x", "registered": registered, "expected": "https://a.example/"}
    assert f"Registered: {text}." in fill_rule(BY_ID["redirect-uri-mismatch"], facts, refused=True).why


def test_what_only_the_other_server_knows_is_never_shown_as_code_or_as_a_list() -> None:
    shown = [fill_rule(rule, {"told": "Invalid"}, refused=True) for rule in RULES if not callable(rule.severity)]
    asides = re.compile(rf"`([\w…-]+[=:] ?)?({'|'.join(filter(None, WORDS['facts_of_the_server'].values()))})`")
    assert [finding.id for finding in shown if asides.search(finding.why + finding.fix)] == []
    assert [finding.id for finding in shown if not (finding.why and finding.fix)] == []
    assert "Registered" not in next(finding.why for finding in shown if finding.id == "scope-not-registered")


def test_a_value_from_the_other_server_is_shown_as_code() -> None:
    facts = {"told": "Invalid", "scopes": ["user/*.rs"], "registered": "openid"}
    finding = fill_rule(BY_ID["scope-not-registered"], facts, refused=True)
    assert "`user/*.rs`" in finding.fix
    assert "Registered: openid." in finding.why
