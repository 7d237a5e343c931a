"""The doctor claims no more than a text shows: nothing about other software, no certain cause for an ambiguous code."""

from __future__ import annotations

from tests.doctor.texts import claims, ids, recognise
from tests.laws import for_each

from sickbay.diagnosis.answers.finding import UNEXPLAINED
from sickbay.doctor.match import SKIPPED_WORDS
from sickbay.doctor.rank import AMBIGUOUS_CODES
from sickbay.doctor.text import diagnose_text
from sickbay.doctor.verdict import Verdict

OTHER_FIELDS = (
    "npm ERR! code ERESOLVE\nnpm ERR! ERESOLVE unable to resolve dependency tree",
    "ERROR 1045 (28000): Access denied for user 'root'@'localhost' (using password: YES)",
    "MongoServerError: Authentication failed.\n    at Connection.onMessage (/app/connection.js:207:30)",
    "ReplyError: NOAUTH Authentication required.\n    at parseError (/app/parser.js:179:12)",
    "Error response from daemon: pull access denied for internal/api: requested access to the resource is denied",
    "remote: Permission to example/repo.git denied to someone.\nfatal: The requested URL returned error: 403",
    "Access is denied. (Exception from HRESULT: 0x80070005 (E_ACCESSDENIED))\n   at System.IO.File.Delete(String path)",
    "An error occurred (UnrecognizedClientException) when calling the ListFunctions operation: The security token is invalid.",
    "ERROR: 401 Client Error: Unauthorized for url: https://packages.example.org/simple/requests/",
    "[LDAP: error code 49 - 80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 52e, v2580]",
    "Msg 229, Level 14, State 5, Line 1\nThe SELECT permission was denied on the object 'Orders', database 'shop'.",
    "Back-off restarting failed container api in pod api-x2k4z. Last State: Terminated, Reason: OOMKilled, Exit Code: 137",
    "Forbidden (403)\nCSRF verification failed. Request aborted.",
    "E: Failed to fetch https://apt.example.org/dists/stable/InRelease  403  Forbidden [IP: 192.0.2.7 443]",
    "Error: connect ECONNREFUSED 172.22.0.2:5432\n    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1157:16)",
    "SQLSTATE[HY000] [2002] Connection refused (SQL: select * from `users` where `token` = 1 limit 1)",
    'level=fatal msg="dial tcp 172.24.0.2:6379: connect: connection refused"',
    "getaddrinfo ENOTFOUND mongo.internal mongodb://mongo.internal/clients?state=1",
    "java.net.SocketTimeoutException: Read timed out\n\tat com.mysql.cj.protocol.a.NativeProtocol.negotiate",
    "curl: (7) Failed to connect to 10.0.0.9 port 8123: Connection refused",
    "AccessDeniedException: 403 ana@example.org does not have storage.objects.list access to backups.",
    "Der Drucker druckt nicht mehr, obwohl er im Netzwerk angezeigt wird. Fehler 0x00000709.",
)
"""Errors of databases, registries, operating systems and printers."""


@for_each("text", OTHER_FIELDS)
def test_errors_of_other_software_get_no_cause(text: str) -> None:
    diagnosis = diagnose_text(text)[1]
    assert {finding.id for finding in diagnosis.explanation.findings} <= {UNEXPLAINED}
    assert diagnosis.causes == ()


@for_each("code", sorted(AMBIGUOUS_CODES))
def test_a_code_that_many_causes_share_makes_each_only_possible(code: str) -> None:
    causes = diagnose_text(f'{{"error": "{code}"}}')[1].causes
    assert {cause.confidence for cause in causes} <= {"possible"}


@for_each("status", [400, 401, 403, 404, 500])
def test_a_status_makes_each_cause_only_possible(status: int) -> None:
    causes = diagnose_text(f"GET https://ehr.example.org/fhir/Patient/1\n\nHTTP/1.1 {status}\n")[1].causes
    assert {cause.confidence for cause in causes} <= {"possible"}


def test_a_message_with_equally_frequent_causes_makes_each_only_possible() -> None:
    causes = diagnose_text("Error: State mismatch. The state parameter does not match the expected value.")[1].causes
    assert {cause.confidence for cause in causes} == {"possible"}


TWICE = "Client must not use multiple authentication methods"
"""A message that has only one cause."""


