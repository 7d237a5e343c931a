"""A body that is shown as a whole contains no secret, however it is written."""

from __future__ import annotations

import base64
import json
import string
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode
from xml.sax.saxutils import quoteattr

from hypothesis import given
from hypothesis import strategies as st
from tests.laws import for_each

from sickbay.fhir import lossless_json
from sickbay.services.redaction.kept_bodies import mask_body
from sickbay.services.redaction.live_secrets import LiveSecrets
from sickbay.services.used_passwords import UsedPasswords

TOKEN = "Zk3f_9aQx-7LmNopQRstuVwXyz0123456789abCDEfg"
CHOSEN, PASSWORD = "a-secret-of-my-own", "correct horse"
JWT = "eyJhbGciOiJSUzM4NCJ9.eyJpc3MiOiJtZSJ9.c2lnbmF0dXJl"
PEM = f"-----{'BEGIN'} PRIVATE KEY-----"
JSON, XML, FORM = "application/fhir+json", "application/fhir+xml", "application/x-www-form-urlencoded"


def live() -> LiveSecrets:
    passwords = UsedPasswords()
    passwords.remember(PASSWORD)
    return LiveSecrets({sha256(CHOSEN.encode()).hexdigest()}, passwords=passwords)


def show(body: str, content_type: str = JSON) -> str:
    return mask_body(body, content_type, "r4", live())


def encode64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def patient(text: str) -> str:
    return json.dumps({"resourceType": "Patient", "name": [{"family": text}]})


WRAPPINGS: dict[str, Any] = {
    "as it is": lambda secret: patient(secret),
    "after words": lambda secret: patient(f"token: {secret}, please"),
    "a bearer header": lambda secret: patient(f"Authorization: Bearer {secret}"),
    "a parameter": lambda secret: patient(f"https://a.example/?access_token={quote(secret)}&x=1"),
    "a member": lambda secret: json.dumps({"client_secret": secret}),
    "a member of a list": lambda secret: json.dumps({"a": [{"password": [secret, {"b": secret}]}]}),
    "a member in another case": lambda secret: json.dumps({"Client-Secret": secret}),
    "the name of a member": lambda secret: json.dumps({secret: 1}),
    "a member with a number": lambda secret: json.dumps({"password": 123456789012}).replace("123456789012", json.dumps(secret)),
    "an escaped text": lambda secret: '{"password": "' + "".join(f"\\u{ord(letter):04x}" for letter in secret) + '"}',
    "a named parameter": lambda secret: json.dumps({"parameter": [{"name": "refresh_token", "valueString": secret}]}),
    "an extension": lambda secret: json.dumps({"extension": [{"url": "http://a.example/api-key", "valueString": secret}]}),
    "an identifier": lambda secret: json.dumps({"identifier": [{"system": "urn:x:password", "value": secret}]}),
    "JSON in a text": lambda secret: patient(json.dumps({"client_secret": secret})),
    "JSON in JSON in a text": lambda secret: patient(json.dumps({"a": json.dumps([{"password": secret}])})),
    "percent-encoded": lambda secret: patient(quote(f"client_secret={secret}", safe="")),
    "percent-encoded twice": lambda secret: patient(quote(quote(f"client_secret={secret}", safe=""), safe="")),
    "Basic": lambda secret: patient(f"Basic {encode64(f'app:{secret}')}"),
    "base64 of JSON": lambda secret: patient(encode64(json.dumps({"client_secret": secret}))),
    "base64 of base64": lambda secret: patient(encode64(encode64(f"client_secret={secret}"))),
    "long base64": lambda secret: patient(encode64(f"{'x' * 300} {secret}")),
    "a form in a text": lambda secret: patient(urlencode({"grant_type": "x", "password": secret})),
    "user information": lambda secret: patient(f"https://me:{quote(secret)}@a.example/"),
    "narrative": lambda secret: json.dumps(
        {"text": {"div": f"<div xmlns='http://www.w3.org/1999/xhtml'>password={secret}</div>"}}
    ),
    "a line of NDJSON": lambda secret: patient("x") + "\n" + json.dumps({"password": secret}),
}
XML_WRAPPINGS: dict[str, Any] = {
    "an attribute": lambda text: (
        f'<Patient xmlns="http://hl7.org/fhir"><name><family value={quoteattr(text)}/></name></Patient>'
    ),
    "a parameter": lambda text: (
        '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="access_token"/>'
        f"<valueString value={quoteattr(text)}/></parameter></Parameters>"
    ),
    "a comment": lambda text: f'<Patient xmlns="http://hl7.org/fhir"><!-- {text} --><id value="a"/></Patient>',
    "no FHIR": lambda text: f"<login><password>{text}</password></login>",
}


