"""An app asks to sign a person out: it proves whom it means, and leads nobody to an address that it did not register."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

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
def key() -> str:
    return jose.generate()


@cache
def hint(**changed: object) -> str:
    """An id_token of ours; it expired long ago."""
    return jose.sign({"iss": ISSUER, "sub": "s-1", "aud": "app", "exp": 1, **changed}, key())


def known() -> LogoutContext:
    return LogoutContext(server=Server(issuer=ISSUER), client=CLIENT, keys=jose.key_set([jose.generate(), key()]))


def asked(**sent: str) -> LogoutRequest:
    return LogoutRequest(parse(encode([*sent.items()])))


def refusals(request: LogoutRequest, knowing: LogoutContext | None = None) -> tuple[Refusal, ...]:
    return examine(logout.CHECKS, request, knowing or known()).refusals


def test_a_person_may_be_signed_out_without_any_proof_and_by_an_expired_one() -> None:
    assert refusals(asked(), replace(known(), client=None)) == ()
    assert refusals(asked(id_token_hint=hint(), post_logout_redirect_uri=BYE, state="s")) == ()
    assert refusals(asked(client_id="app", id_token_hint=hint())) == ()
    assert refusals(asked(client_id="app", post_logout_redirect_uri=BYE)) == ()


def test_each_parameter_is_sent_once() -> None:
    told = {"names": ["state"], "received": ["state"], "expected": "each parameter once"}
    twice = LogoutRequest(parse("state=a&state=b"))
    assert refusals(twice) == (Refusal("duplicate-parameter", "invalid_request", told),)


def test_an_id_token_that_is_not_ours_proves_nothing() -> None:
    foreign = jose.sign({"iss": ISSUER, "sub": "s-1", "aud": "app"}, jose.generate())
    for text, issuer in ((foreign, ISSUER), (hint(iss="http://other"), "http://other"), ("x", None), ("a.b.c", None)):
        told = {"issuer": ISSUER, "said": issuer}
        assert refusals(asked(id_token_hint=text)) == (Refusal("logout-hint-invalid", "invalid_request", told),)


@pytest.mark.parametrize("keys", [None, {}, {"keys": []}])
def test_without_keys_nothing_is_proven(keys: object) -> None:
    (refusal,) = refusals(asked(id_token_hint=hint()), replace(known(), keys=keys))
    assert refusal.name == "logout-hint-invalid"
    unknown = replace(known(), keys=UNKNOWN)
    assert not examine(logout.CHECKS, asked(id_token_hint=hint()), unknown).granted


@pytest.mark.parametrize(("sent", "app"), [(hint(), "app"), ("x.y", None), (None, None)])
def test_for_whom_the_id_token_was_made_is_what_it_says(sent: str | None, app: str | None) -> None:
    assert logout.audience(asked(id_token_hint=sent) if sent else asked()) == app


def test_the_id_token_is_of_the_app_that_asks() -> None:
    (refusal,) = refusals(asked(client_id="other", id_token_hint=hint()), replace(known(), client=Client("other")))
    told = {"received": "other", "expected": "app", "unknown": False}
    assert refusal == Refusal("logout-client-mismatch", "invalid_request", told)
    (refusal,) = refusals(asked(id_token_hint=hint(aud="gone")), replace(known(), client=None))
    assert refusal.facts == {"received": "gone", "expected": None, "unknown": True}


@pytest.mark.parametrize("uri", [BYE + "/", BYE + "?x=y", "http://localhost:8101/bye", "HTTP://localhost:8100/bye", "/"])
def test_nobody_is_led_to_an_address_that_is_not_registered(uri: str) -> None:
    told = {"received": uri, "registered": (BYE,), "app": "app"}
    refused = (Refusal("logout-redirect-uri-mismatch", "invalid_request", told),)
    assert refusals(asked(client_id="app", post_logout_redirect_uri=uri)) == refused


def test_an_address_without_an_app_is_nobodys() -> None:
    (refusal,) = refusals(asked(post_logout_redirect_uri=BYE), replace(known(), client=None))
    assert refusal.facts == {"received": BYE, "registered": (), "app": None}


def test_the_app_is_the_one_it_says_or_that_of_its_id_token() -> None:
    assert asked(client_id="a", id_token_hint=hint()).client_id == "a"
    assert asked(id_token_hint=hint()).client_id == "app"
    assert asked(id_token_hint=jose.sign({"aud": ["app"]}, key())).client_id is None
    assert asked().client_id is None


def test_the_person_is_asked_unless_the_app_means_who_is_signed_in() -> None:
    assert not logout.asks_first(asked(id_token_hint=hint()), "s-1")
    assert logout.asks_first(asked(id_token_hint=hint()), "s-2")
    assert logout.asks_first(asked(id_token_hint=hint()), None)
    assert logout.asks_first(asked(), "s-1")
