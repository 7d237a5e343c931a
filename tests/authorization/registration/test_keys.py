"""The public keys of a registration and of a client assertion: strong, public, for signatures, with unique ids."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey
from msgspec import structs
from tests.authorization.backend_requests import request, sample_context, sign
from tests.authorization.registration.contexts import CONTEXT
from tests.authorization.token_requests import examine_token
from tests.one_key import rsa_key

from sickbay.authorization.contexts import UrlContext
from sickbay.authorization.models import Policy, Server
from sickbay.authorization.registration import CHECKS
from sickbay.authorization.requests import RegistrationRequest
from sickbay.authorization.token import client_assertion
from sickbay.kernel.checks import Refusal, examine
from sickbay.protocol import jose

PRIVATE = json.loads(rsa_key())
RSA = jose.public_members(json.dumps(PRIVATE))
EC = ECKey.generate_key("P-384", {"kid": "ec"}).as_dict(private=False)
P256 = ECKey.generate_key("P-256", {"kid": "p256"}).as_dict(private=False)
OKP = OKPKey.generate_key("Ed25519", {"kid": "okp"}).as_dict(private=False)
SHORT = urlsafe_b64encode((1 << 1023 | 1).to_bytes(128)).decode().rstrip("=")


def without(key: dict[str, Any], name: str) -> dict[str, Any]:
    return {member: value for member, value in key.items() if member != name}


KEYS: list[tuple[str, dict[str, Any], str]] = [
    ("short", {**RSA, "n": SHORT}, "reg-jwks-key-weak"),
    ("exponent-1", {**RSA, "e": "AQ"}, "reg-jwks-key-weak"),
    ("even-exponent", {**RSA, "e": "AQAA"}, "reg-jwks-key-weak"),
    ("weak-curve", {**EC, "crv": "secp256k1"}, "reg-jwks-key-weak"),
    ("off-the-curve", {**EC, "y": EC["x"]}, "reg-jwks-key-weak"),
    ("encryption", {**RSA, "use": "enc"}, "reg-jwks-key-unsuited"),
    ("operations", {**RSA, "key_ops": ["wrapKey"]}, "reg-jwks-key-unsuited"),
    ("algorithm", {**RSA, "alg": "ES384"}, "reg-jwks-key-unsuited"),
    ("curve", {**EC, "alg": "ES256"}, "reg-jwks-key-unsuited"),
    ("algorithm-of-no-smart-server", P256, "reg-jwks-key-unsuited"),
    ("without-an-id", without(EC, "kid"), "reg-jwks-kid-missing"),
    ("empty-id", {**EC, "kid": ""}, "reg-jwks-kid-missing"),
    ("number-as-id", {**EC, "kid": 1}, "reg-jwks-kid-missing"),
    ("private", PRIVATE, "reg-jwks-has-private-key"),
    ("symmetric", {"kty": "oct", "k": "AAAA"}, "reg-jwks-has-private-key"),
]


def registration_of(*keys: Any) -> RegistrationRequest:
    return RegistrationRequest(
        client="asymmetric", redirect_uris=("https://a.example/",), scope="user/*.rs", jwks={"keys": list(keys)}
    )


def refusals_of(*keys: Any) -> tuple[Refusal, ...]:
    return tuple(examine(CHECKS, registration_of(*keys), CONTEXT).refusals)


def names(*keys: Any) -> list[str]:
    return [refusal.name for refusal in refusals_of(*keys)]


@pytest.mark.parametrize(("key", "refused"), [row[1:] for row in KEYS], ids=[row[0] for row in KEYS])
def test_each_unusable_key_is_refused(key: dict[str, Any], refused: str) -> None:
    assert names(key) == [refused]


@pytest.mark.parametrize("keys", [[RSA], [EC], [RSA, EC], [{**RSA, "use": "enc", "kid": "e"}, RSA], [EC, OKP], [P256, EC]])
def test_valid_keys_are_accepted_next_to_keys_for_other_uses(keys: list[dict[str, Any]]) -> None:
    assert names(*keys) == []


@pytest.mark.parametrize(
    ("keys", "facts"),
    [
        ([{**RSA, "e": "AQ", "kid": "k"}], {"received": "its exponent is 1, not an odd number above 1", "kid": "k"}),
        ([{**EC, "y": EC["x"], "kid": "k"}], {"received": "its members are not a point on its curve", "kid": "k"}),
        ([{**RSA, "use": "enc", "kid": "k"}], {"received": "use is enc", "kid": "k"}),
        ([{**RSA, "kid": "k"}] * 2, {"received": ["k"], "names": ["k"]}),
        ([{"kty": "EC", "crv": "P-384"}], {"received": ["keys"], "is_key": False}),
        ([EC, without(RSA, "kid")], {"received": None, "kid": "number 2", "expected": RSA["kid"]}),
        ([EC, {**RSA, "kid": ["k"]}], {"received": ["k"], "kid": "number 2"}),
        ([{**RSA, "kid": "k", "alg": "PS512", "crv": "x", "use": "enc"}], {"received": "use is enc", "kid": "k"}),
    ],
)
def test_the_refusal_names_the_key_and_what_is_wrong_with_it(keys: list[dict[str, Any]], facts: dict[str, Any]) -> None:
    (refusal,) = refusals_of(*keys)
    assert facts.items() <= refusal.facts.items()


@pytest.mark.parametrize(
    ("entry", "facts"),
    [
        ({}, {"received": "`kty` is missing", "kid": "number 2"}),
        ({"kid": "k", "x5c": ["MIIC"]}, {"received": "`kty` is missing", "kid": "k"}),
        ({"kid": "k", "kty": "RSA", "x5c": ["MIIC"]}, {"received": "`n` is missing", "kid": "k"}),
        ({**without(OKP, "x"), "kid": "k"}, {"received": "`x` is missing", "kid": "k"}),
        ("text", {"received": "it isn't an object", "kid": "number 2"}),
    ],
)
def test_each_entry_of_the_set_must_be_a_whole_public_key(entry: Any, facts: dict[str, Any]) -> None:
    """SMART requires `kty` and the bare key of every entry, also next to a key that could be used."""
    refusal = refusals_of(EC, entry)[0]
    assert (refusal.name, refusal.facts) == ("reg-jwks-key-incomplete", facts)


@pytest.mark.parametrize(
    ("algorithms", "key", "received"),
    [
        (("ES256",), P256, None),
        (("ES256",), RSA, "kty is RSA"),
        (("RS384",), P256, "kty is EC"),
        (("ES384",), P256, "crv is P-256"),
    ],
)
def test_a_key_must_fit_an_algorithm_that_the_server_accepts(
    algorithms: tuple[str, ...], key: dict[str, Any], received: str | None
) -> None:
    context = UrlContext(server=Server(policy=Policy(assertion_algorithms=algorithms)))
    refusals = examine(CHECKS, registration_of(key), context).refusals
    expected = [] if received is None else [("reg-jwks-key-unsuited", received)]
    assert [(refusal.name, refusal.facts["received"]) for refusal in refusals] == expected


def test_the_rules_of_smart_are_not_applied_to_other_services() -> None:
    """RFC 7517 requires no kid and any algorithm may be used, unless the scopes show that the app is one of SMART."""
    keys = (without(P256, "kid"), {"kty": "RSA", "kid": "k", "x5c": ["MIIC"]})
    other = structs.replace(registration_of(*keys), scope="openid email")
    assert not examine(CHECKS, other, UrlContext()).refusals
    refusals = examine(CHECKS, registration_of(*keys), UrlContext()).refusals
    assert [refusal.name for refusal in refusals] == ["reg-jwks-key-incomplete", "reg-jwks-kid-missing"]


@given(st.lists(st.sampled_from((RSA, EC, P256, OKP, {"kid": "x"}, "text")), max_size=4), st.sets(st.integers(0, 3)))
def test_a_set_is_accepted_if_and_only_if_smart_allows_it(keys: list[Any], unnamed: set[int]) -> None:
    """And then a key fits RS384 or ES384. What is refused only for its ids is accepted with those of the correction."""
    sent = [without(key, "kid") if at in unnamed and key != "text" else key for at, key in enumerate(keys)]
    distinct = [{**key, "kid": f"{key['kid']}-{at}"} if key != "text" and "kid" in key else key for at, key in enumerate(sent)]
    is_whole = {"x", "text"}.isdisjoint("text" if key == "text" else str(key["kid"])[:1] for key in keys)
    is_usable = is_whole and any(key in (RSA, EC) for key in keys)
    refused = names(*distinct)
    assert (refused == []) == (is_usable and not unnamed.intersection(range(len(keys))))
    if refused == ["reg-jwks-kid-missing"]:
        corrected = jose.add_ids({"keys": distinct})["keys"]
        assert set(names(*corrected)) <= {"reg-jwks-kid-duplicate"}  # if one key is in the set twice


def test_a_weak_key_next_to_one_for_encryption_is_refused() -> None:
    assert names({**RSA, "use": "enc", "kid": "e"}, RSA, {**EC, "y": EC["x"]}) == ["reg-jwks-key-weak"]


def test_ids_must_be_unique_among_keys_of_the_same_type() -> None:
    assert names({**RSA, "kid": "1"}, {**RSA, "kid": "1"}) == ["reg-jwks-kid-duplicate"]
    assert names({**RSA, "kid": "1"}, {**EC, "kid": "1"}) == []


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({}, []),
        ({"d": "AQ"}, ["assertion-key-private"]),
        ({"use": "enc"}, ["assertion-key-unsuited"]),
        ({"key_ops": ["deriveKey"]}, ["assertion-key-unsuited"]),
        ({"alg": "ES384"}, ["assertion-key-unsuited"]),
        ({"n": SHORT}, ["assertion-key-weak"]),
        ({"e": "AQ"}, ["assertion-key-weak"]),
        ({"e": "AQAA"}, ["assertion-key-weak"]),
    ],
)
def test_fetched_keys_follow_the_same_rules(changes: dict[str, Any], refused: list[str]) -> None:
    """Checked at each assertion, because the key behind jwks_uri wasn't seen when the app was registered."""
    (key,) = sample_context().jwks["keys"]  # type: ignore[index]
    examination = examine_token(request(sign()), structs.replace(sample_context(), jwks={"keys": [{**key, **changes}]}))
    assert [refusal.name for refusal in examination.refusals] == refused
    assert examination.has_passed(client_assertion.signature_is_valid) is not bool(refused)


@pytest.mark.parametrize(
    ("key", "name", "facts"),
    [
        ({**EC, "y": EC["x"]}, "assertion-key-weak", {"received": "its members are not those of a public key"}),
        (P256, "assertion-key-unsuited", {"received": "crv is P-256"}),
        ({**EC, "use": "enc"}, "assertion-key-unsuited", {"received": "use is enc"}),
        ({**EC, "d": "AQ"}, "assertion-key-private", {"received": "k", "members": ["d"]}),
    ],
)
def test_the_refusal_of_a_fetched_key_names_it(key: dict[str, Any], name: str, facts: dict[str, Any]) -> None:
    """Signed with any key: the signature check isn't reached."""
    head = urlsafe_b64encode(json.dumps({"alg": "ES384", "kid": "k"}).encode()).decode().rstrip("=")
    text = ".".join([head, *sign().split(".")[1:]])
    known = structs.replace(sample_context(), jwks={"keys": [{**key, "kid": "k"}]})
    (refusal,) = examine_token(request(text), known).refusals
    assert refusal.name == name
    assert (facts if "members" in facts else facts | {"kid": "k"}).items() <= refusal.facts.items()
