"""Redaction keeps only values that are known to be harmless. Of all others it keeps the length or an outline."""

from __future__ import annotations

import json
from hashlib import sha256
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.laws import examples, for_each
from tests.one_key import rsa_key

from sickbay.protocol import jose
from sickbay.services.redaction.body_outline import outline_body
from sickbay.services.redaction.live_secrets import LiveSecrets
from sickbay.services.redaction.redaction import RecordedRequest, RecordedResponse, Redaction, write_raw

AT = "http://localhost:7425/general"
TOKEN = "kUS1pT0aD7vQ9xZrB3mWc5nHyL2eJ8fGtX4sK6uRiOo"
SECRET = "blue7kite"
LIVE = LiveSecrets({sha256(SECRET.encode()).hexdigest()})
PUBLIC = ("my-app-id-0815", "http://localhost:8100/callback", f"{AT}/r4")


def redacted_path(path: str, *, fhir: bool = False, live: LiveSecrets = LIVE) -> str:
    recorded = RecordedRequest("GET", AT + path, {})
    return str(Redaction(recorded, live, PUBLIC, fhir=fhir).redact_request(recorded)["url"]).removeprefix(AT)


@for_each("name", ("app", "patient", "encounter", "task", "card", "seed", "framed", "anyway"))
def test_the_names_of_all_parameters_that_open_an_app_are_kept(name: str) -> None:
    assert redacted_path(f"/ehr/open?{name}={SECRET}").startswith(f"/ehr/open?{name}=")


HARMLESS = (
    "?response_type=code",
    "?grant_type=authorization_cod",
    "?scope=openid%20patient%2FPatient.rs",
    "?scope=openid,patinet/Observation.read",
    "?redirect_uri=http%3A%2F%2Flocalhost%3A8100%2Fcallback%2F",
    "?aud=http://localhost:7425/general/r4/",
    "?aud=%22http://localhost:7425/general/r4%22",
    "?client_id=my-app-id-0816",
    "?client_id=5f0c2b1e-7d34-4a6b-9c88-1e2f3a4b5c6d",
    "?state=Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E",
    "?redirecturi=http://a/cb",
    "?code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "?redirect_uri=myapp%3A%2F%2Fcallback",
    "?state=undefined",
    "?code=%24%7BCODE%7D",
    "/oauth/tokne",
    "/oauth/register/my-app-id-0815",
    "?aud=http%253A%252F%252Flocalhost%252Fr4",
)
HARMFUL = (
    f"?{TOKEN}=1",
    f"?{TOKEN}",
    f"?state={TOKEN}",
    f"?scope={TOKEN}",
    f"?scope=openid%20{SECRET}",
    f"?client_id={SECRET}",
    f"?client_id=xx{SECRET}yy",
    f"?redirect_uri=http://a/{SECRET}",
    f"?redirect_uri=http://a/{TOKEN}/cb",
    f"?foo={SECRET}",
    f"?redirect_uri=http://{TOKEN}@a/cb",
    f"?aud=http://a/?x={SECRET}",
    f"?aud=http://a/%23{SECRET}",
    f"?clientSecret={SECRET}",
    f"?Client-Secret={SECRET}",
    f"?pasword={SECRET}",
    f"?response_type={SECRET}",
    f"?code=%24%7B{TOKEN}%7D",
    f"/{TOKEN}",
    f"/{SECRET}/oauth/token",
    f"/oauth/token/{SECRET}",
    f"/oauth/token;x={SECRET}",
    f"/oauth/token&code={SECRET}",
    f"?login_hint={SECRET}",
    f"?prompt={TOKEN}",
    f"?a=b&amp;client_secret={SECRET}",
    "?" + "a=b&" * 99 + f"foo={SECRET}",
)
SEARCHES = (
    "/r4/Patient/p-0001",
    "/r4/Observation?patient=Patient/p-0001&category=vital-signs",
    "/r4/Patient?_count=50&_sort=-_lastUpdated",
    "/r4/Observation?code=http://loinc.org|8867-4",
    "/r4/Patients/123",
    "/r4/Patient/5f0c2b1e-7d34-4a6b-9c88-1e2f3a4b5c6d",
    "/r4/Observation?_include=Observation:subject",
)
PERSONAL = (
    "/r4/Patient?name=Brandywine",
    "/r4/Patient?family:exact=Brandywine",
    "/r4/Patient?identifier=urn:mrn|Brandywine",
    "/r4/Observation?patient.name=Brandywine",
    "/r4/Observation?subject:Patient.family=Brandywine",
    "/r4/Patient?nmae=Brandywine",
    "/r4/Observation?patient:identifier=Brandywine",
    "/r4/Patient?_has:Observation:patient:code-value=Brandywine",
    "/r4/Patient/Brandywine",
    "/r4/Patient?Brandywine=1",
    "/r4/Patient?_id=Brandywine",
    "/r4/Observation?code=Brandywine",
    "/r4/Patient?_sort=Brandywine",
    "/r4/Observation?code:text=Brandywine",
    "/r4/Patient?birthdate=Brandywine",
)


