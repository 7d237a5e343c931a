"""Generates correct requests as real client libraries write them: the parameters, their order, and their values.

Each function of LIBRARIES and TOKEN_CLIENTS names its library. Values are random, but of the length and alphabet of that
library. Nothing here is refused by a server that the app is registered at.
"""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from urllib.parse import quote, quote_plus
from uuid import UUID

Pairs = list[tuple[str, str]]
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(frozen=True)
class Paste:
    """library: who would send this. text: what a developer pastes."""

    library: str
    text: str


class Values(Random):
    """Random values as libraries make them."""

    def text(self, length: int, alphabet: str = ALPHABET) -> str:
        return "".join(self.choice(alphabet) for _ in range(length))

    def base64url(self, size: int, *, padded: bool = False) -> str:
        text = base64.urlsafe_b64encode(self.randbytes(size)).decode()
        return text if padded else text.rstrip("=")

    def uuid(self) -> str:
        return str(UUID(int=self.getrandbits(128), version=4))

    def hex(self, size: int) -> str:
        return self.randbytes(size).hex()

    def client_id(self) -> str:
        return self.choice([self.uuid(), self.text(32), f"{self.text(12)}.apps.example.org", "growth-chart", "clinic_portal"])

    def callback(self) -> str:
        return self.choice(
            [
                "https://app.example.org/callback",
                "https://app.example.org/",
                "http://localhost:3000/",
                "http://127.0.0.1:8080/login/oauth2/code/ehr",
                "https://app.example.org/signin-oidc?tenant=7",
                "org.example.chart:/oauth2redirect",
                "com.example.app://callback",
            ]
        )

    def challenge(self) -> Pairs:
        hashed = base64.urlsafe_b64encode(sha256(self.randbytes(32)).digest()).decode().rstrip("=")
        return [("code_challenge", hashed), ("code_challenge_method", "S256")]


FHIR_SERVERS = (
    (
        "https://fhir.epic.com/interconnect-fhir-oauth/oauth2",
        "https://fhir.epic.com/interconnect-fhir-oauth/api/FHIR/R4",
    ),
    ("https://launch.smarthealthit.org/v/r4/auth", "https://launch.smarthealthit.org/v/r4/fhir"),
    (
        "https://authorization.cerner.com/tenants/ec2458f2-1e24-41c8-b71b-0e701af7583d/protocols/oauth2/profiles/smart-v1",
        "https://fhir-ehr-code.cerner.com/r4/ec2458f2-1e24-41c8-b71b-0e701af7583d",
    ),
    ("https://api.preview.platform.athenahealth.com/oauth2/v1", "https://api.preview.platform.athenahealth.com/fhir/r4"),
    ("https://api.medplum.com/oauth2", "https://api.medplum.com/fhir/R4"),
    ("https://ehr.example.org/auth", "https://ehr.example.org/fhir"),
    ("https://login.microsoftonline.com/common/oauth2/v2.0", "https://ws-clinic.fhir.azurehealthcareapis.com"),
    ("http://localhost:8080/realms/clinic/protocol/openid-connect", "http://localhost:8080/fhir/r4"),
)
"""Addresses of the authorization server, and of the FHIR server."""
PLAIN_SERVERS = (
    "https://login.microsoftonline.com/common/oauth2/v2.0",
    "https://accounts.google.com/o/oauth2/v2",
    "https://sso.example.org/realms/clinic/protocol/openid-connect",
    "https://dev-1.okta.com/oauth2/default/v1",
    "https://clinic.eu.auth0.com",
    "https://clinic.auth.eu-west-1.amazoncognito.com/oauth2",
    "https://id.example.org/connect",
    "https://login.salesforce.com/services/oauth2",
    "https://auth.pingone.eu/6f2b/as",
)
SMART_SCOPES = (
    "launch/patient openid fhirUser patient/Patient.rs patient/Observation.rs",
    "launch/patient openid fhirUser offline_access patient/*.rs",
    "openid fhirUser launch/patient online_access user/Observation.rs?category=laboratory patient/Condition.cruds",
    "launch/patient patient/*.read openid profile",
    "openid fhirUser user/Practitioner.read user/Patient.read",
    "launch/encounter launch/patient openid fhirUser patient/Encounter.rs",
)
PLAIN_SCOPES = (
    "openid",
    "openid profile email",
    "openid profile email offline_access",
    "https://www.googleapis.com/auth/userinfo.email openid",
    "api://7c2b/.default",
    "User.Read Mail.Send offline_access",
    "read:user user:email",
    "openid roles web-origins",
    "api refresh_token",
)


