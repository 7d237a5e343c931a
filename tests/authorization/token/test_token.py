"""The token endpoint refuses as RFC 6749 5.2 and RFC 9700 require, and grants only a valid request."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import structs
from tests.authorization.token_requests import (
    BASE,
    CALLBACK,
    CODE,
    CODE_FORM,
    KNOWN,
    NOW,
    PUBLIC,
    REFRESH_FORM,
    SERVER,
    URL,
    VERIFIER,
    examine_token,
    outcome,
    token_context,
    token_request,
)

from sickbay.authorization import requests, token
from sickbay.authorization.models import AccessToken, Client, Policy, Server, TokenFamily
from sickbay.authorization.token import request as token_checks
from sickbay.authorization.token import response as token_response
from sickbay.kernel.checks import UNKNOWN, Refusal


def test_a_valid_request_is_granted() -> None:
    assert outcome(token_request()) is None


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({"grant_type": None}, ("grant-type-missing", "invalid_request", 400)),
        ({"grant_type": ""}, ("grant-type-missing", "invalid_request", 400)),
        ({"grant_type": "password"}, ("grant-type-invalid", "unsupported_grant_type", 400)),
        ({"grant_type": "implicit"}, ("grant-type-invalid", "unsupported_grant_type", 400)),
        ({"grant_type": "client_credentials"}, ("grant-type-mismatch", "invalid_grant", 400)),
        ({"grant_type": "refresh_token"}, ("grant-type-mismatch", "invalid_grant", 400)),
        ({"code": None}, ("code-missing", "invalid_request", 400)),
        ({"redirect_uri": None}, ("token-redirect-uri-missing", "invalid_request", 400)),
        ({"redirect_uri": CALLBACK + "/"}, ("token-redirect-uri-mismatch", "invalid_grant", 400)),
        ({"redirect_uri": CALLBACK.upper()}, ("token-redirect-uri-mismatch", "invalid_grant", 400)),
        ({"code_verifier": None}, ("pkce-verifier-missing", "invalid_grant", 400)),
        ({"code_verifier": VERIFIER[:-1] + "x"}, ("pkce-verifier-mismatch", "invalid_grant", 400)),
        ({"code_verifier": "short"}, ("pkce-verifier-malformed", "invalid_grant", 400)),
    ],
)
def test_each_wrong_parameter_is_refused(changed: dict[str, Any], answer: tuple[str, str, int]) -> None:
    context = token_context(family=None) if changed.get("grant_type") == "refresh_token" else KNOWN
    assert outcome(token_request(**changed), context) == answer


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        (None, ("code-unknown", "invalid_grant", 400)),
        (structs.replace(CODE, used_at=NOW - 1), ("code-reused", "invalid_grant", 400)),
        (structs.replace(CODE, issued_at=NOW - 61), ("code-expired", "invalid_grant", 400)),
        (structs.replace(CODE, client_id="other"), ("code-client-mismatch", "invalid_grant", 400)),
        (structs.replace(CODE, base="http://localhost:7425/cerner/r4"), ("token-endpoint-wrong-tenant", "invalid_grant", 400)),
        (structs.replace(CODE, code_challenge=None), ("pkce-verifier-unexpected", "invalid_grant", 400)),
        (structs.replace(CODE, code_challenge=VERIFIER), ("pkce-verifier-mismatch", "invalid_grant", 400)),
    ],
)
def test_each_unusable_code_is_refused(code: object, answer: tuple[str, str, int]) -> None:
    assert outcome(token_request(), token_context(code=code)) == answer


def test_a_code_is_valid_up_to_its_last_second() -> None:
    assert outcome(token_request(), token_context(code=structs.replace(CODE, issued_at=NOW - 60))) is None


@pytest.mark.parametrize(
    ("mode", "challenge", "verifier", "granted"),
    [
        ("if-sent", None, None, True),
        ("if-sent", None, VERIFIER, False),
        ("required", None, VERIFIER, False),
        ("off", None, VERIFIER, True),
        ("off", "nonsense", None, True),
    ],
)
def test_pkce_follows_the_registration(mode: str, challenge: str | None, verifier: str | None, granted: bool) -> None:
    context = token_context(client=structs.replace(PUBLIC, pkce=mode), code=structs.replace(CODE, code_challenge=challenge))
    assert (outcome(token_request(code_verifier=verifier), context) is None) is granted


def test_the_tenants_pkce_policy_overrides_the_registration() -> None:
    server = structs.replace(SERVER, policy=Policy(pkce="off"))
    assert outcome(token_request(code_verifier=None), token_context(server=server)) is None


@pytest.mark.parametrize(
    ("sent", "registered", "suggested"),
    [
        (None, ("client_credentials",), "client_credentials"),
        ("password", ("client_credentials",), "client_credentials"),
        ("CLIENT_CREDENTIALS", ("client_credentials",), "client_credentials"),
        ("authorization_cod", ("authorization_code", "refresh_token"), "authorization_code"),
        ("refresh", ("authorization_code", "refresh_token"), "refresh_token"),
        ("client-credentials", ("authorization_code", "refresh_token"), None),
        (None, ("authorization_code", "refresh_token"), None),
        ("client-credentials", None, "client_credentials"),
        (None, None, None),
    ],
)
def test_a_suggested_grant_type_is_one_that_the_app_has(
    sent: str | None, registered: tuple[str, ...] | None, suggested: str | None
) -> None:
    client = structs.replace(PUBLIC, grant_types=registered) if registered else None
    refusals = examine_token(token_request(grant_type=sent, code=None), token_context(client=client, code=None)).refusals
    grants = [refusal.facts["expected"] for refusal in refusals if refusal.name in ("grant-type-missing", "grant-type-invalid")]
    assert grants == [suggested]


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_only_post_is_accepted(method: str) -> None:
    request = structs.replace(token_request(), method=method)
    assert outcome(request) == ("token-wrong-method", "invalid_request", 405)


def test_parameters_in_the_url_are_refused_but_read() -> None:
    body = token_request().parameters.raw
    request = requests.token_request("POST", f"{URL}?{body}", {"content-type": token_checks.FORM}, "")
    assert [refusal.name for refusal in examine_token(request).refusals] == ["token-wrong-method"]


@pytest.mark.parametrize(
    "type", [None, "application/json", "text/plain", "multipart/form-data; boundary=x", "multipart/form-data"]
)
def test_another_content_type_is_refused(type: str | None) -> None:
    headers = {} if type is None else {"content-type": type}
    request = requests.token_request("POST", URL, headers, token_request().parameters.raw)
    assert outcome(request) == ("token-wrong-content-type", "invalid_request", 400)


def test_a_charset_in_the_content_type_is_accepted() -> None:
    assert outcome(token_request(headers={"content-type": f"{token_checks.FORM}; charset=UTF-8"})) is None


@pytest.mark.parametrize("body", [json.dumps(CODE_FORM), '{"grant_type": ["authorization_code"]}', "{", "{}", '{"a": 1}'])
def test_json_is_refused_without_an_error(body: str) -> None:
    request = requests.token_request("POST", URL, {"content-type": "application/json"}, body)
    assert outcome(request) == ("token-wrong-content-type", "invalid_request", 400)


def test_parameters_of_a_json_body_do_not_count_as_missing() -> None:
    request = requests.token_request("POST", URL, {"content-type": "application/json"}, json.dumps(CODE_FORM))
    assert [refusal.name for refusal in examine_token(request).refusals] == ["token-wrong-content-type"]


@pytest.mark.parametrize("name", ["code", "grant_type", "redirect_uri", "client_id"])
def test_a_repeated_parameter_is_refused(name: str) -> None:
    request = requests.token_request(
        "POST", URL, {"content-type": token_checks.FORM}, token_request().parameters.raw + f"&{name}=x"
    )
    assert outcome(request) == ("duplicate-parameter", "invalid_request", 400)


def test_an_unregistered_grant_type_is_refused() -> None:
    context = token_context(client=structs.replace(PUBLIC, grant_types=("refresh_token",)))
    assert outcome(token_request(), context) == ("backend-grant-not-allowed", "unauthorized_client", 400)


def test_all_independent_faults_are_reported_at_once() -> None:
    request = token_request(redirect_uri=None, code_verifier=None)
    names = [refusal.name for refusal in examine_token(request).refusals]
    assert names == ["token-redirect-uri-missing", "pkce-verifier-missing"]


def test_a_reused_code_revokes_its_tokens_but_an_expired_code_does_not() -> None:
    assert token_response.is_revoking(examine_token(token_request(), token_context(code=structs.replace(CODE, used_at=NOW))))
    assert not token_response.is_revoking(
        examine_token(token_request(), token_context(code=structs.replace(CODE, issued_at=0)))
    )


def test_a_code_that_another_client_sends_again_revokes_nothing() -> None:
    used = structs.replace(CODE, used_at=NOW)
    other = structs.replace(PUBLIC, client_id="other")
    assert not token_response.is_revoking(
        examine_token(token_request(client_id="other"), token_context(code=used, client=other))
    )


def test_an_empty_context_grants_nothing() -> None:
    assert not examine_token(token_request(), type(KNOWN)()).granted


@pytest.mark.parametrize(
    ("scope", "mode"),
    [
        ("patient/Patient.rs", "none"),
        ("online_access", "online"),
        ("offline_access", "offline"),
        ("online_access offline_access", "offline"),
    ],
)
def test_the_mode_of_a_family_follows_the_granted_scopes(scope: str, mode: str) -> None:
    assert token_response.build_family(structs.replace(CODE, scope=scope), Policy(), NOW).mode == mode


def test_a_familys_tokens_are_bound_to_base_patient_and_client() -> None:
    code = structs.replace(CODE, patient="p1", encounter="e1", user="anna")
    family = token_response.build_family(code, Policy(refresh_lifetime=10), NOW)
    access_token = token_response.make_token_record(family, "patient/Patient.rs", "iss", NOW, 60)
    assert family.expires_at == NOW + 10
    assert (access_token.client_id, access_token.base, access_token.patient, access_token.encounter, access_token.user) == (
        "app",
        BASE,
        "p1",
        "e1",
        "anna",
    )
    assert access_token.expires_at == NOW + 60


def test_the_lifetime_is_the_apps_own_or_the_tenants() -> None:
    assert token_response.determine_lifetime(Client("a", token_lifetime=5), Policy(token_lifetime=9)) == 5
    assert token_response.determine_lifetime(Client("a"), Policy(token_lifetime=9)) == 9


def test_the_response_has_the_launch_context_and_no_empty_member() -> None:
    code = structs.replace(CODE, patient="p1", encounter="e1")
    access_token = token_response.make_token_record(
        token_response.build_family(code, Policy(), NOW), code.scope, "iss", NOW, 60
    )
    context = {"need_patient_banner": False, "intent": "reconcile", "secret_of_ours": 1}
    assert token_response.build_response("text", access_token, Policy(), context, refresh_token="r") == {
        "access_token": "text",
        "token_type": "Bearer",
        "expires_in": 60,
        "scope": code.scope,
        "patient": "p1",
        "encounter": "e1",
        "need_patient_banner": False,
        "intent": "reconcile",
        "refresh_token": "r",
    }


def test_the_banner_is_sent_only_with_a_patient() -> None:
    access_token = token_response.make_token_record(
        token_response.build_family(CODE, Policy(), NOW), CODE.scope, "iss", NOW, 60
    )
    assert "need_patient_banner" not in token_response.build_response(
        "text", access_token, Policy(), {"need_patient_banner": True}
    )


def test_a_policy_may_send_another_lifetime_than_the_real_one() -> None:
    access_token = token_response.make_token_record(
        token_response.build_family(CODE, Policy(), NOW), CODE.scope, "iss", NOW, 60
    )
    assert token_response.build_response("text", access_token, Policy(expires_in=570), {})["expires_in"] == 570


def test_a_refresh_form_gets_the_refresh_checks() -> None:
    assert token.checks_for(token_request(REFRESH_FORM)) == token.CHECKS["refresh_token"]
    assert token.checks_for(token_request(REFRESH_FORM, grant_type=None)) == token.CHECKS["refresh_token"]


@pytest.mark.parametrize(
    ("scope", "kind", "policy", "grants", "comes"),
    [
        ("offline_access", "public", Policy(), ("refresh_token",), True),
        ("online_access", "public", Policy(), ("refresh_token",), True),
        ("patient/Patient.rs", "public", Policy(), ("refresh_token",), False),
        ("offline_access", "public", Policy(), ("authorization_code",), False),
        ("offline_access", "public", Policy(public_refresh=False), ("refresh_token",), False),
        ("offline_access", "symmetric", Policy(public_refresh=False), ("refresh_token",), True),
    ],
)
def test_scope_client_and_policy_decide_about_a_refresh_token(
    scope: str, kind: str, policy: Policy, grants: tuple[str, ...], comes: bool
) -> None:
    client = Client("app", client=kind, grant_types=grants)  # type: ignore[arg-type]
    assert (
        token_response.has_refresh_token(
            token_response.build_family(structs.replace(CODE, scope=scope), policy, NOW), client, policy
        )
        is comes
    )


@pytest.mark.parametrize(("changed", "comes"), [({}, True), ({"patient": None}, False)])
def test_a_dialect_may_send_the_banner_as_text(changed: dict[str, None], comes: bool) -> None:
    code = structs.replace(CODE, **{"patient": "p1"} | changed)
    access_token = token_response.make_token_record(
        token_response.build_family(code, Policy(), NOW), code.scope, "iss", NOW, 60
    )
    for banner, text in ((True, "true"), (False, "false")):
        answer = token_response.build_response(
            "t", access_token, Policy(banner_as_text=True), {"need_patient_banner": banner}, id_token="i"
        )
        assert answer.get("need_patient_banner") == (text if comes else None)
        assert answer["id_token"] == "i"
    assert "need_patient_banner" not in token_response.build_response("t", access_token, Policy(banner_as_text=True), {})


def test_a_code_becomes_a_family_and_a_token_with_all_its_context() -> None:
    code = structs.replace(
        CODE, timeline="t1", user="anna", session="s1", patient="p1", encounter="e1", context={"intent": "x"}
    )
    family = token_response.build_family(code, Policy(refresh_lifetime=9), NOW)
    assert family == TokenFamily(
        family="f1",
        client_id="app",
        scope=CODE.scope,
        base=BASE,
        generation=0,
        rotated_at=NOW,
        mode="none",
        expires_at=NOW + 9,
        session="s1",
        user="anna",
        patient="p1",
        encounter="e1",
        context={"intent": "x"},
        timeline="t1",
    )
    assert token_response.make_token_record(family, "openid", "iss", NOW, 60) == AccessToken(
        "app",
        "openid",
        BASE,
        NOW + 60,
        "f1",
        timeline="t1",
        user="anna",
        patient="p1",
        encounter="e1",
        issuer="iss",
        issued_at=NOW,
    )


def test_an_extra_code_or_refresh_token_is_not_a_mismatch() -> None:
    """The parameters of the grant type are there; additional ones are no mismatch."""
    both = token_request(REFRESH_FORM, code="c1")
    assert "grant-type-mismatch" not in [refusal.name for refusal in examine_token(both).refusals]
    code = token_request(refresh_token="r1")
    assert "grant-type-mismatch" not in [refusal.name for refusal in examine_token(code).refusals]


def test_a_tenant_may_support_fewer_grant_types() -> None:
    context = token_context(server=Server(fhir_bases=(BASE,), grants=("refresh_token",)))
    (refusal,) = examine_token(token_request(), context).refusals
    assert (refusal.name, refusal.facts["supported"]) == ("grant-type-invalid", ("refresh_token",))


def test_json_values_are_read_as_text() -> None:
    request = requests.token_request("POST", URL, {}, '{"code": 5, "state": null, "scope": "a b"}')
    assert request.parameters.pairs == (("code", "5"), ("state", "null"), ("scope", "a b"))


def test_resource_must_be_the_base_of_the_grant() -> None:
    assert outcome(token_request(resource=BASE)) is None
    facts = {"received": "http://x/r4", "expected": BASE}
    assert examine_token(token_request(resource="http://x/r4")).refusals == (
        Refusal("token-resource-mismatch", "invalid_target", facts),
    )


@pytest.mark.parametrize(("server", "expected"), [(Server(token_endpoint=URL, fhir_bases=(BASE,)), URL), (UNKNOWN, None)])
def test_an_unknown_tenant_is_reported_first(server: Any, expected: str | None) -> None:
    refused = examine_token(token_request(), token_context(elsewhere="0b8a", server=server)).refusals
    assert refused[0] == Refusal("tenant-unknown", "invalid_grant", {"received": "0b8a", "expected": expected})
    assert not examine_token(token_request(), token_context(server=server)).refusals


def test_with_pkce_off_a_wrong_verifier_is_ignored() -> None:
    off = structs.replace(PUBLIC, pkce="off")
    for verifier in ("x" * 43, "short", None):
        assert not examine_token(token_request(code_verifier=verifier), token_context(client=off)).refusals


@pytest.mark.parametrize(("grant", "refused"), [("code", True), ("family", True), ("none", False)])
def test_another_base_of_the_same_server_is_refused(grant: str, refused: bool) -> None:
    other = BASE.replace("r4", "dstu2")
    server = Server(fhir_bases=(other, BASE))
    family = TokenFamily("f", "app", "", BASE)
    grants: dict[str, dict[str, Any]] = {
        "code": {"code": CODE},
        "family": {"code": None, "family": family},
        "none": {"code": None},
    }
    refused_resource = token_checks.resource_is_the_granted_fhir_base_url_if_sent.decide(
        token_request(resource=other), token_context(server=server, **grants[grant])
    )
    expected = Refusal("token-resource-mismatch", "invalid_target", {"received": other, "expected": BASE})
    assert refused_resource == (expected if refused else None)