@pytest.mark.parametrize("path", HARMLESS)
def test_harmless_values_are_shown_unchanged(path: str) -> None:
    assert redacted_path(path) == path


@pytest.mark.parametrize("path", HARMFUL)
def test_a_secret_is_not_kept_anywhere_in_a_url(path: str) -> None:
    assert TOKEN not in redacted_path(path)
    assert SECRET not in redacted_path(path)


@pytest.mark.parametrize("path", SEARCHES)
def test_a_search_that_reveals_nothing_about_a_patient_is_shown_unchanged(path: str) -> None:
    assert redacted_path(path, fhir=True) == path


@pytest.mark.parametrize("path", PERSONAL)
def test_what_a_search_reveals_about_a_patient_is_not_kept(path: str) -> None:
    assert "Brandywine" not in redacted_path(path, fhir=True)


def test_only_the_pattern_of_a_date_is_kept() -> None:
    assert redacted_path("/r4/Patient?birthdate=1931-7-23", fhir=True) == "/r4/Patient?birthdate=9999-9-99"


@pytest.mark.parametrize(
    ("body", "type", "expected"),
    [
        (
            '{"grant_type":"x","code":"y","client_secret":"z"}',
            "application/json",
            "‹not kept: 49 bytes of JSON, an object with 3 members (grant_type, code, client_secret)›",
        ),
        ('{"grant_type":', "application/json", "‹not kept: 14 bytes of JSON that cannot be parsed (line 1, column 15)›"),
        ('{"resourceType":"Patient"}', "", "‹not kept: 26 bytes of JSON, a FHIR Patient›"),
        ('{"resourceType":"Smith"}', "", "‹not kept: 24 bytes of JSON, a FHIR resource›"),
        ('{"Smith":1}', "", "‹not kept: 11 bytes of JSON, an object with 1 member›"),
        ("<Patient xmlns='x'/>", "application/fhir+xml", "‹not kept: 20 bytes of XML, a FHIR Patient›"),
        ("<Smith/>", "text/xml", "‹not kept: 8 bytes of XML›"),
        ('{"a":1}\n{"b":2}', "application/x-ndjson", "‹not kept: 15 bytes of NDJSON, 2 lines›"),
        (
            '--x\r\nContent-Disposition: form-data; name="code"\r\n\r\n1',
            "multipart/form-data; boundary=x",
            "‹not kept: 53 bytes of a multipart form with 1 field (code)›",
        ),
        ("a", "", "‹not kept: 1 byte of text›"),
        ("\ufffd\ufffd", "", "‹not kept: 6 bytes of binary data›"),
        ("[" * 100_000, "", "‹not kept: 100000 bytes of JSON that is nested too deeply›"),
        ("[1]", "", "‹not kept: 3 bytes of JSON, an array of 1›"),
        ("code=x&Smith=1", "", "‹not kept: 14 bytes of a form with 2 parameters (code)›"),
    ],
)
def test_a_body_is_described_by_an_outline(body: str, type: str, expected: str) -> None:
    assert outline_body(body, type) == expected


def test_the_members_of_a_json_object_are_redacted_individually() -> None:
    recorded = RecordedRequest(
        "POST",
        f"{AT}/oauth/token",
        {"content-type": "application/json"},
        json.dumps({"grant_type": "x", "code": TOKEN, "client_secret": SECRET, "foo": SECRET}),
    )
    shown = Redaction(recorded, LIVE, (), fhir=False).redact_request(recorded)["body"]
    assert shown.startswith("‹not kept: ")  # because of the unknown member
    body = json.dumps({"grant_type": "authorization_code", "code": TOKEN, "client_secret": SECRET})
    shown = Redaction(recorded, LIVE, (), fhir=False).redact_request(structs.replace(recorded, body=body))["body"]
    assert json.loads(shown) == {"grant_type": "authorization_code", "code": "kUS1…(43)", "client_secret": "…"}