def percent(pairs: Pairs) -> str:
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)


def form(pairs: Pairs) -> str:
    """As URLSearchParams and urlencode write it, with `+` for a space."""
    return "&".join(f"{name}={quote_plus(value)}" for name, value in pairs)


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


def jwt(values: Values, **claims: object) -> str:
    head, body = (
        {"alg": "RS256", "typ": "JWT", "kid": values.text(20)},
        {"iss": "https://sso.example.org", "sub": "a", **claims},
    )
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (head, body)]
    return f"{parts[0]}.{parts[1]}.{values.base64url(256)}"


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


@dataclass(frozen=True)
class Sent:
    """A request with headers and a body, before it is written as a curl command or as JSON."""

    method: str
    url: str
    headers: dict[str, str]
    body: str = ""

    def as_curl(self, values: Values) -> str:
        option = values.choice(["--data", "-d", "--data-raw"])
        headers = [word for name, value in self.headers.items() for word in ("-H", f"{name}: {value}")]
        method = [] if self.method == "GET" else ["-X", self.method]
        return shlex.join(["curl", *method, *headers, *([option, self.body] if self.body else []), self.url])

    def as_json(self, kind: str) -> str:
        body = {"body": self.body} if self.body else {}
        return json.dumps({"kind": kind, "method": self.method, "url": self.url, "headers": self.headers} | body)


def token_endpoint(values: Values) -> str:
    servers = [auth for auth, _ in FHIR_SERVERS] if values.random() < 0.5 else PLAIN_SERVERS
    return f"{values.choice(servers)}/token"


def authenticated(values: Values, pairs: Pairs) -> tuple[Pairs, dict[str, str]]:
    """As a public client, with Basic, or with the secret in the body."""
    headers = {
        "Content-Type": values.choice(["application/x-www-form-urlencoded", "application/x-www-form-urlencoded;charset=UTF-8"])
    }
    headers |= {"Accept": "application/json"} if values.random() < 0.7 else {}
    id, secret = values.client_id(), values.base64url(32)
    method = values.choice(["none", "basic", "post"])
    if method == "basic":
        return pairs, headers | {"Authorization": "Basic " + base64.b64encode(f"{id}:{secret}".encode()).decode()}
    return [*pairs, ("client_id", id), *([("client_secret", secret)] if method == "post" else [])], headers


def code_grant(values: Values) -> Sent:
    """Any library: fhirclient, openid-client, AppAuth, Authlib, Spring and golang send the same parameters."""
    code = values.choice(
        [values.base64url(60), values.uuid(), f"4/0A{values.base64url(50)}", f"{values.text(20)}.{values.uuid()}"]
    )
    pairs = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", values.callback())]
    pairs += [("code_verifier", values.base64url(values.choice([32, 64, 72])))] if values.random() < 0.8 else []
    pairs, headers = authenticated(values, pairs)
    return Sent("POST", token_endpoint(values), headers, values.choice([form, percent])(pairs))


def refresh(values: Values) -> Sent:
    token = values.choice([values.base64url(64), jwt(values), f"1//0g{values.base64url(60)}", values.uuid()])
    pairs = [("grant_type", "refresh_token"), ("refresh_token", token)]
    pairs += [("scope", values.choice(PLAIN_SCOPES))] if values.random() < 0.2 else []
    pairs, headers = authenticated(values, pairs)
    return Sent("POST", token_endpoint(values), headers, form(pairs))


