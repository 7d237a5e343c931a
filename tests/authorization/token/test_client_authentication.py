"""Client authentication: one method, the registered one, with a secret that matches in either reading."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.authorization.confidential_requests import CONFIDENTIAL
from tests.authorization.token_requests import (
    BASE,
    PUBLIC,
    SECRET,
    SERVER,
    SYMMETRIC,
    basic,
    examine_token,
    outcome,
    token_context,
    token_request,
)

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Policy, Server
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token.client_authentication import (
    client_secret_is_right_if_the_client_has_one,
    failed_attempts_are_below_the_limit,
    find_matching_reading,
    hash_secret,
    registered_method,
)
from sickbay.kernel.checks import Refusal, examine
from sickbay.protocol.basic import write

secrets = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), min_size=1)


def with_header(value: str, **changed: Any) -> object:
    return outcome(token_request(headers={"Authorization": value}, **({"client_id": None} | changed)), CONFIDENTIAL)


def test_basic_and_post_are_both_accepted_if_no_method_is_registered() -> None:
    assert with_header(basic(f"app:{SECRET}")) is None
    assert outcome(token_request(client_secret=SECRET), CONFIDENTIAL) is None


@pytest.mark.parametrize(
    ("sent", "expected"), [("a+b", "decoded"), ("a%20b", "decoded"), ("a b", "decoded"), ("a%2Bb", None), ("other", None)]
)
def test_a_reading_of_the_secret_is_found(sent: str, expected: str | None) -> None:
    request = token_request(headers={"Authorization": basic(f"app:{sent}")}, client_id=None)
    assert find_matching_reading(request, structs.replace(SYMMETRIC, secret_hash=hash_secret("a b"))) == expected
    raw = structs.replace(SYMMETRIC, secret_hash=hash_secret("a+b"))
    assert find_matching_reading(request, raw) == {"a+b": "raw", "a%2Bb": "decoded"}.get(sent)


@given(secrets)
def test_any_secret_is_recognised_form_encoded(secret: str) -> None:
    request = token_request(headers={"Authorization": write("app", secret)}, client_id=None)
    assert find_matching_reading(request, structs.replace(SYMMETRIC, secret_hash=hash_secret(secret))) == "decoded"


@given(secrets)
def test_any_secret_is_recognised_raw(secret: str) -> None:
    request = token_request(headers={"Authorization": basic(f"app:{secret}")}, client_id=None)
    assert find_matching_reading(request, structs.replace(SYMMETRIC, secret_hash=hash_secret(secret)))


@given(secrets, secrets)
def test_no_other_secret_is_recognised(registered: str, sent: str) -> None:
    request = token_request(headers={"Authorization": write("app", sent)}, client_id=None)
    matched = find_matching_reading(request, structs.replace(SYMMETRIC, secret_hash=hash_secret(registered)))
    assert (matched == "decoded") == (registered == sent)


@pytest.mark.parametrize(
    ("header", "answer"),
    [
        (basic("app:wrong"), ("client-secret-wrong", "invalid_client", 401)),
        (basic("app:"), ("client-secret-wrong", "invalid_client", 401)),
        (basic(f"app:{SECRET}\n"), ("basic-malformed", "invalid_client", 401)),
        (f"Basic app:{SECRET}", ("basic-malformed", "invalid_client", 401)),
        ("Basic", ("basic-malformed", "invalid_client", 401)),
        ("Bearer a.b.c", ("assertion-as-bearer", "invalid_client", 401)),
        (SECRET, ("basic-malformed", "invalid_client", 401)),
    ],
)
def test_each_invalid_authorization_header_is_refused(header: str, answer: tuple[str, str, int]) -> None:
    assert with_header(header) == answer


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({}, ("client-auth-missing", "invalid_client", 400)),
        ({"client_secret": "wrong"}, ("client-secret-wrong", "invalid_client", 400)),
        ({"client_secret": ""}, ("client-auth-missing", "invalid_client", 400)),
        ({"client_assertion": "a.b.c"}, ("client-auth-method-mismatch", "invalid_client", 400)),
        ({"client_id": None}, ("client-id-missing-in-body", "invalid_client", 400)),
    ],
)
def test_each_body_without_valid_credentials_is_refused(changed: dict[str, Any], answer: tuple[str, str, int]) -> None:
    assert outcome(token_request(**changed), CONFIDENTIAL) == answer


@pytest.mark.parametrize(
    ("sent", "padded"),
    [(f" {SECRET}", True), (f'"{SECRET}"', True), ("wrong ", False), (f"x{SECRET}", False)],
)
def test_a_padded_secret_is_refused_and_marked_as_padded(sent: str, padded: bool) -> None:
    for request in (token_request(client_secret=sent), token_request(headers={"Authorization": basic(f"app:{sent}")})):
        refusal = client_secret_is_right_if_the_client_has_one.decide(request, CONFIDENTIAL)
        assert refusal is not None
        assert refusal.name == "client-secret-wrong"
        assert refusal.facts.get("padded", False) is padded


def test_two_methods_are_refused() -> None:
    assert with_header(basic(f"app:{SECRET}"), client_secret=SECRET) == ("client-auth-multiple", "invalid_request", 400)


@pytest.mark.parametrize(("body", "granted"), [("app", True), ("other", False)])
def test_a_client_id_next_to_basic_must_be_the_same(body: str, granted: bool) -> None:
    answer = with_header(basic(f"app:{SECRET}"), client_id=body)
    assert answer == (None if granted else ("client-id-duplicated", "invalid_request", 400))


def test_the_client_id_of_the_header_wins_over_the_body() -> None:
    assert token_request(headers={"Authorization": basic("app:x")}, client_id="other").claimed == "app"


@pytest.mark.parametrize(("method", "granted"), [("client_secret_post", True), ("client_secret_basic", False)])
def test_the_registered_method_is_the_only_one(method: str, granted: bool) -> None:
    context = token_context(client=structs.replace(SYMMETRIC, auth_method=method))
    assert (outcome(token_request(client_secret=SECRET), context) is None) is granted


def test_an_asymmetric_client_cannot_authenticate_with_a_secret() -> None:
    context = token_context(client=structs.replace(SYMMETRIC, client="asymmetric"))
    assert outcome(token_request(client_secret=SECRET), context) == ("client-auth-method-mismatch", "invalid_client", 400)


def test_a_symmetric_client_without_a_registered_secret_is_never_authenticated() -> None:
    context = token_context(client=structs.replace(SYMMETRIC, secret_hash=None))
    assert outcome(token_request(client_secret=SECRET), context) == ("client-secret-wrong", "invalid_client", 400)


@pytest.mark.parametrize("changed", [{"client_secret": "x"}, {"client_assertion": "a.b.c"}])
def test_a_public_client_sends_no_credentials(changed: dict[str, Any]) -> None:
    assert outcome(token_request(**changed)) == ("public-client-sent-secret", "invalid_client", 400)


@pytest.mark.parametrize(
    ("header", "policy", "accepted"),
    [
        (basic("app:"), Policy(), True),
        (basic("app:x"), Policy(), False),
        (basic("app:"), Policy(empty_basic=False), False),
    ],
)
def test_a_public_client_may_name_itself_in_a_basic_header_with_an_empty_secret(
    header: str, policy: Policy, accepted: bool
) -> None:
    """RFC 6749 2.3.1: the secret may be left out if it is an empty string."""
    context = token_context(server=structs.replace(SERVER, policy=policy))
    answer = outcome(token_request(headers={"Authorization": header}, client_id=None), context)
    assert (answer is None) is accepted
    assert accepted or answer == ("public-client-sent-secret", "invalid_client", 401)


def test_an_empty_basic_header_does_not_replace_the_secret_of_a_confidential_client() -> None:
    assert with_header(basic("app:")) == ("client-secret-wrong", "invalid_client", 401)
    both = token_request(headers={"Authorization": basic("app:")}, client_id=None, client_secret="x")
    assert outcome(both) is not None


def test_an_empty_secret_of_a_public_client_counts_as_not_sent() -> None:
    assert outcome(token_request(client_secret="")) is None


@pytest.mark.parametrize(("headers", "status"), [({}, 400), ({"Authorization": basic("app:x")}, 401)])
def test_an_unknown_client_gets_401_only_if_it_used_the_header(headers: dict[str, str], status: int) -> None:
    answer = outcome(token_request(headers=headers), token_context(client=None))
    assert answer == ("client-id-unknown", "invalid_client", status)


def test_no_fact_contains_a_secret() -> None:
    sent = "Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E"
    for known in (
        token_context(client=PUBLIC),
        CONFIDENTIAL,
        token_context(client=structs.replace(SYMMETRIC, client="asymmetric")),
    ):
        for headers in ({}, {"Authorization": basic(f"app:{sent}")}, {"Authorization": f"Basic app:{sent}"}):
            refusals = examine_token(token_request(headers=headers, client_secret=sent), known).refusals
            assert refusals
            assert sent not in str([refusal.facts for refusal in refusals])


def test_an_assertion_of_an_unknown_client_is_refused_with_its_subject() -> None:
    assertion = f"e30.{b64encode(json.dumps({'sub': 'stranger'}).encode()).decode().rstrip('=')}.x"
    request = token_request(client_id=None, client_assertion=assertion)
    (first, *_) = examine_token(request, token_context(client=None)).refusals
    assert (first.name, first.error, first.status) == ("assertion-client-mismatch", "invalid_client", 400)
    assert first.facts["received"] == "stranger"
    named = examine_token(token_request(client_assertion=assertion), token_context(client=None)).refusals
    assert named[0].name == "client-id-unknown"


def test_a_client_has_to_wait_after_too_many_failures() -> None:
    request, context = token_request(client_secret=SECRET), token_context(client=SYMMETRIC, waits=7)
    expected = Refusal("guesses-too-many", "temporarily_unavailable", {"seconds": 7}, 429)
    assert examine((failed_attempts_are_below_the_limit,), request, context).refusals == (expected,)
    assert examine((failed_attempts_are_below_the_limit,), request, structs.replace(context, waits=0)).granted


@pytest.mark.parametrize(
    ("compares", "encoded", "refused"),
    [
        ("either", True, None),
        ("either", False, None),
        ("decoded", True, None),
        ("decoded", False, "basic-not-urlencoded"),
        ("raw", True, "basic-urlencoded-mismatch"),
        ("raw", False, None),
    ],
)
def test_a_policy_may_accept_only_one_reading_of_a_secret(
    compares: Literal["either", "decoded", "raw"], encoded: bool, refused: str | None
) -> None:
    secret = "a+b%2F c"
    header = write("app", secret) if encoded else basic(f"app:{secret}")
    client = structs.replace(SYMMETRIC, secret_hash=hash_secret(secret))
    context = token_context(client=client, server=Server(policy=Policy(basic_secret=compares)))
    refusals = examine_token(token_request(client_id=None, headers={"Authorization": header}), context).refusals
    names = [refusal.name for refusal in refusals if refusal.name.startswith(("basic", "client"))]
    assert names == ([] if refused is None else [refused])
    if refused:
        assert next(refusal for refusal in refusals if refusal.name == refused).facts["compares"] == compares


def test_a_secret_in_the_body_is_always_read_the_same_way() -> None:
    for compares in ("either", "decoded", "raw"):
        context = token_context(client=SYMMETRIC, server=Server(policy=Policy(basic_secret=compares)))
        names = [refusal.name for refusal in examine_token(token_request(client_secret=SECRET), context).refusals]
        assert not [name for name in names if name.startswith(("basic", "client"))]


@pytest.mark.parametrize(
    ("methods", "own", "sent", "expected"),
    [
        (("client_secret_basic",), None, "post", "client_secret_basic"),
        (("client_secret_basic",), None, "basic", None),
        (("client_secret_post",), None, "basic", "client_secret_post"),
        (("client_secret_post",), None, "post", None),
        (("client_secret_post",), "client_secret_basic", "basic", "client_secret_basic"),
        (("private_key_jwt",), None, "basic", "client_secret_basic"),
    ],
)
def test_a_policy_may_accept_fewer_methods_for_secrets(
    methods: tuple[str, ...], own: str | None, sent: str, expected: str | None
) -> None:
    """The refusal names the accepted method."""
    server = Server(fhir_bases=(BASE,), policy=Policy(auth_methods=methods))
    asking = token_context(client=structs.replace(SYMMETRIC, auth_method=own), server=server)
    posted = token_request(client_secret=SECRET)
    request = posted if sent == "post" else token_request(client_id=None, headers={"Authorization": basic(f"app:{SECRET}")})
    refused = examine_token(request, asking).refusals
    if expected is None:
        assert not refused
        return
    (refusal,) = refused
    assert refusal.name == "client-auth-method-mismatch"
    assert (refusal.facts["received"], refusal.facts["registered"]) == (f"client_secret_{sent}", expected)


@pytest.mark.parametrize(
    ("kind", "method"), [("public", "none"), ("symmetric", "client_secret_basic"), ("asymmetric", "private_key_jwt")]
)
def test_an_app_without_a_registered_method_has_the_default_of_its_type(kind: str, method: str) -> None:
    assert registered_method(structs.replace(PUBLIC, client=kind)) == method
    assert registered_method(structs.replace(PUBLIC, client=kind, auth_method="another")) == "another"


def refusal_of(request: TokenRequest, context: TokenContext, name: str) -> Refusal:
    (refusal,) = (candidate for candidate in examine_token(request, context).refusals if candidate.name == name)
    return refusal


@pytest.mark.parametrize(
    ("header", "name", "received"),
    [
        ("a-secret-without-a-scheme", "basic-malformed", ""),
        ("Digest a b", "basic-malformed", "Digest"),
        ("Bearer a b", "assertion-as-bearer", "Bearer"),
        ("bearer x", "assertion-as-bearer", "bearer"),
    ],
)
def test_the_refusal_of_a_non_basic_header_has_only_its_scheme(header: str, name: str, received: str) -> None:
    request = token_request(client_id=None, headers={"Authorization": header})
    assert refusal_of(request, CONFIDENTIAL, name).facts["received"] == received


@pytest.mark.parametrize(("body", "agrees"), [("a+b", True), ("a b", True), ("a%2Bb", False), ("s", False)])
def test_a_client_id_in_the_body_agrees_with_either_reading_of_the_header(body: str, agrees: bool) -> None:
    request = token_request(client_id=body, headers={"Authorization": basic("a+b:s")})
    assert ("client-id-duplicated" in {refusal.name for refusal in examine_token(request, CONFIDENTIAL).refusals}) is not agrees


@pytest.mark.parametrize("live", [None, 5])
def test_the_refusal_of_a_pending_app_says_when_it_takes_effect(live: int | None) -> None:
    refusal_facts = refusal_of(
        token_request(client_id="new"), token_context(client=None, live_at=live), "client-id-unknown"
    ).facts
    assert refusal_facts == {"received": "new", "others": []} | ({} if live is None else {"live_at": live})


def claiming(**claims: object) -> TokenRequest:
    text = b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return token_request(client_id=None, client_assertion=f"e30.{text}.x")


@pytest.mark.parametrize(
    ("claims", "client_id"),
    [
        ({"sub": "a", "iss": "b"}, "a"),
        ({"iss": "b"}, "b"),
        ({"sub": 5}, None),
        ({"sub": "", "iss": "b"}, "b"),
        ({}, None),
    ],
)
def test_an_assertion_names_its_app_by_subject_or_issuer(claims: dict[str, object], client_id: str | None) -> None:
    assert claiming(**claims).claimed == client_id


def test_the_refusal_of_an_unknown_assertion_says_whom_it_should_name() -> None:
    refusal_facts = refusal_of(claiming(sub="stranger"), token_context(client=None), "assertion-client-mismatch").facts
    assert (refusal_facts["received"], refusal_facts["expected"]) == ("stranger", "a client registered here")


@pytest.mark.parametrize(("pair", "swapped"), [(f"{SECRET}:app", True), (f"{SECRET}:other", False), ("app", False)])
def test_swapped_credentials_are_reported_without_the_secret(pair: str, swapped: bool) -> None:
    request = token_request(headers={"Authorization": basic(pair)}, client_id=None if ":" in pair else "nobody")
    refused = examine_token(request, token_context(client=None, others=("app",))).refusals
    expected = Refusal(
        "basic-swapped", "invalid_client", {"grant_type": "authorization_code", "received": None, "expected": "app"}, 401
    )
    assert (expected in refused) == swapped
    assert not swapped or SECRET not in str(refused)
