"""Generates correct requests in the forms in which developers paste them. Each function names its library or its purpose."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass

from tests.diagnosis.client_authorize_requests import AUTHORIZE
from tests.diagnosis.client_values import FHIR_SERVERS, PLAIN_SCOPES, PLAIN_SERVERS, Pairs, Values, form, jwt, percent


@dataclass(frozen=True)
class Paste:
    """library: who would send this. text: what a developer pastes."""

    library: str
    text: str


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

    def as_http(self, values: Values) -> str:
        """Raw, or as `curl -v` prints it."""
        host, _, path = self.url.partition("://")[2].partition("/")
        mark = values.choice(["", "> "])
        lines = [
            f"{self.method} /{path} HTTP/1.1",
            f"Host: {host}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return "\n".join([*(mark + line for line in lines), mark.strip(), self.body]).rstrip()

    def as_code(self, values: Values) -> str:
        """fetch, or Python's requests and httpx."""
        headers, body = json.dumps(self.headers, indent=2), json.dumps(self.body)
        if values.random() < 0.5:
            sent = f",\n  body: {body}" if self.body else ""
            options = f"{{\n  method: '{self.method}',\n  headers: {headers}{sent},\n}}"
            return f"const answer = await fetch({json.dumps(self.url)}, {options})"
        data = f", data={body}" if self.body else ""
        library = values.choice(["requests", "httpx"])
        return f"import {library}\nanswer = {library}.{self.method.lower()}({json.dumps(self.url)}, headers={headers}{data})"

    def as_json(self, kind: str) -> str:
        body = {"body": self.body} if self.body else {}
        return json.dumps({"kind": kind, "method": self.method, "url": self.url, "headers": self.headers} | body)


def token_endpoint(values: Values) -> str:
    servers = [auth for auth, _ in FHIR_SERVERS] if values.random() < 0.5 else PLAIN_SERVERS
    return f"{values.choice(servers)}/token"


def authenticate(values: Values, pairs: Pairs) -> tuple[Pairs, dict[str, str]]:
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
    pairs, headers = authenticate(values, pairs)
    return Sent("POST", token_endpoint(values), headers, values.choice([form, percent])(pairs))


def refresh(values: Values) -> Sent:
    token = values.choice([values.base64url(64), jwt(values), f"1//0g{values.base64url(60)}", values.uuid()])
    pairs = [("grant_type", "refresh_token"), ("refresh_token", token)]
    pairs += [("scope", values.choice(PLAIN_SCOPES))] if values.random() < 0.2 else []
    pairs, headers = authenticate(values, pairs)
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


def sign(values: Values) -> Sent:
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
    pairs, headers = authenticate(values, values.choice(grants))
    return Sent("POST", f"{values.choice(PLAIN_SERVERS)}/token", headers, form(pairs))


TOKEN: tuple[Callable[[Values], Sent], ...] = (code_grant, refresh, client_credentials, sign, other_grants)

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


def post(values: Values) -> Sent:
    """A search by POST, a create, or a batch."""
    base, token = (
        values.choice(FHIR_SERVERS)[1],
        {"Authorization": f"Bearer {values.base64url(60)}", "Accept": "application/fhir+json"},
    )
    resource = json.dumps({"resourceType": "Observation", "status": "final", "code": {"text": "x"}})
    entry = {"request": {"method": "GET", "url": "Patient/1"}}
    bundle = json.dumps({"resourceType": "Bundle", "type": "batch", "entry": [entry]})
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


def fragment(values: Values) -> str:
    """The browser's address after MSAL or keycloak-js asked for `response_mode=fragment`."""
    pairs = [("state", values.uuid()), ("session_state", values.uuid()), ("code", values.base64url(60))]
    return f"https://app.example.org/#{percent([*pairs, ('client_info', values.base64url(30))])}"


def launch(values: Values) -> str:
    """The address with which an EHR opens an app."""
    base = values.choice(FHIR_SERVERS)[1]
    app = "http://localhost:3000" if "localhost" in base else "https://app.example.org"
    pairs = [("iss", base), ("launch", values.choice([values.base64url(48), values.uuid()]))]
    return f"{app}/launch.html?{percent(pairs)}"


URLS: tuple[Callable[[Values], str], ...] = (fhir_url, redirect, fragment, launch)
FHIR: tuple[Callable[[Values], Sent], ...] = (fhir, fhir, post)


def paste(values: Values) -> Paste:
    """A correct request, in one of the forms in which developers paste it."""
    kind = values.choice(["authorize", "authorize", "token", "token", "fhir", "url"])
    if kind in ("authorize", "url"):
        library = values.choice(AUTHORIZE if kind == "authorize" else URLS)
        return Paste(library.__name__, library(values))
    make = values.choice(TOKEN if kind == "token" else FHIR)
    sent = make(values)
    ways: list[Callable[[Values], str]] = [sent.as_curl, sent.as_http, sent.as_code, lambda _: sent.as_json(f"{kind}_request")]
    write = values.choice(ways)
    return Paste(make.__name__, write(values))