def test_a_response_quotes_only_what_was_kept_of_the_request() -> None:
    recorded = RecordedRequest("GET", f"{AT}/r4/Patient?name=Brandywine&birthdate=1931-07-23&_count=x5", {})
    redaction = Redaction(recorded, LIVE, PUBLIC, fhir=True)
    redaction.redact_request(recorded)
    message = "No Patient is called Brandywine, born 1931-07-23 (brandywine). Write _count as a number."
    shown = redaction.redact_response(
        RecordedResponse(400, {}, json.dumps({"resourceType": "OperationOutcome", "issue": [{"diagnostics": message}]}))
    )
    text = json.loads(shown["body"])["issue"][0]["diagnostics"]
    assert text == "No Patient is called ‹10 characters›, born 9999-99-99 (‹10 characters›). Write _count as a number."


ANY = st.text(max_size=60)
NAMES = st.sampled_from(("accept", "authorization", "host", "user-agent", "origin", "content-type", "prefer"))


@given(ANY, st.dictionaries(NAMES, ANY, max_size=4), ANY, ANY, st.booleans())
@settings(max_examples=examples(300))
def test_any_request_can_be_redacted(path: str, headers: dict[str, str], body: str, method: str, fhir: bool) -> None:
    recorded = RecordedRequest(method, f"{AT}/{path}", headers, body)
    redaction = Redaction(recorded, LiveSecrets({"0" * 64}, strict=True), PUBLIC, fhir=fhir)
    json.dumps(redaction.redact_request(recorded))
    json.dumps(redaction.redact_response(RecordedResponse(400, {"location": path, "www-authenticate": body}, body)))
    redaction.quoting.walk({"received": [path, body, *headers.values()], "n": 1, "more": frozenset(headers)})


LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"


@given(st.text(LETTERS, min_size=43, max_size=43).filter(lambda text: len(set(text)) > 15), st.integers(0, 8), ANY)
def test_a_token_is_not_kept_whatever_surrounds_it(token: str, place: int, around: str) -> None:
    forms = (
        "?state=~@",
        "?scope=@~",
        "?aud=http://a/@",
        "/@~",
        "?@=1",
        "?client_id=@",
        "?redirect_uri=@://x",
        "?nonce=@~",
        "?prompt=~@",
    )
    assert token not in redacted_path(forms[place].replace("~", around).replace("@", token))


@for_each(
    "value",
    [
        "http://localhost:8100/Brandywine/callback",
        "http://brandywine.example.org/Patient/p-0001",
        "Brandywine/Patient.rs",
        "patient/Patient.Brandywine",
        "http://localhost:7425/general/r4/Patient/Brandywine",
        "com.Brandywine:/cb",
        "http://localhost/cb?iss=http://localhost/Brandywine",
        "http://Brandywine@localhost/Patient/p-0001",
        b"Brandywine".hex(),
        b"Brandywine".hex().upper(),
        "1931-07-23",
        "19310723",
        "MRN8837261",
        "mrn-8837261",
        "123456789",
        "http://localhost/1931-07-23",
    ],
)
@for_each("name", ["subject", "_id", "_profile", "patient", "_has:Observation:patient:subject", "link"])
def test_a_reference_with_personal_data_is_not_kept(name: str, value: str) -> None:
    shown = unquote(redacted_path(f"/r4/Patient?{name}={quote(value, safe='')}", fhir=True))
    for text in ("brandywine", "1931-07-23", "19310723", "8837261", "123456789", b"Brandywine".hex()):
        assert text not in shown.lower()


@pytest.mark.parametrize("value", ["Patient/p-0001", f"{AT}/r4/Patient/p-0001", "smart-1288992", "p-0001-c2", "42"])
def test_a_reference_to_a_sample_resource_is_shown(value: str) -> None:
    assert unquote(redacted_path(f"/r4/Observation?subject={quote(value, safe='')}", fhir=True)).endswith(f"={value}")


@pytest.mark.parametrize(
    "query",
    [
        "?aud=http://localhost:7425/general/r4/Patient/Brandywine",
        "?redirect_uri=http://a/1931-07-23",
        "?redirect_uri=http://a/MRN8837261",
        "?grant_type=urn:ietf:params:oauth:grant-type:brandywine",
        "?iss=http://a/19310723",
    ],
)
def test_a_url_or_urn_with_personal_data_is_not_kept(query: str) -> None:
    shown = redacted_path(query).lower()
    assert not [text for text in ("brandywine", "1931", "8837261") if text in shown]