@for_each(
    "text",
    [
        '{"error": "invalid_client", "error_description": "Invalid client secret"}',
        "Access to fetch at 'https://ehr.example.org/fhir' from origin 'https://a.example.org' has been blocked by CORS policy",
        "401 - JWT has invalid signature",
    ],
)
def test_a_message_behind_which_several_causes_are_known_makes_each_only_possible(text: str) -> None:
    assert {cause.confidence for cause in diagnose_text(text)[1].causes} == {"possible"}


def test_a_cause_that_repeats_the_message_is_the_most_likely_whatever_else_is_known() -> None:
    causes = diagnose_text("id token signed with unsupported algorithm")[1].causes
    assert (causes[0].id, causes[0].confidence) == ("oauth-token-algorithm", "most likely")


def test_two_messages_with_different_causes_make_each_only_possible() -> None:
    scope = "The encrypted ID token is not supported"
    alone = diagnose_text(f'{{"error": "invalid_client", "error_description": "{TWICE}"}}')[1].causes
    assert alone[0].confidence == "most likely"
    both = diagnose_text(f"oauth2: cannot log in: {TWICE}\n\noauth2: cannot log in: {scope}")[1].causes
    assert {cause.confidence for cause in both} == {"possible"}


def test_claims_for_another_api_are_not_examined_as_a_client_assertion() -> None:
    times = '"exp": 1780311779, "iat": 1780308179'
    claims = f'{{"sub": "17", "aud": "https://gateway.example.org/v1", "iss": "auth:S1", {times}, "jti": "1"}}'
    assert [finding.id for finding in diagnose_text(claims)[1].explanation.findings] == []
    assertion = claims.replace("gateway.example.org/v1", "ehr.example.org/token")
    assert "assertion-iss-sub-mismatch" in {finding.id for finding in diagnose_text(assertion)[1].explanation.findings}


def test_a_redirect_to_a_developers_machine_is_not_behind_a_proxy() -> None:
    refused = "redirect_uri=http%3A%2F%2Fapp.example.org{}%2Fcb\n\ninvalid_redirect_uri: redirect_uri did not match, with HTTPS"
    request = "https://id.example.org/authorize?client_id=a&response_type=code&" + refused
    behind = "oauth-redirect-uri-http-behind-proxy"
    assert diagnose_text(request.format(""))[1].causes[0].id == behind
    assert diagnose_text(request.format("%3A5000"))[1].causes[0].id != behind


def test_the_access_log_of_the_app_does_not_end_early() -> None:
    lines = ("/launch?iss=https%3A%2F%2Fehr.example.org%2Ffhir&launch=xyz123", "/callback?code=9f2c81e0aa&state=Zk3tq1ab99")
    log = "\n".join(f'10.1.4.22 - - [03/Nov/2026:09:12:43 +0100] "GET {line} HTTP/1.1" 302 0 "-"' for line in lines)
    assert "code-not-redeemed" not in {finding.id for finding in diagnose_text(log)[1].explanation.findings}


def test_the_first_possible_cause_is_named_with_the_next_ones() -> None:
    diagnosis = diagnose_text("AADSTS7000215: Invalid client secret provided. Ensure it is the secret's value")[1]
    assert "Also possible: " in diagnosis.explanation.findings[0].why


def test_a_description_that_names_the_cause_makes_it_likely() -> None:
    causes = diagnose_text(f'{{"error": "invalid_client", "error_description": "{TWICE}"}}')[1].causes
    assert causes[0].confidence == "most likely"


def test_a_code_in_the_redirect_comes_before_one_that_words_only_resemble() -> None:
    log = 'invalid request to the redirect_uri, request: "GET /cb?error=access_denied&state=1"'
    assert next(answer.code for answer in diagnose_text(log)[1].answers) == "access_denied"
    assert "invalid_request" not in {answer.code for answer in diagnose_text(log)[1].answers}


def test_a_code_that_goes_on_with_another_word_is_not_read() -> None:
    assert "invalid_grant" not in {answer.code for answer in diagnose_text("Error: invalid grant types for client")[1].answers}


def test_a_password_for_a_fhir_server_is_a_fault_only_if_the_text_has_a_refusal() -> None:
    sent = "# The export of the server\ncurl -u user:secret https://ehr.example.org/fhir/Patient/1\n# Repeat it later. {}"
    found = [
        {it.id for it in diagnose_text(sent.format(end))[1].explanation.findings} for end in ("< HTTP/2 202", "It returns 401.")
    ]
    assert ["fhir-token-not-bearer" in each for each in found] == [False, True]


