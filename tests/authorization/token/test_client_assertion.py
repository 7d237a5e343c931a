"""Client assertions: each fault is refused with invalid_client, and nothing unverified is granted."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, import_key
from msgspec import structs
from tests.authorization import token_requests
from tests.authorization.backend_requests import CLAIMS, SERVER, _with_header, client, key, request, sample_context, sign
from tests.authorization.token_requests import CODE_FORM, KNOWN, NOW, URL, examine_token, outcome, token_request

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import Policy, Server
from sickbay.authorization.token import backend_scopes, client_assertion, client_credentials
from sickbay.authorization.token.client_authentication import JWT_BEARER
from sickbay.kernel.checks import UNKNOWN, Refusal
from sickbay.protocol import jose


def test_a_valid_assertion_is_granted() -> None:
    assert outcome(request(sign()), sample_context()) is None


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"iss": "https://app.example.org"}, "assertion-iss-sub-mismatch"),
        ({"iss": "other", "sub": "other"}, "assertion-client-mismatch"),
        ({"aud": "http://localhost:7425/general/r4"}, "assertion-aud-wrong"),
        ({"exp": None}, "assertion-exp-missing"),
        ({"exp": "soon"}, "assertion-exp-missing"),
        ({"exp": (NOW + 240) * 1000}, "assertion-exp-milliseconds"),
        ({"exp": 10**11 + 1}, "assertion-exp-milliseconds"),
        ({"exp": 10**11}, "assertion-exp-too-long"),
        ({"exp": NOW + 361}, "assertion-exp-too-long"),
        ({"exp": NOW - 61}, "assertion-expired"),
        ({"nbf": NOW + 61}, "assertion-nbf-future"),
        ({"nbf": "now"}, "assertion-nbf-future"),
        ({"nbf": True}, "assertion-nbf-future"),
        *(({"iat": iat}, "assertion-issue-time-wrong") for iat in ("now", True)),
        ({"jti": None}, "assertion-jti-missing"),
        ({"jti": "seen"}, "assertion-jti-reused"),
    ],
)
def test_each_wrong_claim_is_refused(changed: dict[str, object], name: str) -> None:
    assert outcome(request(sign(**changed)), sample_context(seen_jti=("seen",))) == (name, "invalid_client", 400)


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"iat": NOW + 61}, "assertion-issue-time-wrong"),
        ({"iat": NOW - 60, "exp": NOW + 240.5}, "assertion-issue-time-wrong"),
        ({"nbf": NOW - 61}, "assertion-issue-time-wrong"),
        ({"nbf": 0, "iat": NOW}, "assertion-issue-time-wrong"),
        ({"jti": "j" * 152}, "assertion-jti-too-long"),
        ({"iat": NOW + 60, "nbf": NOW - 60}, None),
        ({"iat": None, "nbf": None, "jti": "j" * 151}, None),
        ({"jti": None}, "assertion-jti-missing"),
    ],
)
def test_a_policy_limits_the_age_and_the_jti_of_an_assertion(changed: dict[str, object], name: str | None) -> None:
    """Epic's guide: iat isn't in the future, exp is at most five minutes after iat and nbf, jti has at most 151 characters."""
    strict = structs.replace(SERVER, policy=Policy(assertion_limits=True))
    expected = None if name is None else (name, "invalid_client", 400)
    assert outcome(request(sign(**changed)), structs.replace(sample_context(), server=strict)) == expected
    lenient = expected if changed == {"jti": None} else None
    assert outcome(request(sign(**changed)), sample_context()) == lenient


@pytest.mark.parametrize("nbf", [NOW + 60, NOW, 0, NOW - 0.5])
def test_an_assertion_may_contain_nbf_in_the_past(nbf: float) -> None:
    """Clocks may differ by one minute."""
    assert outcome(request(sign(nbf=nbf)), sample_context()) is None


@pytest.mark.parametrize("algorithm", ["RS256", "RS512", "PS384"])
def test_another_algorithm_is_accepted_only_if_the_policy_allows_it(algorithm: str) -> None:
    """Only the algorithm is refused, because the key is published."""
    sent = request(_with_header(alg=algorithm))
    assert [refusal.name for refusal in examine_token(sent, sample_context()).refusals] == ["assertion-alg-unsupported"]
    policy = Policy(assertion_algorithms=("RS384", "ES384", algorithm))
    server = structs.replace(SERVER, policy=policy)
    assert outcome(sent, structs.replace(sample_context(), server=server)) is None


def test_another_key_or_algorithm_is_refused() -> None:
    other = {**json.loads(jose.generate()), "kid": json.loads(key())["kid"], "alg": "RS384"}
    forged = jose.sign(CLAIMS, json.dumps(other), "RS384")
    assert outcome(request(forged), sample_context()) == ("assertion-signature-invalid", "invalid_client", 400)
    weak = jose.sign(CLAIMS, key(), "RS256")
    assert outcome(request(weak), sample_context()) == ("assertion-alg-unsupported", "invalid_client", 400)


@pytest.mark.parametrize(
    ("jwks", "name"),
    [
        (None, "jwks-unreachable"),
        ({}, "jwks-unreachable"),
        ({"keys": []}, "assertion-kid-unknown"),
        ({"keys": [None, 1]}, "assertion-kid-unknown"),
    ],
)
def test_missing_keys_are_refused(jwks: dict[str, object] | None, name: str) -> None:
    assert outcome(request(sign()), structs.replace(sample_context(), jwks=jwks)) == (name, "invalid_client", 400)


def test_a_number_names_no_key() -> None:
    """`kid` is a string (RFC 7515 4.1.4, RFC 7517 4.5)."""
    numbered = json.dumps(json.loads(key()) | {"kid": 1})
    header = urlsafe_b64encode(json.dumps({"alg": "RS384", "kid": 1}).encode()).decode().rstrip("=")
    text = ".".join((header, *sign().split(".")[1:]))
    (refusal,) = examine_token(request(text), sample_context([jose.public_members(numbered)])).refusals
    assert (refusal.name, refusal.facts["received"], refusal.facts["published"]) == ("assertion-kid-unknown", "1", [])


def test_with_unknown_keys_nothing_is_granted() -> None:
    assert not examine_token(request(sign()), structs.replace(sample_context(), jwks=UNKNOWN)).granted


@pytest.mark.parametrize("text", ["x", "a.b.c", "..", "é"])
def test_text_that_is_not_a_jwt_is_refused(text: str) -> None:
    names = [refusal.name for refusal in examine_token(request(text), sample_context()).refusals]
    assert names == ["assertion-not-jwt"]


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (None, ["backend-scope-missing"]),
        ("user/Patient.rs", ["backend-scope-not-system"]),
        ("system/Patient.r?s", ["scope-filter-unsupported"]),
        ("system/Patient.cruds", ["scope-not-registered", "backend-empty-scopes"]),
        ("system/Patient.rs system/Patient.d", ["scope-not-registered"]),
        ("system/Patient.rs,system/Observation.rs", ["scope-comma-separated"]),
        ("system/Patient.rs+system/Observation.rs", ["scope-plus-literal"]),
        ("system/Patient.rs\tsystem/Observation.rs", ["scope-tab-separated"]),
        ("system/Patient.rs  system/Observation.rs", ["scope-has-stray-characters"]),
        ("system/Patient.rs;system/Observation.rs", ["scope-separator-wrong"]),
        ('["system/Patient.rs"]', ["scope-has-stray-characters"]),
        ("system/Patient.rs\nsystem/Observation.rs", ["scope-tab-separated"]),
    ],
)
def test_each_scope_fault_of_a_backend_service_is_refused(scope: str | None, names: list[str]) -> None:
    assert [refusal.name for refusal in examine_token(request(sign(), scope=scope), sample_context()).refusals] == names


def test_a_service_without_an_assertion_is_refused() -> None:
    bare = request("", client_assertion=None, client_assertion_type=None, client_id="app")
    assert outcome(bare, sample_context()) == ("assertion-missing", "invalid_client", 400)
    public = structs.replace(client(), client="public")
    assert outcome(bare, structs.replace(sample_context(), client=public)) == ("assertion-missing", "invalid_client", 400)


def test_an_assertion_also_authenticates_a_code_exchange_unless_forged() -> None:
    app = structs.replace(client(), grant_types=("authorization_code",))
    server = structs.replace(token_requests.SERVER, token_endpoint=URL)
    redeeming = structs.replace(sample_context(), client=app, server=server, code=KNOWN.code)
    form = {**CODE_FORM, "client_assertion_type": JWT_BEARER, "client_assertion": sign()}
    assert outcome(token_request(form), redeeming) is None
    forged = {**form, "client_assertion": sign(aud="other")}
    assert outcome(token_request(forged), redeeming) == ("assertion-aud-wrong", "invalid_client", 400)


def test_a_jku_other_than_the_registered_url_is_refused() -> None:
    for jku in ("https://app.example.org/other.json", "https://app.example.org/"):
        assert outcome(request(_with_header(jku=jku)), sample_context()) == ("assertion-kid-unknown", "invalid_client", 400)


def test_of_two_keys_with_the_same_id_the_one_of_the_right_type_is_used() -> None:
    kid = json.loads(key())["kid"]
    other = ECKey.generate_key("P-384", {"kid": kid}).as_dict(private=False)
    mine = jose.public_members(key())
    assert outcome(request(sign()), sample_context(keys=[other, mine])) is None
    assert outcome(request(sign()), sample_context(keys=[mine, mine])) == ("assertion-kid-unknown", "invalid_client", 400)
    assert outcome(request(sign()), sample_context(keys=[other])) == ("assertion-kid-unknown", "invalid_client", 400)


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_an_invalid_number_makes_the_assertion_not_a_jwt(number: str) -> None:
    claims = f'{{"iss":"app","sub":"app","aud":"{URL}","exp":{number},"jti":"j1"}}'
    text = jws.serialize_compact({"alg": "RS384", "kid": "k"}, claims, import_key(json.loads(key())), ["RS384"])
    assert outcome(request(text), sample_context()) == ("assertion-not-jwt", "invalid_client", 400)


def test_a_proven_assertion_is_used_up_even_if_the_request_is_refused() -> None:
    assert client_assertion.is_proven(examine_token(request(sign()), sample_context()))
    assert client_assertion.is_proven(examine_token(request(sign(), scope="nonsense"), sample_context()))
    assert not client_assertion.is_proven(examine_token(request(sign(aud="other")), sample_context()))
    assert not client_assertion.is_proven(examine_token(request(sign()), structs.replace(sample_context(), jwks=UNKNOWN)))


@pytest.mark.parametrize(("own", "seconds"), [(None, 300), (60, 60), (300, 300), (3600, 300)])
def test_a_token_without_a_user_lives_at_most_five_minutes(own: int | None, seconds: int) -> None:
    assert client_credentials.determine_lifetime(structs.replace(client(), token_lifetime=own)) == seconds


@pytest.mark.parametrize(
    ("exp", "accepted"),
    [
        (NOW + 360, True),
        (NOW + 361, False),
        (NOW - 60, True),
        (NOW - 61, False),
        (NOW + 240.5, True),
        (True, False),
        (10**11, False),
    ],
)
def test_an_assertion_lives_at_most_five_minutes_plus_one_for_clock_differences(exp: object, accepted: bool) -> None:
    names = [refusal.name for refusal in examine_token(request(sign(exp=exp)), sample_context()).refusals]
    assert (names == []) is accepted
    assert exp != 10**11 or names == ["assertion-exp-too-long"]


@pytest.mark.parametrize("aud", [URL, (URL, "x"), ("x", URL)])
def test_the_token_endpoint_may_be_one_audience_of_several(aud: object) -> None:
    assert outcome(request(sign(aud=aud)), sample_context()) is None


@pytest.mark.parametrize(
    ("scope", "policy", "granted", "reason"),
    [
        ("system/Patient.rs", Policy(), True, ""),
        ("user/Patient.rs", Policy(), False, "isn't for backend services"),
        ("openid", Policy(), False, "isn't for backend services"),
        ("system/Patient.r?s", Policy(), False, "has a filter that this server can't enforce"),
        ("system/Patient.cruds", Policy(), False, "isn't registered for this app"),
        ("system/*.rs", Policy(wildcard_scopes=False), False, "is a wildcard, which this server doesn't grant"),
        (
            "system/Patient.read",
            Policy(mixed_scope_versions=False),
            False,
            "uses the syntax of SMART v1, but the app is registered for v2",
        ),
    ],
)
def test_each_scope_is_offered_or_gets_a_reason(scope: str, policy: Policy, granted: bool, reason: str) -> None:
    assert backend_scopes.negotiate((scope,), client(), policy) == ((scope, granted, reason),)


def test_a_service_may_be_granted_registered_scopes_that_were_not_requested() -> None:
    rows = backend_scopes.negotiate(("system/Patient.rs",), client(), Policy(grants_registered=True))
    assert [row[:2] for row in rows] == [("system/Patient.rs", True), ("system/*.rs", True)]


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("system/Patient.rs user/Patient.rs", ["backend-scope-not-system"]),
        ("system/Patient.rs", []),
        ("user/Patient.rs openid", ["backend-empty-scopes"]),
    ],
)
def test_a_policy_may_refuse_user_scopes_next_to_system_scopes(scope: str, names: list[str]) -> None:
    policy = Policy(drop_unregistered_scopes=True, mixed_levels=False)
    server = Server(token_endpoint=URL, grants=("client_credentials",), policy=policy)
    result = examine_token(request(sign(), scope=scope), structs.replace(sample_context(), server=server))
    assert [refusal.name for refusal in result.refusals] == names


@pytest.mark.parametrize(
    ("scope", "names"),
    [("system/Patient.rs user/Patient.rs", []), ("user/Patient.rs", ["backend-empty-scopes"])],
)
def test_if_scopes_are_dropped_silently_at_least_one_must_remain(scope: str, names: list[str]) -> None:
    lenient = Server(token_endpoint=URL, grants=("client_credentials",), policy=Policy(drop_unregistered_scopes=True))
    context = structs.replace(sample_context(), server=lenient)
    assert [refusal.name for refusal in examine_token(request(sign(), scope=scope), context).refusals] == names


def test_a_scope_check_has_its_name_and_requirements_and_gets_the_requested_scopes() -> None:
    calls: list[object] = []

    def decide(requested: tuple[str, ...], context: TokenContext) -> Refusal | None:
        calls.append((requested, context))
        return Refusal("x", "y") if len(requested) > 1 else None

    scope_check = backend_scopes._wrap_check("scopes_are_few", decide)
    context = sample_context()
    assert scope_check.decide(request("", scope="a b"), context) == Refusal("x", "y")
    assert scope_check.decide(request("", scope=None), context) is None
    assert calls == [(("a", "b"), context), ((), context)]
    assert (scope_check.name, scope_check.requires) == ("scopes_are_few", ("client",))
    assert [before.name for before in scope_check.after] == ["scope_is_sent", "client_is_registered"]


def test_the_refusal_of_an_unknown_issuer_names_the_expected_client() -> None:
    sent = request(sign(iss="other", sub="other"), client_id="other")
    refusal = client_assertion.iss_of_the_assertion_is_the_client_id.decide(
        sent, structs.replace(sample_context(), client=None)
    )
    facts = {"received": "other", "expected": "other"}
    assert refusal == Refusal("assertion-client-mismatch", "invalid_client", facts)
    bare = client_assertion.iss_of_the_assertion_is_the_client_id.decide(
        request(sign(iss="other", sub="other")), structs.replace(sample_context(), client=None)
    )
    assert bare is not None
    assert bare.facts["expected"] == "a client registered here"


@pytest.mark.parametrize("crit", [["urn:example:tenant"], [], "exp", None])
def test_a_critical_extension_is_refused_by_name(crit: object) -> None:
    """Any crit is refused: no extension is understood, and an empty one is invalid (RFC 7515 4.1.11). The signature isn't
    checked.
    """
    _, claims, signature = sign().split(".")
    header = {**jose.decode_unverified(sign()).header, "crit": crit}  # type: ignore[union-attr]
    new = urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    result = examine_token(request(".".join((new, claims, signature))), sample_context())
    assert result.refusals == (Refusal("assertion-crit-unknown", "invalid_client", {"received": crit}),)
    assert {run.name: run.outcome for run in result.checked}["signature_is_right"] == "skipped"