def test_urns_of_grant_and_token_types_are_shown() -> None:
    for name in (
        "grant-type:jwt-bearer",
        "client-assertion-type:jwt-bearer",
        "token-type:access_token",
        "grant-type:jwt-baerer",
    ):
        assert redacted_path(f"?grant_type=urn:ietf:params:oauth:{name}") == f"?grant_type=urn:ietf:params:oauth:{name}"


def test_a_correction_does_not_reveal_a_hidden_value_in_another_parameter() -> None:
    recorded = RecordedRequest("GET", f"{AT}/r4/Patient?active=Observation/8&_count=7", {})
    redaction = Redaction(recorded, LIVE, PUBLIC, fhir=True)
    assert "active=‹13%20characters›" in redaction.redact_request(recorded)["url"]
    shown = redaction.redact_correction({"url": f"{AT}/r4/Patient?link=Observation/8&_offset=7"})
    assert "link=‹13%20characters›&_offset=7" in shown["url"]


def test_a_percent_encoded_quotation_is_decoded_before_it_is_compared() -> None:
    recorded = RecordedRequest("GET", f"{AT}/oauth/authorize?redirect_uri=http://a/cb?Brandywine", {})
    redaction = Redaction(recorded, LIVE, PUBLIC, fhir=False)
    redaction.redact_request(recorded)
    assert "Brandywine" not in redaction.quoting.text("Write http%3A%2F%2Fa%2Fcb%3FBrandywine instead")
    assert redaction.quoting.text("Write http%3A%2F%2Fa%2Fcb instead") == "Write http%3A%2F%2Fa%2Fcb instead"


PUNCTUATION = ("", "/", "//", "?", "&", "=", "#", "%", "%2F", "..", "b", "1")
SEGMENTS = ("_history", "$export", "bulkdata-status", "Smith", "smith-jones", "code", "Observation", "p-0001", "callback")
RANDOM = ("5f0c2b1e7d344a6b9c881e2f3a4b5c6d", "x" * 2001, TOKEN, SECRET)


@settings(max_examples=examples(1000))
@given(st.lists(st.sampled_from((*PUNCTUATION, *SEGMENTS, *RANDOM)), max_size=7).map("".join), st.booleans())
def test_addresses_below_a_public_base_are_shown_as_they_are_without_knowing_the_base(rest: str, fhir: bool) -> None:
    base, address = f"{AT}/r4", f"{AT}/r4{rest}"
    recorded = RecordedRequest("GET", address, {})
    public = (*PUBLIC, f"{base}/callback/{SECRET}")
    plain, short = (Redaction(recorded, LIVE, public, fhir=fhir, base=known) for known in ("", base))
    assert short.redact_url(address) == plain.redact_url(address)
    assert short.redact_location(address) == plain.redact_location(address)


def test_a_base_that_is_not_public_is_examined_like_any_other_address() -> None:
    recorded = RecordedRequest("GET", f"{AT}/{SECRET}/Patient", {})
    redaction = Redaction(recorded, LIVE, PUBLIC, fhir=True, base=f"{AT}/{SECRET}")
    assert SECRET not in redaction.redact_url(recorded.url) + redaction.redact_location(recorded.url)


@given(st.text(alphabet="abZ09 _.~-+%&=#/‹›…()é‘\x00"))
def test_what_is_shown_instead_of_a_value_is_percent_encoded_except_for_the_marks_of_a_mask(shown: str) -> None:
    encoded = write_raw("raw", f"{shown}x", shown)
    assert unquote(encoded) == shown
    assert encoded == "".join(char if char in "‹›…()" else quote(char, safe="") for char in shown)


def test_the_thumbprint_of_a_sent_public_key_is_shown_because_it_is_proposed_as_kid() -> None:
    key = jose.public_members(rsa_key())
    thumbprint = jose.calculate_thumbprint(key)
    for kept, keys in ((True, [key]), (False, [{**key, "n": 1}]), (False, [{"kty": "oct", "k": thumbprint}])):
        recorded = RecordedRequest("POST", AT, {"content-type": "application/json"}, json.dumps({"jwks": {"keys": keys}}))
        redaction = Redaction(recorded, LIVE, (), fhir=False)
        redaction.redact_request(recorded)
        assert redaction.harmless.is_public(thumbprint) is kept
