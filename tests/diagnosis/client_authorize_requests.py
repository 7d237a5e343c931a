"""Correct authorization requests as real client libraries write them: the parameters, their order, and their values."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

from tests.diagnosis.client_values import (
    FHIR_SERVERS,
    PLAIN_SCOPES,
    PLAIN_SERVERS,
    SMART_SCOPES,
    Pairs,
    Values,
    form,
    jwt,
    percent,
)


def smart_scopes(values: Values) -> tuple[str, Pairs]:
    """The scopes, and the launch code of an EHR launch."""
    if values.random() < 0.5:
        return values.choice(SMART_SCOPES), []
    code = values.choice([values.base64url(48), values.uuid(), values.text(10)])
    return "launch openid fhirUser patient/Patient.rs patient/Observation.rs", [("launch", code)]


def fhirclient(values: Values) -> str:
    """smart-on-fhir/client-js."""
    auth, base = values.choice(FHIR_SERVERS)
    scope, launch = smart_scopes(values)
    pairs = [
        ("response_type", "code"),
        ("client_id", values.client_id()),
        ("scope", scope),
        ("redirect_uri", values.callback()),
    ]
    pairs += [("aud", base), ("state", values.text(22)), *launch, *values.challenge()]
    return f"{auth}/authorize?{percent(pairs)}"


def fhirclient_of_smart_1(values: Values) -> str:
    """smart-on-fhir/client-js before 2.5, without PKCE."""
    auth, base = values.choice(FHIR_SERVERS)
    scope = "launch/patient openid fhirUser patient/Patient.read patient/Observation.read"
    pairs = [
        ("response_type", "code"),
        ("client_id", values.client_id()),
        ("scope", scope),
        ("redirect_uri", values.callback()),
    ]
    return f"{auth}/authorize?{percent([*pairs, ('aud', base), ('state', values.text(22))])}"


def fhir_kit(values: Values) -> str:
    """Vermonster/fhir-kit-client with simple-oauth2."""
    auth, base = values.choice(FHIR_SERVERS)
    scope, launch = smart_scopes(values)
    pairs = [("response_type", "code"), ("aud", base), ("client_id", values.client_id())]
    pairs += [*launch, ("redirect_uri", values.callback()), ("scope", scope), ("state", values.uuid()), *values.challenge()]
    return f"{auth}/authorize?{percent(pairs)}"


def client_py(values: Values) -> str:
    """smart-on-fhir/client-py with PKCE."""
    auth, base = values.choice(FHIR_SERVERS)
    scope, launch = smart_scopes(values)
    pairs = [("response_type", "code"), ("client_id", values.client_id()), ("redirect_uri", values.callback())]
    pairs += [("scope", scope), *launch, ("aud", base), ("state", values.uuid().upper()), *values.challenge()]
    return f"{auth}/authorize?{form(pairs)}"


def openid_client(values: Values) -> str:
    """panva/openid-client and oauth4webapi."""
    pairs = [("redirect_uri", values.callback()), ("scope", values.choice(PLAIN_SCOPES)), *values.challenge()]
    pairs += [("nonce", values.base64url(32))] if values.random() < 0.5 else []
    pairs += [("state", values.base64url(32)), ("client_id", values.client_id()), ("response_type", "code")]
    return f"{values.choice(PLAIN_SERVERS)}/authorize?{form(pairs)}"


def oidc_client_ts(values: Values) -> str:
    """authts/oidc-client-ts, with a silent renewal now and then."""
    pairs = [("client_id", values.client_id()), ("redirect_uri", values.callback()), ("response_type", "code")]
    pairs += [("scope", "openid profile"), ("state", values.hex(16)), *values.challenge()]
    pairs += [("prompt", "none"), ("id_token_hint", jwt(values))] if values.random() < 0.3 else []
    pairs += [("response_mode", "query")] if values.random() < 0.3 else []
    return f"{values.choice(PLAIN_SERVERS)}/authorize?{form(pairs)}"


def appauth(values: Values) -> str:
    """openid/AppAuth for Android and iOS, also with SMART parameters."""
    pairs = [("redirect_uri", values.callback()), ("client_id", values.client_id()), ("response_type", "code")]
    pairs += [("state", values.base64url(16)), ("nonce", values.base64url(16)), *values.challenge()]
    if values.random() < 0.5:
        return f"{values.choice(PLAIN_SERVERS)}/authorize?{percent([*pairs, ('scope', values.choice(PLAIN_SCOPES))])}"
    auth, base = values.choice(FHIR_SERVERS)
    return f"{auth}/authorize?{percent([*pairs, ('scope', values.choice(SMART_SCOPES)), ('aud', base)])}"


def msal(values: Values) -> str:
    """Microsoft Authentication Library for JavaScript."""
    state = base64.b64encode(json.dumps({"id": values.uuid(), "meta": {"interactionType": "redirect"}}).encode()).decode()
    pairs = [("client_id", values.uuid()), ("scope", "User.Read openid profile offline_access")]
    pairs += [("redirect_uri", values.callback()), ("client-request-id", values.uuid()), ("response_mode", "fragment")]
    pairs += [("client_info", "1"), ("x-client-SKU", "msal.js.browser"), ("x-client-VER", "3.10.0"), ("response_type", "code")]
    pairs += [*values.challenge(), ("nonce", values.uuid()), ("state", state)]
    pairs += [("prompt", values.choice(["select_account", "create", "consent"]))] if values.random() < 0.3 else []
    return f"https://login.microsoftonline.com/common/oauth2/v2.0/authorize?{percent(pairs)}"


def auth0_spa(values: Values) -> str:
    """auth0-spa-js."""
    sender = base64.b64encode(b'{"name":"auth0-spa-js","version":"2.1.3"}').decode()
    pairs = [("client_id", values.text(32)), ("scope", "openid profile email"), ("audience", "https://api.example.org")]
    pairs += [("redirect_uri", values.callback()), ("response_type", "code"), ("response_mode", "web_message")]
    pairs += [("state", values.base64url(32, padded=True)), ("nonce", values.base64url(32, padded=True)), *values.challenge()]
    return f"https://clinic.eu.auth0.com/authorize?{percent([*pairs, ('prompt', 'none'), ('auth0Client', sender)])}"


def authlib(values: Values) -> str:
    """Authlib for Python, with its random strings of 30 characters."""
    pairs = [("response_type", "code"), ("client_id", values.client_id()), ("redirect_uri", values.callback())]
    pairs += [("scope", "openid profile email"), ("state", values.text(30)), ("nonce", values.text(20))]
    pairs += values.challenge() if values.random() < 0.5 else []
    return f"{values.choice(PLAIN_SERVERS)}/authorize?{form(pairs)}"


def requests_oauthlib(values: Values) -> str:
    """requests-oauthlib, which has no PKCE by default."""
    pairs = [("response_type", "code"), ("client_id", values.client_id()), ("redirect_uri", values.callback())]
    pairs += [("scope", values.choice(PLAIN_SCOPES)), ("state", values.text(30))]
    pairs += [("access_type", "offline"), ("prompt", "select_account")] if values.random() < 0.3 else []
    return f"{values.choice(PLAIN_SERVERS)}/authorize?{form(pairs)}"


def passport(values: Values) -> str:
    """passport-oauth2, with its state of 24 characters."""
    pairs = [("response_type", "code"), ("redirect_uri", values.callback()), ("scope", "profile email")]
    pairs += [("state", values.text(24)), ("client_id", values.client_id())]
    return f"{values.choice(PLAIN_SERVERS)}/authorize?{percent(pairs)}"


def spring(values: Values) -> str:
    """Spring Security, with its padded state."""
    pairs = [("response_type", "code"), ("client_id", values.client_id()), ("scope", "openid profile email")]
    pairs += [("state", values.base64url(32, padded=True)), ("redirect_uri", values.callback())]
    return f"{values.choice(PLAIN_SERVERS)}/authorize?{percent([*pairs, ('nonce', values.base64url(32))])}"


def golang(values: Values) -> str:
    """golang.org/x/oauth2, which sorts the parameters."""
    pairs = [("client_id", values.client_id()), ("redirect_uri", values.callback()), ("response_type", "code")]
    pairs += [("scope", values.choice(PLAIN_SCOPES)), ("state", values.base64url(24)), ("access_type", "offline")]
    return f"{values.choice(PLAIN_SERVERS)}/authorize?{form(sorted([*pairs, *values.challenge()]))}"


def asp_net(values: Values) -> str:
    """Microsoft.AspNetCore.Authentication.OpenIdConnect, with form_post and a long protected state."""
    pairs = [("client_id", values.client_id()), ("redirect_uri", values.callback()), ("response_type", "code")]
    pairs += [("scope", "openid profile"), *values.challenge(), ("response_mode", "form_post")]
    pairs += [
        ("nonce", f"638{values.text(15, '0123456789')}.{values.base64url(48)}"),
        ("state", f"CfDJ8{values.base64url(160)}"),
    ]
    pairs += [("x-client-SKU", "ID_NET8_0"), ("x-client-ver", "7.1.2.0")]
    return f"{values.choice(PLAIN_SERVERS)}/authorize?{percent(pairs)}"


AUTHORIZE: tuple[Callable[[Values], str], ...] = (
    fhirclient,
    fhirclient_of_smart_1,
    fhir_kit,
    client_py,
    openid_client,
    oidc_client_ts,
    appauth,
    msal,
    auth0_spa,
    authlib,
    requests_oauthlib,
    passport,
    spring,
    golang,
    asp_net,
)
