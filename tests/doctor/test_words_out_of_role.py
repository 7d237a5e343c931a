"""A word counts only in its role: not in a placeholder, a log, an option of a library, or an error that is solved."""

from __future__ import annotations

from tests.doctor.test_claims import REQUEST
from tests.doctor.texts import claims, ids
from tests.laws import for_each

from sickbay.diagnosis.answers.finding import UNEXPLAINED
from sickbay.doctor.text import diagnose_text


@for_each("mask", ["XXX", "***", "[FILTERED]", "%5BREDACTED%5D", "<redacted>", "[secret]", "***MASKED***", "(hidden)"])
def test_a_masked_value_is_not_examined(mask: str) -> None:
    sent = REQUEST + "&launch={0}&state={0}&code_challenge={0}&code_challenge_method=S256"
    refused = "Error: Token exchange failed: HTTP 400"
    about_values = {"pkce-challenge-malformed", "value-has-stray-characters", "value-is-placeholder", "state-low-entropy"}
    assert about_values.isdisjoint(claims(f"{sent.format(mask)}\n\n{refused}"))
    assert "pkce-challenge-malformed" in claims(f"{sent.format('abc')}\n\n{refused}")


def test_options_of_a_library_are_not_parameters_of_a_request() -> None:
    options = "{ grant_type: 'authorization_code', clientID: 'com.example.app', redirectUri: 'https://app.example.org/cb' }"
    refused = 'The answer is {"error": "invalid_grant"}.'
    faults = {"parameter-name-wrong", "oauth-json-body"}
    assert faults.isdisjoint(claims(f"const options = {options};\nappleSignin.getToken(code, options);\n\n{refused}"))
    assert "parameter-name-wrong" in claims(f"I send {options}\n\n{refused}")


@for_each(
    "code", ["decode() throws MalformedURLException {", "catch (MalformedURLException e) {", "except MalformedURLException:"]
)
def test_an_exception_that_a_program_declares_or_catches_did_not_happen(code: str) -> None:
    asked = "The issuer isn't checked. What is missing?\n\n    {}\n        return build()"
    assert "http-url-malformed" not in claims(asked.format(code))
    assert "http-url-malformed" in claims(asked.format("java.net.MalformedURLException: no protocol"))


def test_only_a_public_host_of_an_https_site_is_behind_a_proxy() -> None:
    refused = "The server says Invalid redirect_uri parameter, I use redirect_uri http://{} on our https site. What is wrong?"
    assert ids(refused.format("localhost"))[0] != "oauth-redirect-uri-http-behind-proxy"
    assert ids(refused.format("app.example.org/cb"))[0] == "oauth-redirect-uri-http-behind-proxy"
    unsaid = refused.replace(" on our https site", "")
    assert ids(unsaid.format("app.example.org/cb"))[0] == "oauth-redirect-uri-not-registered"


def test_steps_to_reproduce_do_not_say_that_the_password_is_wrong() -> None:
    steps = "1. User enters the username and password\n2. invalid_nonce_in_state is returned"
    assert "oauth-password-wrong" not in claims(steps)


def test_a_placeholder_for_a_redirect_uri_is_not_what_the_server_says() -> None:
    redirected = "HTTP/1.1 302 Found\nLocation: https://{}?error=invalid_request\n&error_description=Unsupported%20response"
    assert "`redirect_uri`" not in diagnose_text(redirected.format("YOUR_REDIRECT_URI"))[1].explanation.findings[0].why
    assert not ids(redirected.format("YOUR_REDIRECT_URI"))[0].startswith("oauth-redirect-uri")


_LOGGED = """Error: Validation: response_type requires the openid scope
{{
  "{}": "https://app.example.org/cb", "{}": "code id_token token", "{}": "x1y2", "{}": "growth-chart",
  "Raw": {{"client_id": "growth-chart", "response_type": "code id_token token", "scope": "launch"{}"""


@for_each("ending", ["}}", ",", ""])
@for_each("names", ["RedirectUri ResponseType State ClientId", "redirectUri responseType State clientId"])
def test_properties_of_a_log_are_no_parameters(names: str, ending: str) -> None:
    assert "parameter-name-wrong" not in claims(_LOGGED.format(*names.split(), ending))


@for_each("before", ["Without adding the secret", "At first", "Before setting the secret"])
@for_each("turn", ["After adding it", "But now", "Now it"])
def test_an_error_that_is_solved_is_not_the_one_that_is_explained(before: str, turn: str) -> None:
    text = f"{before}, the token endpoint returns invalid_client.\n{turn} says invalid_scope: the scope openid isn't allowed."
    answers = [answer.code for answer in diagnose_text(text)[1].answers]
    assert answers == ["invalid_scope"]


