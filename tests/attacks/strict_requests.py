"""Wrong requests to the authorization server, and the answers that OAuth 2.0, its BCP (RFC 9700) and OpenID Connect require."""

from __future__ import annotations

from typing import Any, TypeAlias

from tests.flows.flow import BASE, REDIRECT

Changes: TypeAlias = dict[str, Any]
"""Parameters that differ from a right request; None for those that are missing."""
FORM = "application/x-www-form-urlencoded"
OAUTH, R4 = "/general/oauth", f"{BASE}/general/r4"
SCOPE = "openid launch/patient patient/Patient.rs offline_access"
PAGE, REQUEST, RESPONSE_TYPE, SCOPES = "page", "invalid_request", "unsupported_response_type", "invalid_scope"
GRANT, CLIENT, UNSUPPORTED = (400, "invalid_grant"), (400, "invalid_client"), (400, "unsupported_grant_type")
BAD, DENIED = (400, REQUEST), (401, "invalid_client")

AUTHORIZE: list[tuple[Changes, str, str]] = [
    ({"client_id": None}, "", PAGE),
    ({"client_id": ""}, "", PAGE),
    ({"client_id": "unknown"}, "", PAGE),
    ({}, "client_id=other", PAGE),
    ({"redirect_uri": None}, "", PAGE),
    ({"redirect_uri": ""}, "", PAGE),
    *(
        ({"redirect_uri": uri}, "", PAGE)
        for uri in (
            f"{REDIRECT}/",
            f"{REDIRECT}/x",
            f"{REDIRECT}?x=1",
            f"{REDIRECT}#",
            f"{REDIRECT} ",
            f"{REDIRECT}\r\nX: y",
            REDIRECT.replace("localhost", "LOCALHOST"),
            REDIRECT.replace("localhost", "127.0.0.1"),
            REDIRECT.replace("8100", "8101"),
            REDIRECT.replace("callback", "x/../callback"),
            REDIRECT.replace("callback", "%63allback"),
            REDIRECT.replace("http:", "https:"),
            REDIRECT.replace("//", "//user@"),
            "javascript:alert(1)",
            "//evil.example/cb",
            "/callback",
        )
    ),
    ({}, f"redirect_uri={REDIRECT}", PAGE),
    ({"response_type": None}, "", REQUEST),
    ({"response_type": ""}, "", REQUEST),
    *(({"response_type": type}, "", RESPONSE_TYPE) for type in ("token", "Code", "code id_token", "code code", "none")),
    *(({}, f"{name}=x", REQUEST) for name in ("response_type", "scope", "state", "aud", "code_challenge")),
    ({}, "nonce=a&nonce=b", REQUEST),
    ({"max_age": "1"}, "max_age=2", REQUEST),
    ({"state": None}, "", REQUEST),
    ({"scope": None}, "", SCOPES),
    ({"scope": ""}, "", SCOPES),
    *(
        ({"scope": scope}, "", SCOPES)
        for scope in (
            "unknown",
            'openid "x"',
            "openid a\\b",
            "openid\tlaunch/patient",
            "openid pätient/*.rs",
            "openid system/*.rs",
            "launch/patient patient/*.sr",
            "launch/patient PATIENT/*.rs",
            "launch/patient,openid",
        )
    ),
    ({"aud": None}, "", REQUEST),
    ({"aud": "https://other.example/fhir"}, "", REQUEST),
    *(({"resource": uri}, "", "invalid_target") for uri in ("https://other.example", f"{R4}#x", "/general/r4")),
    ({"code_challenge": None, "code_challenge_method": None}, "", REQUEST),
    ({"code_challenge": None}, "", REQUEST),
    ({"code_challenge_method": None}, "", REQUEST),
    *(({"code_challenge_method": method}, "", REQUEST) for method in ("plain", "s256", "S512")),
    *(({"code_challenge": text}, "", REQUEST) for text in ("", "abc", "A" * 43 + "=", "+/" + "A" * 41, "A" * 129)),
    ({"request": "e30.e30."}, "", "request_not_supported"),
    ({"request_uri": "https://x.example/r"}, "", "request_uri_not_supported"),
    ({"registration": "{}"}, "", "registration_not_supported"),
    *(({"response_mode": mode}, "", REQUEST) for mode in ("fragment", "form_post", "jwt")),
    ({"prompt": "none login"}, "", REQUEST),
    *(({"max_age": age}, "", REQUEST) for age in ("-1", "x", "1.5")),
    ({"scope": "launch patient/Patient.rs"}, "", REQUEST),
    ({"scope": "launch patient/Patient.rs", "launch": "unknown"}, "", REQUEST),
    ({"client_secret": "x"}, "", REQUEST),
]
TOKEN: list[tuple[str, Changes, str, tuple[int, str]]] = [
    *(("public", {"grant_type": grant}, "", UNSUPPORTED) for grant in ("password", "implicit", "Authorization_Code")),
    *(("public", {name: None}, "", BAD) for name in ("grant_type", "code", "redirect_uri")),
    *(("public", {name: ""}, "", BAD) for name in ("grant_type", "code")),
    *(("public", {}, f"{name}=x", BAD) for name in ("grant_type", "code", "redirect_uri", "client_id", "code_verifier")),
    *(("public", {"code_verifier": text}, "", GRANT) for text in (None, "", "abc", "A" * 43)),
    ("public", {"code": "x" * 43}, "", GRANT),
    ("public", {"redirect_uri": f"{REDIRECT}/x"}, "", GRANT),
    ("public", {"client_id": None}, "", CLIENT),
    ("public", {"client_id": "unknown"}, "", CLIENT),
    ("public", {"client_secret": "x"}, "", CLIENT),
    ("public", {"resource": "https://other.example"}, "", (400, "invalid_target")),
    ("public", {"grant_type": "client_credentials", "scope": "system/*.rs", "code": None}, "", (400, "unauthorized_client")),
    ("public", {"grant_type": "refresh_token", "code": None}, "", BAD),
    ("public", {"grant_type": "refresh_token", "refresh_token": "x", "code": None}, "", GRANT),
    ("secret", {}, "", CLIENT),
    ("secret", {"client_secret": "x"}, "", CLIENT),
    ("secret", {"client_secret": ""}, "", CLIENT),
    ("secret", {"client_secret": "x"}, "client_secret=y", BAD),
    ("secret", {"client_assertion": "a.b.c"}, "", CLIENT),
    (
        "secret",
        {"grant_type": "client_credentials", "scope": "system/*.rs", "code": None, "client_secret": "right"},
        "",
        (400, "unauthorized_client"),
    ),
    *(
        ("service", {"scope": scope}, "", (400, SCOPES))
        for scope in ("user/*.rs", "openid system/*.rs", "", "offline_access system/*.rs")
    ),
]
BASIC = {"wrong secret": "{id}:x", "no colon": "{id}", "only a secret": ":x", "another client": "unknown:x"}
OTHERS: list[tuple[str, str, dict[str, Any], tuple[int, str]]] = [
    ("POST", "/introspect", {"data": {"token": "x"}}, DENIED),
    ("POST", "/introspect", {"data": {"token": "x"}, "auth": ("unknown", "x")}, DENIED),
    ("POST", "/revoke", {"data": {"token": "x"}}, CLIENT),
    ("POST", "/revoke", {"data": {"client_id": "unknown", "token": "x"}}, CLIENT),
    ("GET", "/userinfo", {}, (401, "invalid_token")),
    ("GET", "/userinfo", {"headers": {"authorization": "Bearer x"}}, (401, "invalid_token")),
    ("GET", "/userinfo?access_token=x", {}, BAD),
    ("PUT", "/userinfo", {}, (405, REQUEST)),
    ("POST", "/token", {"json": {"grant_type": "authorization_code"}}, BAD),
    ("POST", "/token", {"files": {"grant_type": b"authorization_code"}}, BAD),
    ("POST", "/token", {"content": "grant_type=%e9", "headers": {"content-type": FORM}}, BAD),
    ("POST", "/token", {"content": "", "headers": {"content-type": FORM}}, BAD),
    ("POST", "/token?client_secret=x", {"content": "", "headers": {"content-type": FORM}}, BAD),
    ("GET", "/token", {}, (405, REQUEST)),
    ("POST", "/register", {"json": []}, (400, "invalid_client_metadata")),
    ("POST", "/register", {"json": {"redirect_uris": ["https://a..b/"]}}, (400, "invalid_redirect_uri")),
    ("POST", "/register", {"json": {}, "headers": {"origin": "https://evil.example"}}, (401, "invalid_token")),
    ("GET", "/register/unknown", {"headers": {"authorization": "Bearer x"}}, (401, "invalid_token")),
]