def client_credentials(values: Values) -> Sent:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    pair = f"{values.client_id()}:{values.base64url(32)}"
    pairs = [("grant_type", "client_credentials")]
    pairs += [
        ("scope", values.choice(["system/Patient.read system/Observation.read", "system/*.rs", "api://7c2b/.default", "api"]))
    ]
    pairs += [("audience", "https://api.example.org")] if values.random() < 0.2 else []
    return Sent(
        "POST",
        token_endpoint(values),
        headers | {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()},
        form(pairs),
    )


def signed(values: Values) -> Sent:
    """A SMART backend service, or MSAL with a certificate."""
    url, id, at = token_endpoint(values), values.client_id(), 1_764_000_000 + values.randrange(10**6)
    smart = values.random() < 0.7
    head = {"alg": values.choice(["RS384", "ES384"]), "typ": "JWT", "kid": values.text(20)}
    head = head if smart else {"alg": "PS256", "typ": "JWT", "x5t#S256": values.base64url(32)}
    body = {"iss": id, "sub": id, "aud": url, "jti": values.uuid(), "iat": at, "nbf": at, "exp": at + (240 if smart else 600)}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (head, body)]
    pairs = [("grant_type", "client_credentials"), ("scope", "system/*.rs" if smart else "api://7c2b/.default")]
    pairs += [("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")]
    pairs += [("client_assertion", f"{parts[0]}.{parts[1]}.{values.base64url(96)}")]
    url = url if smart else "https://login.microsoftonline.com/common/oauth2/v2.0/token"
    return Sent("POST", url, {"Content-Type": "application/x-www-form-urlencoded"}, form(pairs))


