"""What an app received is examined, whether it was pasted as JSON or with the status and headers of its response."""

from __future__ import annotations

import json
from itertools import product

from tests.doctor.texts import claims
from tests.laws import for_each

from sickbay.doctor.pieces.find import find_pieces
from sickbay.doctor.pieces.inputs import list_inputs
from sickbay.doctor.text import diagnose_text

TOKENS = {
    "access_token": "i8hweunweunweofiwweoijewiwe",
    "token_type": "Bearer",
    "expires_in": 3600,
    "scope": "patient/Patient.rs",
}
DISCOVERY = {
    "issuer": "https://ehr.example.org",
    "authorization_endpoint": "https://ehr.example.org/authorize",
    "token_endpoint": "https://ehr.example.org/token",
    "capabilities": ["launch-ehr"],
}
REGISTRATION = {"client_id": "a", "redirect_uris": ["https://app.example.org/cb"]}
RECEIVED = {"token_response": TOKENS, "smart_configuration": DISCOVERY, "registration": REGISTRATION}


def response(members: object, status: str = "200 OK") -> str:
    return f"HTTP/1.1 {status}\nContent-Type: application/json\nCache-Control: no-store\n\n{json.dumps(members)}"


@for_each("kind", RECEIVED)
def test_json_is_the_same_input_with_and_without_the_response_around_it(kind: str) -> None:
    bare, whole = (list_inputs(find_pieces(text)) for text in (json.dumps(RECEIVED[kind]), response(RECEIVED[kind])))
    assert [each.evidence for each in whole] == [each.evidence for each in bare]
    assert [each.evidence["kind"] for each in whole] == [kind]


@for_each(
    "grant, kind",
    [("password", "token_request"), ("client_credentials", "token_request"), ("authorization_code", "authorize_url")],
)
def test_a_list_with_a_grant_type_is_a_token_request_even_with_a_response_type(grant: str, kind: str) -> None:
    listed = f"client_id: my-app\nclient_secret: hush\nresponse_type: code id_token\ngrant_type: {grant}\n"
    assert [each.evidence["kind"] for each in list_inputs(find_pieces(listed))] == [kind]


@for_each("text", [response(TOKENS, "400 Bad Request"), "HTTP/1.1 200 OK\nContent-Type: text/html\n\n<p>Welcome</p>"])
def test_an_error_and_a_web_page_are_no_input(text: str) -> None:
    assert list_inputs(find_pieces(text)) == []


@for_each("scheme, mask", product(("Basic", "Bearer"), ("xxxx", "****", "••••••", "XXXXXXXX", "[FILTERED]", "<redacted>")))
def test_masked_credentials_are_no_fault_of_the_request(scheme: str, mask: str) -> None:
    header = f"Authorization: {scheme} {mask}"
    curl = f"curl https://ehr.example.org/token -H '{header}' -d 'grant_type=client_credentials&scope=system/*.rs'"
    found = {finding.id for finding in diagnose_text(f"This fails:\n\n{curl}\n")[1].explanation.findings}
    assert found.isdisjoint(("basic-malformed", "client-id-missing-in-body"))


CURL = (
    "curl https://ehr.example.org/oauth2/token -H 'Content-Type: application/x-www-form-urlencoded' "
    "-d 'grant_type=authorization_code' -d 'redirect_uri=https://a.example/cb' -d 'code=XGa_U6toXP0Rvc' "
    "-d 'code_verifier={}' -d 'client_id=abc'"
)
URL = "https://ehr.example.org/authorize?response_type=code&client_id=abc&code_challenge={}&code_challenge_method=S256&scope=openid"


@for_each("sent, fault", [(CURL, "pkce-verifier-malformed"), (URL, "pkce-challenge-malformed")])
def test_a_value_that_was_shortened_for_the_paste_is_no_fault(sent: str, fault: str) -> None:
    assert fault in claims(sent.format("k9raCwW87d_wYCzwTkqPqksT6E_s"))
    marks = product(("k9raCwW87d_wYC",), ("...", ".....", "…", "****", "xxxxx"), ("zwTkqPqksT6E_s", ""))
    for parts in (*marks, ("REDACTED",), ("****",), ("[redacted]",), ("xxxxxxxx",)):
        shortened = sent.format("".join(parts))
        assert fault not in claims(shortened)
        assert fault not in claims(f"This is what the app sends, and the server answers 400:\n\n{shortened}")


def test_an_app_s_own_address_with_launch_and_scope_is_no_launch_url() -> None:
    """Jupyter's SMART extension redirects from its launch URL to such an address."""
    log = "302 GET /app/login?launch=IkL6fj2fZHXN1KUT&scope=openid+launch+patient%2F%2A.%2A (@127.0.0.1) 7.21ms\n"
    assert list_inputs(find_pieces(log)) == []


def test_credentials_that_are_not_masked_are_examined() -> None:
    curl = "curl https://ehr.example.org/token -H 'Authorization: Basic app:secret' -d 'grant_type=client_credentials'"
    assert "basic-malformed" in {finding.id for finding in diagnose_text(f"This fails:\n\n{curl}\n")[1].explanation.findings}


@for_each("url", ["https://ehr.example.org/authorize", "https://ehr.example.org/authorize?realm=clinic"])
def test_the_form_of_an_authorization_request_is_read_like_its_query(url: str) -> None:
    form = (
        "response_type=code&client_id=growth-chart&redirect_uri=https%3A%2F%2Fapp.example.org%2Fcb&state=k9idgCFpbJIr75aw30aA"
    )
    posted = f"POST {url}\nContent-Type: application/x-www-form-urlencoded\n\n{form}\n"
    sent = f"{url}{'&' if '?' in url else '?'}{form}"
    assert [each.evidence["url"] for each in list_inputs(find_pieces(posted))] == [sent]


def test_a_symbol_of_ruby_is_the_value_without_its_colon() -> None:
    pieces = find_pieces("    response_type: :code,\n    response_mode: :form_post,\n")
    assert pieces[0].values["response_type"] == "code"
