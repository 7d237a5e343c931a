"""What a text shows besides the words of a message decides how much the doctor claims."""

from __future__ import annotations

from itertools import product

from tests.doctor.texts import recognise
from tests.laws import for_each

from sickbay.diagnosis.answers.finding import UNEXPLAINED
from sickbay.doctor.text import diagnose_text

SERVER_FAULTS = (500, 502, 503, 504)
"""Statuses with which a server or gateway reports a fault of its own."""


REQUESTS_WITH_A_FAULT = (
    "curl https://a.example/oauth2/token -H 'content-type: application/json' -d '{\"grant_type\": \"refresh_token\"}'",
    "GET https://ehr.example.org/authorize?response_type=code&client_id=a&redirect_uri=https%3A%2F%2Fa.example%2Fcb&scope=patient/*.read",
)


@for_each("request_with_a_fault, status", product(REQUESTS_WITH_A_FAULT, SERVER_FAULTS))
def test_a_server_that_failed_comes_before_a_fault_of_the_request(request_with_a_fault: str, status: int) -> None:
    first = diagnose_text(request_with_a_fault)[1].explanation.findings[0]
    findings = diagnose_text(f"{request_with_a_fault}\n\nHTTP/1.1 {status}\n")[1].explanation.findings
    assert findings[0].id in {"oauth-server-failed", "http-server-down", UNEXPLAINED}
    assert first.id in {finding.id for finding in findings}
    refused = diagnose_text(f"{request_with_a_fault}\n\nHTTP/1.1 400\n")[1].explanation.findings
    assert refused[0].id == first.id


HIDDEN = (
    "No 'Access-Control-Allow-Origin' header is present on the requested resource. The response had HTTP status code {}.",
    "has been blocked by CORS policy\nThe proxy returns {}, and I see no reason for it",
    "Blocage d'une requête multiorigine : la politique « Same Origin » ne permet pas de la consulter. Code d’état : {}.",
)


@for_each("said, status", product(HIDDEN, SERVER_FAULTS))
def test_a_browser_that_hides_a_failure_does_not_accuse_the_list_of_origins(said: str, status: int) -> None:
    assert diagnose_text(said.format(status))[1].causes[0].id == "browser-cors-error-hidden"
    assert diagnose_text(said.format(200))[1].causes[0].id == "browser-cors-origin-not-allowed"


def test_a_short_word_that_names_a_topic_makes_each_cause_only_possible() -> None:
    log = "s3.GetBucketACL [403 Forbidden] while we export from the FHIR server"
    assert {cause.confidence for cause in diagnose_text(log)[1].causes} == {"possible"}


@for_each("between", [0, 10, 100])
def test_phrases_of_a_message_far_apart_make_each_cause_only_possible(between: int) -> None:
    line = "the other service has started and runs\n"
    text = f"oauth2.resourceOwnerPasswordGrant fails: {line * between}/openid-connect/auth"
    causes = diagnose_text(text)[1].causes
    assert causes[0].id == "oauth-token-endpoint-wrong"
    assert (causes[0].confidence == "most likely") == (between < 10)


def test_a_phrase_that_no_text_of_the_knowledge_has_makes_each_cause_only_possible() -> None:
    causes = diagnose_text("oauth2: found both the header and the body of the client")[1].causes
    assert (causes[0].id, causes[0].confidence) == ("oauth-client-authenticates-twice", "possible")
    proved = diagnose_text("oauth2: Client must not use multiple authentication methods")[1].causes
    assert (proved[0].id, proved[0].confidence) == ("oauth-client-authenticates-twice", "most likely")


def test_a_slice_that_the_validator_can_not_evaluate_does_not_accuse_the_resource() -> None:
    said = "{} http://example.org/StructureDefinition/a: cannot be matched, in profile of the Bundle, element of a FHIR slice"
    for message in ("Slicing cannot be evaluated: Unable to resolve profile", "Element matches more than one slice"):
        assert "fhir-slice-not-matched" not in claims(said.format(message))
    assert "fhir-slice-not-matched" in claims(said.format("This element does not match any known slice defined in"))


def test_the_certificate_in_a_signature_is_not_the_one_of_tls() -> None:
    said = "error:21075075:{} routines:verify:certificate verify error: self signed certificate"
    assert "http-certificate-untrusted" in claims(said.format("SSL"))
    assert "http-certificate-untrusted" not in claims(said.format("PKCS7"))


@for_each("alert", ["unknown certificate", "bad certificate"])
def test_a_client_that_rejects_the_certificate_does_not_show_another_tls_version(alert: str) -> None:
    log = f"oauth2: http: TLS handshake error from 10.42.0.1:32516: remote error: tls: {alert}"
    assert "http-tls-version" not in claims(log)
    assert {cause.confidence for cause in diagnose_text(log)[1].causes} == {"possible"}


def test_a_failed_handshake_without_a_reason_makes_each_cause_only_possible() -> None:
    said = (
        "javax.net.ssl.SSLHandshakeException: Received fatal alert: handshake_failure at https://ehr.example.org/oauth2/token"
    )
    assert {cause.confidence for cause in diagnose_text(said)[1].causes} == {"possible"}


def test_a_header_that_is_only_named_does_not_show_that_a_frame_was_refused() -> None:
    response = "GET https://app.example.org/ HTTP/1.1\n\nHTTP/1.1 200 OK\nX-Frame-Options: SAMEORIGIN\n"
    assert "browser-frame-refused" not in claims(response)
    named = diagnose_text(f"Our page in an iframe isn't shown as it should be.\n{response}")[1].causes
    assert {cause.confidence for cause in named} == {"possible"}
    refused = "Refused to display 'https://ehr.example.org/' in a frame because it set 'X-Frame-Options' to 'deny'."
    assert diagnose_text(refused)[1].causes[0].confidence == "most likely"


