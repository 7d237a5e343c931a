"""Logout started by an app: it names its user, and the browser goes only to a registered URL."""

from __future__ import annotations

from functools import cache

import pytest
from msgspec import structs
from tests.one_key import rsa_key

from sickbay.authorization import logout
from sickbay.authorization.contexts import LogoutContext
from sickbay.authorization.models import Client, Server
from sickbay.authorization.requests import LogoutRequest
from sickbay.kernel.checks import UNKNOWN, Refusal, examine
from sickbay.protocol import jose
from sickbay.protocol.parameters import encode, parse

ISSUER = "http://localhost:7425/general"
BYE = "http://localhost:8100/bye"
CLIENT = Client("app", post_logout_redirect_uris=(BYE,))


@cache
def other_key() -> str:
    return jose.generate()


@cache
def hint(**changed: object) -> str:
    """Returns an id_token of this server that expired long ago."""
    return jose.sign({"iss": ISSUER, "sub": "s-1", "aud": "app", "exp": 1, **changed}, rsa_key())


def sample_context() -> LogoutContext:
    return LogoutContext(server=Server(issuer=ISSUER), client=CLIENT, keys=jose.key_set([other_key(), rsa_key()]))


def logout_request(**sent: str) -> LogoutRequest:
    return LogoutRequest(parse(encode([*sent.items()])))


def refusals(request: LogoutRequest, context: LogoutContext | None = None) -> tuple[Refusal, ...]:
    return examine(logout.CHECKS, request, context or sample_context()).refusals


def test_logout_works_without_a_hint_and_with_an_expired_one() -> None:
    assert refusals(logout_request(), structs.replace(sample_context(), client=None)) == ()
    assert refusals(logout_request(id_token_hint=hint(), post_logout_redirect_uri=BYE, state="s")) == ()
    assert refusals(logout_request(client_id="app", id_token_hint=hint())) == ()
    assert refusals(logout_request(client_id="app", post_logout_redirect_uri=BYE)) == ()


def test_each_parameter_is_sent_once() -> None:
    facts = {"names": ["state"], "received": ["state"], "expected": "each parameter once"}
    repeated = LogoutRequest(parse("state=a&state=b"))
    assert refusals(repeated) == (Refusal("duplicate-parameter", "invalid_request", facts),)


def test_an_id_token_of_another_issuer_is_refused() -> None:
    foreign = jose.sign({"iss": ISSUER, "sub": "s-1", "aud": "app"}, jose.generate())
    for text, issuer in ((foreign, ISSUER), (hint(iss="http://other"), "http://other"), ("x", None), ("a.b.c", None)):
        facts = {"issuer": ISSUER, "said": issuer}
        assert refusals(logout_request(id_token_hint=text)) == (Refusal("logout-hint-invalid", "invalid_request", facts),)


@pytest.mark.parametrize("keys", [None, {}, {"keys": []}])
def test_without_keys_no_id_token_is_accepted(keys: object) -> None:
    (refusal,) = refusals(logout_request(id_token_hint=hint()), structs.replace(sample_context(), keys=keys))
    assert refusal.name == "logout-hint-invalid"
    unknown = structs.replace(sample_context(), keys=UNKNOWN)
    assert not examine(logout.CHECKS, logout_request(id_token_hint=hint()), unknown).granted


@pytest.mark.parametrize(("sent", "app"), [(hint(), "app"), ("x.y", None), (None, None)])
def test_the_audience_is_read_from_the_id_token(sent: str | None, app: str | None) -> None:
    assert logout.read_audience(logout_request(id_token_hint=sent) if sent else logout_request()) == app


def test_the_id_token_must_belong_to_the_requesting_app() -> None:
    (refusal,) = refusals(
        logout_request(client_id="other", id_token_hint=hint()), structs.replace(sample_context(), client=Client("other"))
    )
    facts = {"received": "other", "expected": "app", "unknown": False}
    assert refusal == Refusal("logout-client-mismatch", "invalid_request", facts)
    (refusal,) = refusals(logout_request(id_token_hint=hint(aud="gone")), structs.replace(sample_context(), client=None))
    assert refusal.facts == {"received": "gone", "expected": None, "unknown": True}


@pytest.mark.parametrize("uri", [BYE + "/", BYE + "?x=y", "http://localhost:8101/bye", "HTTP://localhost:8100/bye", "/"])
def test_an_unregistered_redirect_uri_is_refused(uri: str) -> None:
    facts = {"received": uri, "registered": (BYE,), "app": "app"}
    refused = (Refusal("logout-redirect-uri-mismatch", "invalid_request", facts),)
    assert refusals(logout_request(client_id="app", post_logout_redirect_uri=uri)) == refused


def test_a_redirect_uri_without_an_app_is_refused() -> None:
    (refusal,) = refusals(logout_request(post_logout_redirect_uri=BYE), structs.replace(sample_context(), client=None))
    assert refusal.facts == {"received": BYE, "registered": (), "app": None}


def test_the_app_is_named_by_client_id_or_the_id_token() -> None:
    assert logout_request(client_id="a", id_token_hint=hint()).client_id == "a"
    assert logout_request(id_token_hint=hint()).client_id == "app"
    assert logout_request(id_token_hint=jose.sign({"aud": ["app"]}, rsa_key())).client_id is None
    assert logout_request().client_id is None


def test_the_user_is_asked_unless_the_id_token_names_the_signed_in_user() -> None:
    assert not logout.needs_confirmation(logout_request(id_token_hint=hint()), "s-1")
    assert logout.needs_confirmation(logout_request(id_token_hint=hint()), "s-2")
    assert logout.needs_confirmation(logout_request(id_token_hint=hint()), None)
    assert logout.needs_confirmation(logout_request(), "s-1")