@for_each("name, secret", [(name, secret) for name in WRAPPINGS for secret in (TOKEN, CHOSEN, PASSWORD, JWT)])
def test_no_way_of_writing_a_secret_in_json_shows_it(name: str, secret: str) -> None:
    if (name, secret) != ("user information", PASSWORD):  # a space isn't a part of a URL
        check_hidden(show(WRAPPINGS[name](secret), "application/fhir+ndjson" if "NDJSON" in name else JSON), secret)


@for_each("name, secret", [(name, secret) for name in XML_WRAPPINGS for secret in (TOKEN, CHOSEN, PASSWORD, JWT)])
def test_no_way_of_writing_a_secret_in_xml_shows_it(name: str, secret: str) -> None:
    check_hidden(show(XML_WRAPPINGS[name](secret), XML), secret)


def check_hidden(shown: str, secret: str) -> None:
    for form in (secret, quote(secret), quote(quote(secret)), encode64(secret), encode64(f"app:{secret}")):
        assert form not in shown, shown


@for_each(
    "body, content_type",
    [
        (urlencode({"name": "peter", "access_token": "x1y2"}), FORM),
        (f"_id=a&password={quote('x1y2')}", FORM),
        ('--b\r\nContent-Disposition: form-data; name="client_secret"\r\n\r\nx1y2\r\n--b--', "multipart/form-data; boundary=b"),
        ('{"password": "x1y2"', JSON),
        ('{"password": "x1y2", "password": "x1y2"}', JSON),
        ("[" * 3000 + '"x1y2"', JSON),
        ("password x1y2", "text/plain"),
        ("<Patient><password>x1y2", XML),
        (json.dumps({f"{PEM}x1y2": f"{PEM}\nx1y2"}), JSON),
    ],
)
def test_bodies_that_cannot_be_read_and_forms_show_no_secret(body: str, content_type: str) -> None:
    assert "x1y2" not in show(body, content_type)


def test_everything_else_of_a_resource_is_shown_as_it_was_sent() -> None:
    resource = (
        '{"resourceType":"Observation","id":"obs-0001-bp","meta":{"versionId":"1","lastUpdated":"2026-12-01T00:00:00.000Z"},'
        '"code":{"coding":[{"system":"http://loinc.org","code":"51990-0","display":"Basic metabolic panel"}]},'
        '"identifier":[{"system":"urn:uuid","value":"f47ac10b-58cc-4372-a567-0e02b2c3d479"}],"subject":{"reference":'
        '"Patient/p-0001","display":"Marlene Oberholtzer-Vandenberg"},"valueQuantity":{"value":1.10,"unit":"mmol/L"},'
        '"note":[{"text":"The bearer of this letter was seen twice; 50% better, 100%."}]}'
    )
    assert lossless_json.dumps(lossless_json.loads(show(resource))).decode() == resource


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_is_shown_or_outlined(value: Any) -> None:
    assert isinstance(show(json.dumps(value)), str)


@given(st.text(string.ascii_letters + string.digits + string.punctuation + " ", max_size=30), st.sampled_from((TOKEN, CHOSEN)))
def test_a_secret_is_found_in_any_text(around: str, secret: str) -> None:
    assert secret not in show(patient(f"{around} {secret} {around}"))


def test_what_cannot_be_compared_with_all_secrets_is_masked() -> None:
    body = json.dumps({"a": [f"text {number} of a very long body that has many different words" for number in range(2000)]})
    shown = json.loads(show(body))["a"]
    assert shown[0].startswith("text 0")
    assert "…" in shown[-1]