def test_an_option_that_is_switched_off_is_not_what_refuses() -> None:
    text = "angular-oauth2-oidc: token_validation_error, Wrong nonce\nconfigure({ strictDiscoveryDocumentValidation: false })"
    assert "angular-oauth2-oidc-strict-discovery" not in claims(text)


def test_a_refusal_whose_own_words_name_another_reason_is_not_decided() -> None:
    refused = "azuread: unexpected status 403 with OData error: Authorization_RequestDenied: {}"
    own_words = refused.format("When using this permission, the backing application must be in the local tenant")
    assert {cause.confidence for cause in diagnose_text(own_words)[1].causes} == {"possible"}
    named = diagnose_text(refused.format("Insufficient privileges to complete the operation."))[1].causes
    assert named[0].id == "entra-permission-missing"


def test_a_lost_state_of_omniauth_has_several_causes() -> None:
    log = "ERROR -- omniauth: (own) Authentication failure! csrf_detected: OmniAuth::Strategies::OAuth2::CallbackError"
    causes = diagnose_text(log)[1].causes
    assert (causes[0].id, causes[0].confidence) == ("omniauth-csrf", "possible")


@for_each("joint", ["&\n", "\n&", "&\n  "])
def test_a_form_on_several_lines_is_read_to_its_end(joint: str) -> None:
    form = joint.join(("grant_type=authorization_code", "code=abcdef123456", "redirect_uri=https%3A%2F%2Fa.example%2Fcb"))
    headers = "Content-Type: application/x-www-form-urlencoded\nAuthorization: Basic bXktYXBwOm15LXNlY3JldA=="
    request = f"POST /token HTTP/1.1\nHost: ehr.example.org\n{headers}\n\n{form}"
    assert "token-redirect-uri-missing" not in claims(request)
    assert "token-redirect-uri-missing" in claims(request.replace("redirect_uri=", "redirect="))


@for_each("value", ["true", "false"])
def test_the_name_of_a_setting_is_not_what_a_server_says(value: str) -> None:
    settings = f'Keycloak is at http://192.168.1.5:8080/auth. {{"client_id": "a", "https_required": {value}}}'
    assert "keycloak-https-required" not in claims(settings)
    assert "keycloak-https-required" in claims("Keycloak says: HTTPS required")


def test_a_password_grant_may_have_no_client_id() -> None:
    form = "curl https://a.example/token -d grant_type={} -d username=a -d password=b -d code=abcdef"
    assert "client-id-missing-in-body" not in claims(form.format("password"))
    assert "client-id-missing-in-body" in claims(form.format("authorization_code"))


def test_a_refused_client_assertion_is_not_taken_for_an_access_token() -> None:
    refused = (
        "Error when validating {}: Token audience doesn't match domain. Expected audiences are any of [https://a.example/x]"
    )
    said = refused + " but audience from token is '[https://a.example/y]'. keycloak"
    assert "oauth-token-audience-of-another-api" not in claims(said.format("client assertion"))
    assert "oauth-token-audience-of-another-api" in claims(said.format("token"))


def test_an_http_redirect_uri_of_a_host_in_braces_is_not_to_be_registered() -> None:
    page = "Error 400: redirect_uri_mismatch\nRequest details: redirect_uri={}/login/google\naccounts.google.com behind nginx"
    assert diagnose_text(page.format("http://{mydomain}"))[1].causes[0].id == "oauth-redirect-uri-http-behind-proxy"
    cause = diagnose_text(page.format("https://{mydomain}"))[1].causes[0]
    assert cause.id == "oauth-redirect-uri-not-registered"
    assert "`https://{mydomain}/login/google`" in cause.title


def test_a_state_that_differs_does_not_show_a_lost_session() -> None:
    causes = diagnose_text("RPError: state mismatch, expected GOI2FjsSPhTiUkDW1, got: w81Tus-eWqUd61uMK")[1].causes
    assert "openid-client-state" not in {cause.id for cause in causes}
    assert {cause.confidence for cause in causes} == {"possible"}


def test_a_certificate_of_another_name_is_no_timeout() -> None:
    log = "curl: (60) SSL: no alternative certificate subject name matches target host name"
    causes = diagnose_text(f"It surfaces as 'The operation timed out.'\n$ curl https://api.example.net/\n{log}")[1].causes
    assert causes[0].id == "http-certificate-of-another-name"


def test_a_possible_cause_that_the_text_does_not_name_makes_another_no_more_certain() -> None:
    said = "keycloak_admin_api: GET https://auth.example.org/admin/realms/test/users\n{'error': 'HTTP 401 Unauthorized'}"
    causes = diagnose_text(said)[1].causes
    assert [(causes[0].id, causes[0].confidence)] == [("keycloak-admin-api-token", "possible")]


def test_an_exception_of_java_does_not_show_cognito() -> None:
    assert recognise("Keycloak: javax.ws.rs.NotAuthorizedException: HTTP 401").shown.products == {"keycloak"}


def test_an_unexpected_token_of_a_bundler_is_not_about_tokens() -> None:
    said = "Module parse failed: app.js Unexpected token (6:2)\nYou may need an appropriate loader to handle this file type."
    assert claims(said) <= {UNEXPLAINED}


def claims(text: str) -> set[str]:
    """The ids of the findings and causes."""
    diagnosis = diagnose_text(text)[1]
    return {finding.id for finding in diagnosis.explanation.findings} | {cause.id for cause in diagnosis.causes}