def other_grants(values: Values) -> Sent:
    grants: tuple[Pairs, ...] = (
        [("grant_type", "password"), ("username", "a"), ("password", values.text(12)), ("scope", "openid")],
        [("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", values.uuid())],
        [("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", jwt(values))],
        [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", jwt(values))],
    )
    pairs, headers = authenticated(values, values.choice(grants))
    return Sent("POST", f"{values.choice(PLAIN_SERVERS)}/token", headers, form(pairs))


TOKEN: tuple[Callable[[Values], Sent], ...] = (code_grant, refresh, client_credentials, signed, other_grants)

SEARCHES = (
    "Patient/{id}",
    "Patient?name=Peters&birthdate=1980-05-02",
    "Patient?identifier=urn:oid:1.2.36.146.595.217.0.1|12345",
    "Observation?patient={id}&category=laboratory&_count=50&_sort=-date",
    "Observation?patient=Patient/{id}&code=http://loinc.org|8480-6,http://loinc.org|8462-4",
    "Observation?subject=Patient/{id}&date=ge2020-01-01&date=lt2021-01-01T00:00:00Z&category=vital-signs",
    "Condition?patient={id}&clinical-status=active",
    "MedicationRequest?patient={id}&_include=MedicationRequest:medication",
    "Encounter?patient={id}&_revinclude=Provenance:target",
    "Appointment?date=2024-05-01&actor=Practitioner/{id}&_elements=start,end",
    "DocumentReference?patient={id}&type=http://loinc.org|34133-9&period=gt2020",
    "Patient?address-state=MA&gender=female",
    "Practitioner?family:contains=ann",
    "Binary/{id}",
    "metadata",
    "Patient/{id}/$everything",
    "Group/{id}/$export?_type=Patient,Observation",
    "Observation/$lastn?patient={id}&category=vital-signs",
    "Patient/{id}/_history/2",
    "Observation?patient.identifier=http://hospital.example.org|123&_count=10",
    "Patient?_has:Observation:patient:code=8480-6&general-practitioner:Practitioner=Practitioner/{id}",
    "Observation?value-quantity=gt5.4|http://unitsofmeasure.org|mg&status:not=entered-in-error&code:in=http://example.org/vs",
    "Condition?patient={id}&recorded-date=ge2020&onset-date=lt2024-02&category=problem-list-item,encounter-diagnosis",
    "Observation?patient={id}&category=laboratory&_getpagesoffset=20&page=2&sessionID=17-{id}",
    "Immunization?patient={id}&-timing=ge2020&x-of-this-vendor=1",
    "?_getpages={id}&_getpagesoffset=20&_count=20&_bundletype=searchset",
    "ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/observation-codes&filter=blood",
    "CarePlan?patient={id}&category=assess-plan&date=ge2024-01-01T00:00:00.000%2B01:00",
)


def fhir_url(values: Values) -> str:
    id = values.choice(
        [values.uuid(), values.text(9, "0123456789"), f"e{values.text(30)}3", values.base64url(15).replace("_", ".")]
    )
    return f"{values.choice(FHIR_SERVERS)[1]}/{values.choice(SEARCHES).format(id=id)}"


def fhir(values: Values) -> Sent:
    token = values.choice(
        [values.base64url(100), jwt(values, scope="patient/*.rs"), jwt(values, scp="user_impersonation", nonce="x")]
    )
    accept = values.choice(["application/fhir+json", "application/json", "application/fhir+json, */*;q=0.1", "*/*"])
    url = fhir_url(values)
    prefer = {"Prefer": "respond-async"} if "$export" in url else {}
    return Sent("GET", url, {"Authorization": f"Bearer {token}", "Accept": accept} | prefer)


def posted(values: Values) -> Sent:
    """A search by POST, a create, or a batch."""
    base, token = (
        values.choice(FHIR_SERVERS)[1],
        {"Authorization": f"Bearer {values.base64url(60)}", "Accept": "application/fhir+json"},
    )
    resource = json.dumps({"resourceType": "Observation", "status": "final", "code": {"text": "x"}})
    bundle = json.dumps({"resourceType": "Bundle", "type": "batch", "entry": []})
    path, type, body = values.choice(
        [
            ("/Observation/_search", "application/x-www-form-urlencoded", "patient=1&category=laboratory"),
            ("/Observation", "application/fhir+json", resource),
            ("/Observation", "application/json", resource),
            ("", "application/fhir+json", bundle),
        ]
    )
    return Sent("POST", f"{base}{path}", {**token, "Content-Type": type}, body)


def redirect(values: Values) -> str:
    """The browser's address after the user approved."""
    callback = values.choice(
        ["https://app.example.org/callback", "http://localhost:3000/", "http://127.0.0.1:8080/login/oauth2/code/ehr"]
    )
    pairs = [("code", values.choice([values.base64url(60), f"4/0A{values.base64url(40)}"])), ("state", values.base64url(24))]
    pairs += [("iss", "https://sso.example.org/realms/clinic")] if values.random() < 0.3 else []
    pairs += [("session_state", values.uuid())] if values.random() < 0.3 else []
    return f"{callback}?{percent(pairs)}"


def launch(values: Values) -> str:
    """The address with which an EHR opens an app."""
    base = values.choice(FHIR_SERVERS)[1]
    app = "http://localhost:3000" if "localhost" in base else "https://app.example.org"
    pairs = [("iss", base), ("launch", values.choice([values.base64url(48), values.uuid()]))]
    return f"{app}/launch.html?{percent(pairs)}"


URLS: tuple[Callable[[Values], str], ...] = (fhir_url, redirect, launch)
FHIR: tuple[Callable[[Values], Sent], ...] = (fhir, fhir, posted)


def paste(values: Values) -> Paste:
    """A correct request, in one of the forms in which developers paste it."""
    kind = values.choice(["authorize", "authorize", "token", "token", "fhir", "url"])
    if kind in ("authorize", "url"):
        library = values.choice(AUTHORIZE if kind == "authorize" else URLS)
        return Paste(library.__name__, library(values))
    make = values.choice(TOKEN if kind == "token" else FHIR)
    sent = make(values)
    return Paste(make.__name__, sent.as_curl(values) if values.random() < 0.5 else sent.as_json(f"{kind}_request"))