def test_a_token_in_a_header_of_the_server_is_not_missing() -> None:
    sent = "curl https://ehr.example.org/fhir/Patient/1 -H 'X-Authorization-Server: Bearer abc' -H 'Authorization;'"
    diagnosis = diagnose_text(sent)[1]
    assert "fhir-token-missing" not in {finding.id for finding in diagnosis.explanation.findings}
    assert diagnosis.corrected is None
    other = diagnose_text(sent.replace("Authorization;", "Authorization: 700508332"))[1]
    assert "fhir-token-not-bearer" not in {finding.id for finding in other.explanation.findings}
    without = diagnose_text(sent.replace("X-Authorization-Server: Bearer abc", "X-Request-ID: 1"))[1]
    assert "fhir-token-missing" in {finding.id for finding in without.explanation.findings}


@for_each(
    "sentence",
    [
        "Die Anfrage wird leider immer blockiert",
        "La requ\u00eate \u00e9choue avec un message inconnu",
        "De aanvraag is helaas weer mislukt",
        "\u0417\u0430\u043f\u0440\u043e\u0441 \u043d\u0435 \u0432\u044b\u0448\u0435\u043b \u0442\u0443\u0442",
    ],
)
def test_a_problem_in_another_language_does_not_clear_the_request(sentence: str) -> None:
    request = "https://fhir.example.org/r4/Patient/1?_format=json"
    assert diagnose_text(f"{sentence}\n{request}")[1].verdict not in (Verdict.FINE, Verdict.UNEXAMINED)


@for_each(
    "text, status",
    [
        ("Der Remoteserver hat einen Fehler zur\u00fcckgegeben: (401) Nicht autorisiert.", "401"),
        ("Le serveur distant a retourn\u00e9 une erreur : (403) Interdit.", "403"),
        ("De externe server heeft een fout geretourneerd: (404) Niet gevonden.", "404"),
    ],
)
def test_a_status_is_read_whatever_the_language_of_the_runtime(text: str, status: str) -> None:
    assert status in {answer.code for answer in diagnose_text(text)[1].answers}


def test_a_denial_by_an_api_is_not_said_to_be_the_users() -> None:
    body = '{"meta": {"code": 401}, "error": {"message": "Invalid access token", "type": "access_denied"}}'
    assert "oauth-user-denied" not in {cause.id for cause in diagnose_text(body)[1].causes}
    assert "oauth-user-denied" in {
        cause.id for cause in diagnose_text("https://a.example/cb?error=access_denied&state=1")[1].causes
    }


@for_each(
    "text, cause",
    [
        ("connect ECONNREFUSED 127.0.0.1:8080 at https://localhost:8080/oauth2/token", "http-connection-refused"),
        ("getaddrinfo ENOTFOUND fhir.example.org", "http-name-unknown"),
        ("PostgreSQL is up. Post https://idp.example.org/oauth/token: dial tcp: connection refused", "http-connection-refused"),
    ],
)
def test_a_call_of_an_authorization_or_fhir_server_that_fails_gets_its_cause(text: str, cause: str) -> None:
    assert diagnose_text(text)[1].causes[0].id == cause


NETWORK_FAILURES = (
    "dial tcp: i/o timeout",
    "getaddrinfo ENOTFOUND idp.example.org",
    "getaddrinfo: temporary failure in name resolution",
    'Post "https://idp.example.org/token": EOF',
    "connect ECONNREFUSED 10.0.0.1:443",
    "read ECONNRESET",
)


@for_each("failure", NETWORK_FAILURES)
def test_what_an_app_says_after_a_failed_connection_is_no_certain_cause(failure: str) -> None:
    said = f"oauth2: login failed: {TWICE}"
    assert diagnose_text(said)[1].causes[0].confidence == "most likely"
    causes = diagnose_text(f"{said}: {failure}")[1].causes
    assert all(cause.confidence == "possible" or cause.id.startswith("http-") for cause in causes[:1])


@for_each("skipped", range(2 * SKIPPED_WORDS))
def test_words_far_apart_support_no_cause(skipped: int) -> None:
    words = " ".join(("level", "info", "map", "request", "message", "user", "host", "path")[:skipped])
    causes = diagnose_text(f"oauth2: code_verifier {words} minimum length")[1].causes
    assert (causes[0].confidence == "most likely") == (skipped < SKIPPED_WORDS)


def test_a_log_with_many_different_errors_has_no_certain_cause() -> None:
    said = f"oauth2 token request: {TWICE}"
    assert diagnose_text(f"{said}\n\nHTTP/1.1 401")[1].causes[0].confidence == "most likely"
    answers = "\n\n".join(f"HTTP/1.1 {status}" for status in (401, 403, 404, 405, 500))
    assert {cause.confidence for cause in diagnose_text(f"{said}\n\n{answers}")[1].causes} == {"possible"}


