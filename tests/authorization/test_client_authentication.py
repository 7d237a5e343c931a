"""Client authentication: one method, the registered one, and a secret that is right in either reading."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.authorization.confidential_requests import CONFIDENTIAL
from tests.authorization.token_requests import (
    BASE,
    PUBLIC,
    SECRET,
    SYMMETRIC,
    asked,
    basic,
    examined,
    knowing,
    said,
)

from sickbay.authorization.client_authentication import (
    claimed,
    guesses_are_few,
    hashed,
    reading,
    registered_method,
    secret_is_right,
)
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Policy, Server
from sickbay.authorization.requests import TokenRequest
from sickbay.kernel.checks import Refusal, examine
from sickbay.protocol.basic import write

secrets = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), min_size=1)


def with_header(value: str, **changed: str | None) -> object:
    return said(asked(headers={"Authorization": value}, **{"client_id": None, **changed}), CONFIDENTIAL)


def test_basic_and_post_are_both_taken_where_no_method_is_registered() -> None:
    assert with_header(basic(f"app:{SECRET}")) is None
    assert said(asked(client_secret=SECRET), CONFIDENTIAL) is None


@given(secrets)
def test_any_secret_is_recognised_form_encoded(secret: str) -> None:
    request = asked(headers={"Authorization": write("app", secret)}, client_id=None)
    assert reading(request, replace(SYMMETRIC, secret_hash=hashed(secret))) == "decoded"


@given(secrets)
def test_any_secret_is_recognised_as_it_stands(secret: str) -> None:
    request = asked(headers={"Authorization": basic(f"app:{secret}")}, client_id=None)
    assert reading(request, replace(SYMMETRIC, secret_hash=hashed(secret)))


@given(secrets, secrets)
def test_no_other_secret_is_recognised(registered: str, sent: str) -> None:
    request = asked(headers={"Authorization": write("app", sent)}, client_id=None)
    found = reading(request, replace(SYMMETRIC, secret_hash=hashed(registered)))
    assert (found == "decoded") == (registered == sent)


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
def test_a_header_that_proves_nothing(header: str, answer: tuple[str, str, int]) -> None:
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
def test_a_body_that_proves_nothing(changed: dict[str, str | None], answer: tuple[str, str, int]) -> None:
    assert said(asked(**changed), CONFIDENTIAL) == answer


@pytest.mark.parametrize(
    ("sent", "padded"),
    [(f" {SECRET}", True), (f'"{SECRET}"', True), ("wrong ", False), (f"x{SECRET}", False)],
)
def test_a_secret_with_something_around_it_is_refused_and_known_to_be_that(sent: str, padded: bool) -> None:
    for request in (asked(client_secret=sent), asked(headers={"Authorization": basic(f"app:{sent}")})):
        refusal = secret_is_right.decide(request, CONFIDENTIAL)
        assert refusal is not None
        assert refusal.name == "client-secret-wrong"
        assert refusal.facts.get("padded", False) is padded


def test_two_methods_are_refused() -> None:
    assert with_header(basic(f"app:{SECRET}"), client_secret=SECRET) == ("client-auth-multiple", "invalid_request", 400)


@pytest.mark.parametrize(("body", "granted"), [("app", True), ("other", False)])
def test_a_client_id_beside_basic_must_be_the_same(body: str, granted: bool) -> None:
    answer = with_header(basic(f"app:{SECRET}"), client_id=body)
    assert answer == (None if granted else ("client-id-duplicated", "invalid_request", 400))


def test_the_header_names_the_client_before_the_body() -> None:
    assert claimed(asked(headers={"Authorization": basic("app:x")}, client_id="other")) == "app"


@pytest.mark.parametrize(("method", "granted"), [("client_secret_post", True), ("client_secret_basic", False)])
def test_the_registered_method_is_the_only_one(method: str, granted: bool) -> None:
    known = knowing(client=replace(SYMMETRIC, auth_method=method))
    assert (said(asked(client_secret=SECRET), known) is None) is granted


def test_an_asymmetric_client_is_not_taken_by_a_secret() -> None:
    known = knowing(client=replace(SYMMETRIC, client="asymmetric"))
    assert said(asked(client_secret=SECRET), known) == ("client-auth-method-mismatch", "invalid_client", 400)


def test_a_symmetric_client_without_a_registered_secret_is_never_authenticated() -> None:
    known = knowing(client=replace(SYMMETRIC, secret_hash=None))
    assert said(asked(client_secret=SECRET), known) == ("client-secret-wrong", "invalid_client", 400)


@pytest.mark.parametrize("changed", [{"client_secret": "x"}, {"client_assertion": "a.b.c"}])
def test_a_public_client_sends_no_credentials(changed: dict[str, str]) -> None:
    assert said(asked(**changed)) == ("public-client-sent-secret", "invalid_client", 400)


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
    known = knowing(server=replace(knowing().server, policy=policy))  # type: ignore[type-var]  # a server
    answer = said(asked(headers={"Authorization": header}, client_id=None), known)
    assert (answer is None) is accepted
    assert accepted or answer == ("public-client-sent-secret", "invalid_client", 401)


def test_an_empty_basic_header_does_not_replace_the_secret_of_a_confidential_client() -> None:
    assert with_header(basic("app:")) == ("client-secret-wrong", "invalid_client", 401)
    both = asked(headers={"Authorization": basic("app:")}, client_id=None, client_secret="x")
    assert said(both) is not None


def test_an_empty_secret_of_a_public_client_counts_as_not_sent() -> None:
    assert said(asked(client_secret="")) is None


@pytest.mark.parametrize(("headers", "status"), [({}, 400), ({"Authorization": basic("app:x")}, 401)])
def test_an_unknown_client_gets_401_only_where_it_used_the_header(headers: dict[str, str], status: int) -> None:
    answer = said(asked(headers=headers), knowing(client=None))
    assert answer == ("client-id-unknown", "invalid_client", status)


def test_no_fact_holds_a_secret() -> None:
    sent = "Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E"
    for known in (knowing(client=PUBLIC), CONFIDENTIAL, knowing(client=replace(SYMMETRIC, client="asymmetric"))):
        for headers in ({}, {"Authorization": basic(f"app:{sent}")}, {"Authorization": f"Basic app:{sent}"}):
            refusals = examined(asked(headers=headers, client_secret=sent), known).refusals
            assert refusals
            assert sent not in str([one.facts for one in refusals])


def test_an_assertion_of_nobody_is_refused_by_what_it_names() -> None:
    assertion = f"e30.{b64encode(json.dumps({'sub': 'stranger'}).encode()).decode().rstrip('=')}.x"
    request = asked(client_id=None, client_assertion=assertion)
    (first, *_) = examined(request, knowing(client=None)).refusals
    assert (first.name, first.error, first.status) == ("assertion-client-mismatch", "invalid_client", 400)
    assert first.facts["received"] == "stranger"
    named = examined(asked(client_assertion=assertion), knowing(client=None)).refusals
    assert named[0].name == "client-id-unknown"


def test_who_guessed_too_often_waits() -> None:
    request, known = asked(client_secret=SECRET), knowing(client=SYMMETRIC, waits=7)
    told = Refusal("guesses-too-many", "temporarily_unavailable", {"seconds": 7}, 429)
    assert examine((guesses_are_few,), request, known).refusals == (told,)
    assert examine((guesses_are_few,), request, replace(known, waits=0)).granted


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
def test_a_hospital_may_read_a_secret_in_one_way_alone(compares: str, encoded: bool, refused: str | None) -> None:
    secret = "a+b%2F c"
    header = write("app", secret) if encoded else basic(f"app:{secret}")
    client = replace(SYMMETRIC, secret_hash=hashed(secret))
    known = knowing(client=client, server=Server(policy=Policy(basic_secret=compares)))  # type: ignore[arg-type]
    refusals = examined(asked(client_id=None, headers={"Authorization": header}), known).refusals
    names = [one.name for one in refusals if one.name.startswith(("basic", "client"))]
    assert names == ([] if refused is None else [refused])
    if refused:
        assert next(one for one in refusals if one.name == refused).facts["compares"] == compares


def test_a_secret_in_the_body_is_read_in_one_way_everywhere() -> None:
    for compares in ("either", "decoded", "raw"):
        known = knowing(client=SYMMETRIC, server=Server(policy=Policy(basic_secret=compares)))  # type: ignore[arg-type]
        names = [one.name for one in examined(asked(client_secret=SECRET), known).refusals]
        assert not [one for one in names if one.startswith(("basic", "client"))]


@pytest.mark.parametrize(
    ("methods", "own", "sent", "right"),
    [
        (("client_secret_basic",), None, "post", "client_secret_basic"),
        (("client_secret_basic",), None, "basic", None),
        (("client_secret_post",), None, "basic", "client_secret_post"),
        (("client_secret_post",), None, "post", None),
        (("client_secret_post",), "client_secret_basic", "basic", "client_secret_basic"),
        (("private_key_jwt",), None, "basic", "client_secret_basic"),
    ],
)
def test_a_hospital_may_take_fewer_ways_of_sending_a_secret(
    methods: tuple[str, ...], own: str | None, sent: str, right: str | None
) -> None:
    """And says the one that it takes."""
    server = Server(fhir_bases=(BASE,), policy=Policy(auth_methods=methods))
    asking = knowing(client=replace(SYMMETRIC, auth_method=own), server=server)
    posted = asked(client_secret=SECRET)
    request = posted if sent == "post" else asked(client_id=None, headers={"Authorization": basic(f"app:{SECRET}")})
    found = examined(request, asking).refusals
    if right is None:
        assert not found
        return
    (refusal,) = found
    assert refusal.name == "client-auth-method-mismatch"
    assert (refusal.facts["received"], refusal.facts["registered"]) == (f"client_secret_{sent}", right)


@pytest.mark.parametrize(
    ("kind", "method"), [("public", "none"), ("symmetric", "client_secret_basic"), ("asymmetric", "private_key_jwt")]
)
def test_an_app_that_registered_no_method_has_the_one_of_its_kind(kind: str, method: str) -> None:
    assert registered_method(replace(PUBLIC, client=kind)) == method  # type: ignore[arg-type]
    assert registered_method(replace(PUBLIC, client=kind, auth_method="another")) == "another"  # type: ignore[arg-type]


def refusal_of(request: TokenRequest, known: TokenContext, name: str) -> Refusal:
    (found,) = (one for one in examined(request, known).refusals if one.name == name)
    return found


@pytest.mark.parametrize(
    ("header", "name", "received"),
    [
        ("a-secret-without-a-scheme", "basic-malformed", ""),
        ("Digest a b", "basic-malformed", "Digest"),
        ("Bearer a b", "assertion-as-bearer", "Bearer"),
        ("bearer x", "assertion-as-bearer", "bearer"),
    ],
)
def test_of_a_header_that_is_not_basic_only_the_scheme_is_told(header: str, name: str, received: str) -> None:
    request = asked(client_id=None, headers={"Authorization": header})
    assert refusal_of(request, CONFIDENTIAL, name).facts["received"] == received


@pytest.mark.parametrize(("body", "agrees"), [("a+b", True), ("a b", True), ("a%2Bb", False), ("s", False)])
def test_a_client_id_in_the_body_agrees_with_either_reading_of_the_header(body: str, agrees: bool) -> None:
    request = asked(client_id=body, headers={"Authorization": basic("a+b:s")})
    assert ("client-id-duplicated" in {one.name for one in examined(request, CONFIDENTIAL).refusals}) is not agrees


@pytest.mark.parametrize("live", [None, 5])
def test_of_an_app_that_is_not_known_it_is_told_from_when_on_it_will_be(live: int | None) -> None:
    told = refusal_of(asked(client_id="new"), knowing(client=None, live_at=live), "client-id-unknown").facts
    assert told == {"received": "new", "others": []} | ({} if live is None else {"live_at": live})


def claiming(**claims: object) -> TokenRequest:
    text = b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return asked(client_id=None, client_assertion=f"e30.{text}.x")


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
def test_an_assertion_names_its_app_by_its_subject_or_else_by_its_issuer(
    claims: dict[str, object], client_id: str | None
) -> None:
    assert claimed(claiming(**claims)) == client_id


def test_of_an_assertion_of_nobody_it_is_told_whom_it_should_name() -> None:
    told = refusal_of(claiming(sub="stranger"), knowing(client=None), "assertion-client-mismatch").facts
    assert (told["received"], told["expected"]) == ("stranger", "a client registered here")


@pytest.mark.parametrize(("pair", "swapped"), [(f"{SECRET}:app", True), (f"{SECRET}:other", False), ("app", False)])
def test_a_pair_in_the_wrong_order_is_told_without_the_secret(pair: str, swapped: bool) -> None:
    request = asked(headers={"Authorization": basic(pair)}, client_id=None if ":" in pair else "nobody")
    found = examined(request, knowing(client=None, others=("app",))).refusals
    told = Refusal(
        "basic-swapped", "invalid_client", {"grant_type": "authorization_code", "received": None, "expected": "app"}, 401
    )
    assert (told in found) == swapped
    assert not swapped or SECRET not in str(found)