@for_each("solved", ["that error is gone", "this is solved now", "that problem was fixed"])
def test_an_error_that_is_said_to_be_gone_is_not_the_one_that_is_explained(solved: str) -> None:
    text = f"I got redirect_uri_mismatch, I registered the URI and {solved}. Now the server answers invalid_scope."
    assert [answer.code for answer in diagnose_text(text)[1].answers] == ["invalid_scope"]


def test_what_the_server_says_comes_before_what_the_text_says_around_it() -> None:
    around = "I registered the redirect URI, because it did not match. Still"
    refused = '{"error": "invalid_grant", "error_description": "Missing code verifier."}'
    assert ids(f"{around} {refused}")[0] == "oauth-pkce-verifier-not-sent"


def test_words_elsewhere_do_not_explain_an_error_that_the_server_describes_otherwise() -> None:
    text = 'The redirect URI did not match. {{"error": "invalid_request", "error_description": "{}"}}'
    purple = diagnose_text(text.format("The widget of the tenant is purple"))[1]
    assert purple.explanation.findings[0].id == UNEXPLAINED
    assert ids(text.format("The redirect_uri is not registered"))[0] == "oauth-redirect-uri-not-registered"


def test_the_parameters_of_a_request_and_the_response_below_are_no_sentence() -> None:
    sent = "curl https://ehr.example.org/token -d 'grant_type=authorization_code&code=***&code_verifier=***'"
    refused = '{"errorCode": "invalid_grant", "errorSummary": "..."}'
    assert not any(id.startswith("oauth-pkce") for id in ids(f"{sent}\n{refused}"))
    assert "..." not in {answer.code for answer in diagnose_text(refused)[1].answers}


@for_each("left_out", ["...", "code: '***'"])
def test_what_an_ellipsis_or_a_mask_stands_for_is_not_missing(left_out: str) -> None:
    sent = f"new URLSearchParams({{grant_type: 'authorization_code', {left_out}}})"
    refused = 'answers 400 {"error": "invalid_request"}'
    code = f"fetch('https://a.example/token', {{method: 'POST', body: {sent}}})\n{refused}"
    assert "client-id-missing-in-body" not in claims(code)
    assert "client-id-missing-in-body" in claims(code.replace(left_out, "code: 'abcdef'"))


def test_a_request_to_a_host_in_braces_is_documentation() -> None:
    request = "POST /token HTTP/1.1\nHost: {}\nContent-Type: application/x-www-form-urlencoded\n\n"
    form = "grant_type=client_credentials&client_id=a&client_secret=b&scope={scope}"
    assert "value-is-placeholder" not in claims(request.format("{yourDomain}") + form)
    assert "value-is-placeholder" in claims(request.format("ehr.example.org") + form)


def test_what_a_person_tells_is_not_a_message_that_names_the_cause() -> None:
    told = diagnose_text("When I send the wrong audience, we get 403 from the OAuth server. Is it right?")[1]
    assert "name the cause" not in told.explanation.findings[0].title


def test_a_status_is_not_the_issuer_that_is_expected() -> None:
    code = 'const issuer = new Issuer({ issuer: "generic" });\n\nOPError: '
    assert "oauth-issuer-compared" not in ids(f"{code}expected 200 OK, got: 201 Created")
    assert "oauth-issuer-compared" in ids(f"{code}expected iss https://a.example/x, got: https://b.example/x")


def test_a_request_is_not_corrected_for_an_error_that_it_does_not_explain() -> None:
    sent = (
        "https://a.example/oauth2/authorize?response_type=code&client_id=flux&state=1&redirect_uri=https%3A%2F%2Fb.example%2Fcb"
    )
    _, diagnosis = diagnose_text(f'{sent}\n\n{{"error": "not_found", "error_description": "The flux class is prohibited"}}')
    assert (diagnosis.explanation.findings[0].id, diagnosis.corrected) == (UNEXPLAINED, None)


def test_a_search_with_a_dollar_is_no_launch() -> None:
    assert "launch-url-missing-iss" not in claims("GET /Observation?component-value-quantity=5.4$lt107\nHTTP/1.1 403 Forbidden")
    assert "launch-url-missing-iss" in claims("GET /launch.html?patient=$patient\nHTTP/1.1 403 Forbidden")


def test_a_template_of_javascript_is_not_sent_with_its_variables() -> None:
    form = "code=${code}&client_id=${id}&grant_type=authorization_code"
    assert "value-is-placeholder" not in claims(f"I changed line 39 of the app to be\nbody: `{form}`")
    assert "value-is-placeholder" in claims(f"The log of the server has this body:\n{form}")