@for_each(
    "text",
    [
        '{"error": "invalid_client", "message": "Client authentication failed"}',
        "[Error] status of 404 (Not Found)\nAuthorization url: https://id.example.org/auth?redirect_uri=http://localhost/cb&code=1",
        'Bearer error="invalid_token", error_description="The issuer \'(null)\' is invalid" in Microsoft.Identity.Web',
        "Azure AD: token verification failed. error validating claims: aud claim does not match any bound audience",
        'dex: level=error msg="failed to get auth code: <nil>"',
        "supabase auth: 500: Unable to exchange external code: c2d77852",
        "IDX10501: Signature validation failed. Unable to match key: kid",
    ],
)
def test_a_refusal_without_its_reason_makes_each_cause_only_possible(text: str) -> None:
    assert {cause.confidence for cause in diagnose_text(text)[1].causes} == {"possible"}


@for_each("words", ["The below curl works:", "This one works without any problem:\n", "With this request it worked:\n```\n"])
def test_a_request_that_works_is_not_called_wrong(words: str) -> None:
    body = '{"grant_type": "password"}'
    curl = f"curl -X POST https://api.example.com/oauth/token -H 'content-type: application/json' -d '{body}'"
    text = "oauth2: cannot fetch token: 415 Unsupported Media Type\n\n"
    faults = {"token-wrong-content-type", "oauth-json-body"}
    assert faults.isdisjoint(claims(f"{text}{words} {curl}"))
    assert faults <= claims(f"{text}This doesn't work: {curl}")
    assert faults <= claims(f"{text}I send this: {curl}")


def test_a_sentence_in_quotation_marks_is_not_read_as_a_code() -> None:
    log = 'level=error msg="An error occurred" code=404 details="map[]" error="Not Found"'
    assert "Not" not in {answer.code for answer in diagnose_text(log)[1].answers}
    assert "invalid_grant" in {
        answer.code for answer in diagnose_text('level=error error="invalid_grant" hint="a b"')[1].answers
    }


def test_a_token_that_a_library_rejects_is_not_taken_for_a_client_assertion() -> None:
    rejected = claims("com.nimbusds.jose.proc.BadJOSEException: Signed JWT rejected")
    assert not any(id.startswith("oauth-assertion") for id in rejected)
    assert "oauth-assertion-key-unknown" in claims("invalid_client: Client assertion was rejected")


@for_each(
    "text",
    [
        "invalid_grant: code_verifier does not match the code_challenge",
        "invalid_grant: The refresh token is invalid",
        "The redirect URI is invalid for this client",
        "invalid_scope: the requested scope is invalid",
    ],
)
def test_a_message_that_does_not_say_which_of_several_causes_it_has_makes_each_only_possible(text: str) -> None:
    causes = diagnose_text(text)[1].causes
    assert len(causes) > 1
    assert {cause.confidence for cause in causes} == {"possible"}


@for_each(
    "words",
    [
        "The problem was a line break in the file.",
        "It turned out that the app read another file.",
        "Restarting it solved the issue.",
        "This fixed it for me.",
        "I double checked the secret.",
        "The client ID and the secret are correct.",
        "I have verified both values.",
        "Das Problem ist behoben, es lag am Load Balancer.",
        "C'est r\u00e9solu depuis ce matin.",
        "Ya est\u00e1 solucionado.",
        "permission denied (or it may not exist)",
    ],
)
def test_a_text_that_says_what_was_wrong_or_what_is_not_has_no_certain_cause(words: str) -> None:
    said = f"oauth2: login failed: {TWICE}"
    assert diagnose_text(said)[1].causes[0].confidence == "most likely"
    assert {cause.confidence for cause in diagnose_text(f"{said}\n{words}")[1].causes} == {"possible"}


REQUEST = "https://ehr.example.org/authorize?response_type=code&client_id=a&redirect_uri=https%3A%2F%2Fapp.example.org%2Fcb&scope=openid"


def test_a_fault_of_the_authorization_request_does_not_explain_a_refusal_by_the_token_endpoint() -> None:
    refused = '{"error": "invalid_client", "error_description": "Client authentication failed"}'
    assert diagnose_text(REQUEST)[1].explanation.findings[0].id == "state-missing"
    first = diagnose_text(f"{REQUEST}\n\n{refused}")[1].explanation.findings[0]
    assert first.id.startswith("oauth-client")
    at_authorize = f"{REQUEST}\n\nhttps://app.example.org/cb?error=invalid_request&error_description={{}}+is+required"
    assert diagnose_text(at_authorize.format("state"))[1].explanation.findings[0].id == "state-missing"
    assert diagnose_text(at_authorize.format("It"))[1].explanation.findings[0].id != "state-missing"


def test_an_error_page_of_the_app_is_not_a_redirect_of_the_server() -> None:
    page = "It ends at http://localhost:3000/api/auth/error?error=Callback and the login fails."
    assert "redirect-state-missing" not in claims(page)
    assert "redirect-state-missing" in claims(page.split()[3].replace("Callback", "access_denied"))


@for_each(
    "text, product",
    [
        ("Error: Invalid redirect URI. It does not match any registered URI for this client.", "keycloak"),
        ("invalid_grant: The authorization code has expired", "league"),
        ("Unable to verify authorization request state", "openid-client"),
        ("Error: failed to exchange code for access token", "fhirclient"),
    ],
)
def test_words_that_many_write_show_no_product(text: str, product: str) -> None:
    assert product not in recognise(text).shown.products


def test_a_phrase_whose_words_are_far_apart_gives_way_to_one_that_stands_together() -> None:
    log = "launch https://ehr.example.org/v/r2/fhir I get invalid state response"
    assert ids(log)[0] == "oauth-state-cookie-not-sent"


def test_a_message_that_names_several_reasons_itself_makes_each_only_possible() -> None:
    github = '{"error": "bad_verification_code", "error_description": "The code passed is incorrect or expired."} github.com'
    assert {cause.confidence for cause in diagnose_text(github)[1].causes} == {"possible"}


def test_a_code_of_entra_that_is_not_about_the_user_is_not_said_to_be() -> None:
    assert "entra-user-credentials" not in claims("AADSTS65002: Consent between first party applications must be configured")
    assert "entra-user-credentials" in claims("AADSTS50126: Error validating credentials due to invalid username or password.")


def test_a_text_that_says_something_throws_is_not_cleared() -> None:
    text = "While the response is 200, our library throws `SESSION_ERROR`.\nhttps://ehr.example.org/fhir/Patient/1?_format=json"
    assert diagnose_text(text)[1].verdict not in (Verdict.FINE, Verdict.UNEXAMINED)


def test_scopes_of_another_service_in_a_registration_are_not_read_as_smarts() -> None:
    registration = (
        "POST /register HTTP/1.1\nHost: as.example.org\nContent-Type: application/json\n\n"
        '{{"redirect_uris": ["https://app.example.org/cb"], "scope": "{}"}}'
    )
    assert "scope-malformed" not in claims(registration.format("mcp:read mcp:write"))
    assert "scope-malformed" in claims(registration.format("patient:read launch/patient"))
    alone = '{"redirect_uris": ["https://app.example.org/cb"], "scope": "mcp:read mcp:write"}'
    assert claims(alone).isdisjoint({"scope-malformed", "reg-no-resource-scopes"})


def test_a_malformed_verifier_of_keycloak_is_not_one_that_differs() -> None:
    refused = 'token endpoint returned 400: {{"error":"invalid_grant","error_description":"PKCE verification failed: {}"}}'
    assert ids(refused.format("Invalid code verifier"))[0] == "oauth-pkce-verifier-length"
    assert ids(refused.format("Code mismatch"))[0] == "oauth-pkce-challenge-computed-wrong"


def test_a_text_that_is_not_understood_is_not_said_to_be_right() -> None:
    text = "Single-page requests work, but the client never gets past page 2:\ncurl https://ehr.example.org/fhir/r4/Patient"
    diagnosis = diagnose_text(text)[1]
    assert (diagnosis.verdict, diagnosis.causes) == (Verdict.UNKNOWN, ())
    assert "nothing wrong" not in diagnosis.help


def test_an_incomplete_result_is_a_problem() -> None:
    text = "This query retruns 501 resources. I would expect 2001 resources.\nhttps://ehr.example.org/r4/Patient?_id=1"
    assert diagnose_text(text)[1].verdict == Verdict.UNKNOWN


def test_a_client_that_is_not_known_may_send_fields_as_a_form() -> None:
    code = "{}.post('https://as.example.org/token', {{grant_type: 'authorization_code', code: 'x1y2', client_id: 'a'}})"
    assert "token-wrong-content-type" not in claims(code.format("this.fetcher"))
    assert "token-wrong-content-type" in claims(code.format("axios"))
