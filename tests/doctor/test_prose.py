"""The text around what was recognised may describe a problem."""

from __future__ import annotations

import re
from collections.abc import Iterable
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.laws import for_each

from sickbay.diagnosis.lists import LISTS
from sickbay.doctor.prose import (
    WORDS,
    is_code,
    is_general,
    is_report,
    is_success,
    leave_out_what_may_happen,
    tells_of_a_problem,
)
from sickbay.doctor.text import diagnose_text


@for_each(
    "prose, tells",
    [
        ("", False),
        ("Request:", False),
        ("Here is the answer that we get:", False),
        ("This is what my app opens.", False),
        ("This is what my app opens, but it never returns", True),
        ("fails, returns []", True),
        ("returns nothing", True),
        ("// this fails", False),
        ("curl --fails-early", False),
        ("Why is there no answer to this?", True),
        ("I get `401 authorized` error", True),
        ("I get **401 Unauthorized** error", True),
        ("We don't get the answer that follows:", True),
        ("ele-1: All FHIR elements must have a @value or children", True),
        ("\u8bf7\u6c42\u6388\u6743\u670d\u52a1\u5668\u65f6\u62a5\u9519", True),
        ("Die Anmeldung ist leider fehlgeschlagen.", True),
        ("Quell\u00fcbergreifende Anfrage blockiert durch den Browser", True),
        ("Nous n'arrivons pas, un message d'erreur appara\u00eet", True),
        ("Richiesta multiorigine bloccata: il criterio non consente la lettura", True),
        ("Solicitud desde otro origen bloqueada: la pol\u00edtica de mismo origen", True),
        ("Het inloggen is mislukt met een melding", True),
        (
            "\u0420\u0430\u043d\u0435\u0435 \u0440\u0430\u0431\u043e\u0442\u0430\u043b \u0438 "
            "\u043d\u0435 \u0431\u044b\u043b\u043e \u043f\u0440\u043e\u0431\u043b\u0435\u043c",
            True,
        ),
        ("It logs in successfully, but when it comes back to the app it gives me a 401.", True),
        ("The server gives me a 200 and the patient.", False),
        ("Das ist die Antwort vom Server", False),
        ("// authorization failed, check it for more details", False),
        ("import * as WebBrowser from 'expo-web-browser';", False),
        ("export default function App() {", False),
        ('fmt.Printf("Visit the URL that failed: %v", url)', False),
        ("client.OnBeforeRequest += (object sender, BeforeRequestEventArgs e) =>", False),
    ],
)
def test_a_problem_is_told_from_an_introduction_and_from_code(prose: str, tells: bool) -> None:
    assert tells_of_a_problem(prose) is tells


def test_a_text_of_code_is_only_code() -> None:
    code = "let x = read({\n  code: '1',\n});"
    assert is_code(code)
    assert not is_code(f"This is my code, and it returns nothing.\n{code}")
    assert not is_code("hello there")


@given(st.text(alphabet="a' .(-\u2019\n", max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    assert tells_of_a_problem(f"{text}\nIt never works for me.")


GUIDE = "".join(f"The server sends the {name} of this app to the client.\n" for name in map("item{}".format, range(WORDS)))


@for_each(
    "text, is_told",
    [
        ("The issuer is wrong.", True),
        (GUIDE, False),
        (f"{GUIDE}The server must not send the token if the issuer is wrong.", False),
        (f"{GUIDE}We recommend the value that the table names.", False),
        (f"{GUIDE}My app gets the token of another issuer.", True),
        (f"{GUIDE}Which of them does the server check?", True),
        (f"We deployed it today.\n{GUIDE.replace('sends', 'cannot send')}", True),
        (f"### Steps to reproduce\n{GUIDE}", True),
        ("10:00:01 INFO the server has sent it\n" * WORDS, True),
        ("I0816 10:00:01.112 the server has sent it\n" * WORDS, True),
        ("\n".join(f"let value{number} = read();" for number in range(WORDS)), False),
    ],
)
def test_a_long_text_is_a_report_only_if_somebody_tells_of_a_problem(text: str, is_told: bool) -> None:
    assert is_report(text, text) is is_told


def test_a_text_with_an_error_is_a_report_if_most_of_its_sentences_are_about_a_problem() -> None:
    text = GUIDE.replace("sends", "can't send")
    assert is_report(text, text, has_error=True)
    assert not is_report(text, text)
    assert not is_report(GUIDE, GUIDE, has_error=True)


@for_each(
    "line, is_left_out",
    [
        ("The endpoint returns the status 401 if the token has expired.", True),
        ("    raise errors.UnsupportedGrantTypeError(request=request)", True),
        ("throw new Error('invalid_grant: it has expired')", True),
        (":raises PyJWKClientError: If no matching key is found.", True),
        ("2026-12-01 10:00:01 the endpoint has answered with the status 401", False),
        ("ERROR the endpoint has answered with the status 401", False),
        ("java.lang.IllegalStateException: No thread-bound request was found", False),
        ('"error": "invalid_grant",', False),
        ("HTTP/1.1 401 Unauthorized", False),
        ('<severity value="error"/>', False),
    ],
)
def test_what_a_log_or_a_response_says_has_happened_and_what_documentation_and_programs_say_may_happen(
    line: str, is_left_out: bool
) -> None:
    assert (line not in leave_out_what_may_happen(f"{GUIDE}\n{line}\n")) is is_left_out


@for_each(
    "text",
    [
        "I can log in successfully, but then the app redirects and causes a loop.",
        "It returns dismiss even when the user successfully logged in.",
        "The login is successful. However, the page stays blank.",
    ],
)
def test_a_success_that_is_contradicted_is_none(text: str) -> None:
    assert not is_success(text)
    assert is_success("The login is successful.")


def test_a_message_of_cors_without_its_beginning_is_no_import_of_a_program() -> None:
    line = "from origin 'http://localhost:3000' has been blocked by CORS policy."
    assert not is_code(line)
    assert is_code("from fhirclient import client")


DOCUMENTS = (
    "v1.3.1 (2020-05-18)\nFixed bugs:\n- invalid refresh token should return 400 #235",
    "Release notes\n- The error invalid_grant is logged.",
    "The invalid_grant error means the provider rejected the refresh token.",
    "The token refresh no longer fails after an hour, which the server had rejected as invalid_request.",
    "- `invalid_request`: A parameter is missing.\n- `invalid_grant`: It expired.\n- `invalid_scope`: It is unknown.\n",
    "200 OK | The resource.\n400 Bad Request | Invalid syntax.\n404 Not Found | It does not exist.\n",
    "Possible errors:\n| invalid_client | wrong ID |\n| invalid_grant | wrong grant |\n| invalid_request | not well formed |\n",
    "feat: rotate refresh tokens (#412)\nfix: handle invalid_grant when the refresh token is reused (#418)",
    "If the access token has expired, the server returns 401 with invalid_token.",
    "If you see `AADSTS50011`, add the redirect URI to the app registration.",
    "The server MUST respond with 400 if the redirect_uri is missing, invalid, or mismatching.",
    "responses:\n  '401':\n    description: Unauthorized, the access token is missing or invalid",
    "expect(body).toEqual({\n  error: 'unsupported_grant_type',\n});\nexpect(response.status).toEqual(400);",
    "  it('refuses a wrong secret', async () => {\n    expect(response.status).toBe(401)\n  })",
    "session_expired | 401 | The refresh failed\ninsufficient_scope | 403 | Not granted\npatient_not_found | 404 | None\n",
    '## Example\n\n```http\nHTTP/1.1 401 Unauthorized\nWWW-Authenticate: Bearer error="invalid_token"\n```',
    'Example of an error response:\n\n```json\n{"error": "invalid_scope"}\n```\n',
    "### 400 at the token endpoint\nMake sure that the redirect_uri is that of the authorization request.",
    "fix(auth): return invalid_token when the session has expired\n\nThe handler answered 500 so far.",
    "Clients **MUST** discard the token when the server answers 401.",
    "Das Token DARF NICHT abgelaufen sein, sonst antwortet der Server mit 401.",
    "Developers often encounter a 403 Forbidden error while they set up the scopes of an app.",
    '  Entry("with an unknown client", tableInput{\n    clientID: "nobody",\n    expectedStatus: 401,\n  }),',
    "[Fact]\npublic async Task AnExpiredTokenIsRefused()\n{\n  Assert.Equal(401, (int)response.StatusCode);\n}",
    "* Refuse tokens without an audience with 401 by @octocat in\n  https://github.com/octocat/server/pull/7",
    "agent.get('/token').reply(400, {\n  error: 'authorization_pending',\n})\nconst config = createConfig(agent)",
)


@for_each("text", DOCUMENTS)
def test_a_changelog_a_definition_and_a_table_of_errors_are_no_reports(text: str) -> None:
    told = f"I get this and don't know why:\n{text}"
    assert is_general(text, text)
    assert not is_general(told, told)
    assert diagnose_text(text)[1].verdict.exit_code == 2
    assert diagnose_text(told)[1].verdict.exit_code != 0


@for_each(
    "text",
    [
        "If it can't search, it MAY return an error. A status of 403 signifies that it refused to.\n\nIt returns 400.",
        "`PUT /{type}/{id}` now creates the resource: **201 Created**. Previously such a PUT returned 404, and failed.",
        "  title: Code is invalid\n  content: The `code` doesn't match. This typically happens when it is reused.",
        "| Error | When |\n|---|---|\ninvalid_state | State mismatch on callback |\nexpired | Refresh token expired |",
        "Submitting a transaction while that maximum is reached will return a 503 Service Unavailable response.",
        "  # Raised when the `scope` isn't a string, so the request must\n  # be answered with `invalid_request`, not a 500.",
        "Versions that were deleted will result in a `404 Not Found`. Others are returned.",
        "## Properties of the error\n\nAn `invalid_scope` has the following members.",
        '{% tab title="Response" %}\nIts response has an outcome:\nStatus: 422\n{% endtab %}',
        "Return `true` to accept it, or `false` to reject with `invalid_target`.",
        "What should the server answer if a client isn't known: invalid_client or invalid_grant.",
        "PatientTests\n  \u2713 returns 404 for an unknown id\n  \u2713 returns 401 invalid_token for an expired token",
        "* Don't send the token.\n* Try to ask for an invalid scope.",
    ],
)
def test_a_modal_verb_a_condition_or_a_change_is_general_unless_somebody_tells_what_happened(text: str) -> None:
    assert is_general(text, text)
    assert diagnose_text(text)[1].verdict.exit_code == 2
    for told in ("We are getting this error.", "Why do I see this?", "## Steps to reproduce", "2026-12-01 10:00:01 failed"):
        assert not is_general(f"{told}\n{text}", f"{told}\n{text}")


@for_each(
    "message",
    [
        "The redirect_uri MUST match the registered callback URL for this application.",
        "The user account does not exist. To sign in, the account must be added to the directory.",
        "The definition of the code system could not be found, so the code cannot be validated.",
        "AADSTS700016: Application was not found. This can happen if the application has not been installed.",
        "ref-1: SHALL have a contained resource if a local reference is provided",
    ],
)
def test_a_message_with_a_modal_verb_is_no_general_statement(message: str) -> None:
    assert not is_general(message, message)


@for_each(
    "statement",
    [
        "/**\n * Exchanges the code.\n */\nconst token = await exchange(code);",
        "    def test_login(client):\n>       token = client.fetch_token(URL, code='abc')",
        "fix(auth): the token request is refused",
        "- Required a new code",
        "If omitted, the scope is openid.",
        "If the server refuses the code, the client should start again.",
        "A restart fixes it. This fixes that for an hour.",
        "error.invalid-grant=The code is wrong\nerror.no-user=The user is unknown\nerror.no-app=The app is unknown",
        "See :rfc:`6749`.",
        "The server may reject the code if it is old.",
        "Codes are rejected after a minute.",
        "If the code is used twice, the server returns an error.",
        "The server rejects a code if it was used before.",
        "This happens when an app sends the code twice.",
        "This error usually means that the code is old.",
        "The server MUST reject codes that were used.",
        "- [x] The code is new",
        "If you see `invalid_grant`, start again.",
        "- Fix the redirect URI",
        "Removes the old code.",
        "The server formerly returned a token. We now start again.",
        "- Try to start again",
        "A code may expire, for example, if the app is slow.",
    ],
)
@for_each(
    "error",
    [
        '{"error": "invalid_grant", "error_description": "The code has expired"}',
        '{"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "expired"}]}',
        "https://app.example/cb?error=invalid_grant&error_description=The+code+has+expired&state=1",
        "HTTP/1.1 400 Bad Request\nContent-Type: text/plain\n\nThe code has expired",
        '<OperationOutcome xmlns="http://hl7.org/fhir"><issue><severity value="error"/></issue></OperationOutcome>',
        "GET https://fhir.example/Patient/1 401 (Unauthorized)",
        "Access to fetch at 'https://ehr.example/token' from origin 'https://app.example' has been blocked by CORS policy",
        '400 Bad Request: "{"error":"invalid_grant"}"',
        "IdentityProvider\\\\IdentityProviderException: invalid_grant",
        "E   oauthlib.oauth2.rfc6749.errors.InvalidGrantError: (invalid_grant) The code has expired",
    ],
)
def test_a_statement_beside_an_error_does_not_clear_it(statement: str, error: str) -> None:
    assert diagnose_text(f"{statement}\n\n{error}")[1].verdict.exit_code == 1


@for_each(
    "text",
    [
        "The scope parameter is optional.\nIf omitted, all scopes are refused as an invalid_scope.",
        "fix(oauth2): respond with invalid_grant when the refresh token is invalid\n\nfixes AM-473",
        "error.invalid-grant=The code is wrong\nerror.no-user=The user is unknown\nerror.no-app=The app is unknown",
        "- Required a `Prefer: respond-async` header\n- Returned an `OperationOutcome` for a bad request",
    ],
)
def test_a_pull_request_and_texts_for_users_are_no_reports(text: str) -> None:
    assert diagnose_text(text)[1].verdict.exit_code == 2


@for_each("beginning", ["HTTP 400 invalid_client:", "HTTP/1.1 401", "Error:", "com.example.TokenException:"])
def test_a_line_that_begins_with_an_error_is_the_record_of_an_event(beginning: str) -> None:
    text = f"From the token endpoint\n{beginning} the assertion may be rejected when the aud is wrong"
    assert not is_general(text, text)
    assert diagnose_text(text)[1].verdict.exit_code == 1


@for_each(
    "text, code",
    [
        ("As a user, I want to see my results, so that I can plan.\n\nAcceptance criteria\n1. 400 if Prefer is missing.", 2),
        ("As a user, I want to see my results.\n\nIt returns 400: Prefer is missing.", 1),
        ("Design question: do we answer invalid_client (401), or invalid_grant for one that isn't known? It seems so.", 2),
        ("With the verifier it would pass, please answer invalid_request for that. Otherwise LGTM.", 2),
        ("- Lines of a README: refresh tokens may stop working, because they expired.\n\nAs a developer, you handle it.", 2),
        ("The page has no section about errors.\n\nPlease add one: how to set Prefer on unknown search parameters.", 2),
        (
            '+    LOGGER.error("Invalid client: {}", id);\n+    return error(\n\n**ward**: I don\'t think users need it',
            2,
        ),
        ("A 403 MAY be returned. We return 400 for an unknown search parameter. Should we change that?", 2),
        ("## Expected behavior\n\n- A stale version returns `412`, a malformed one `400`.\n\nErrors are returned as JSON.", 2),
        ("TokenTests\n  \u2713 returns a token\n  \u2717 returns 401 invalid_token for an expired token", 1),
    ],
)
def test_a_wish_a_review_and_a_passed_test_are_no_reports(text: str, code: int) -> None:
    assert diagnose_text(text)[1].verdict.exit_code == code


@for_each(
    "heading", ["Environment", "Actual response", "Login fails with invalid_grant", "The server returns 400", "Error log"]
)
def test_a_heading_of_an_issue_is_no_heading_of_documentation(heading: str) -> None:
    text = f'## {heading}\nKeycloak 26\n{{"error": "invalid_grant"}}'
    assert not is_general(text, text)
    assert diagnose_text(text)[1].verdict.exit_code == 1


HANDLER = """
rescue TokenError => e
  # The client must not see why
  logger.error("Token request failed: #{e.message}")
end
"""


def test_a_program_that_handles_errors_is_a_report_only_if_a_message_follows_it() -> None:
    for program in (HANDLER, 'class InvalidScopeError(Error):\n    """An invalid scope."""\n\n    error = "invalid_scope"'):
        assert not is_report(program, "")
        assert diagnose_text(program)[1].verdict.exit_code == 2
        for message in ("invalid_grant: Code not valid", "It always ends with Authorization failed"):
            assert is_report(f"{program}\n{message}", "")


@given(st.text(alphabet="if a returns 4,.\n`#|-", max_size=300))
def test_a_general_text_is_no_longer_one_when_a_person_says_that_it_happened(text: str) -> None:
    told = f"This is what I get today:\n{text}"
    assert not is_general(told, told)


@for_each("pattern", [each for name in LISTS["of_reports"][-4:] for each in LISTS[name]])
def test_general_sentences_and_proposals_begin_with_a_line_or_a_word(pattern: str) -> None:
    """So these patterns are only tried there."""
    assert begins_with_a_line_or_a_word(_parser.parse(pattern, re.M))


def begins_with_a_line_or_a_word(items: Iterable[Any], *, is_word: bool = False) -> bool:
    """items: of a parsed pattern. is_word: they follow a word boundary."""
    (code, argument), *following = items
    match str(code):
        case "AT" if argument is codes.AT_BOUNDARY:
            return begins_with_a_line_or_a_word(following, is_word=True)
        case "AT":
            return argument in (codes.AT_BEGINNING, codes.AT_BEGINNING_STRING)
        case "BRANCH":
            return all(begins_with_a_line_or_a_word([*branch, *following], is_word=is_word) for branch in argument[1])
        case "SUBPATTERN" | "MAX_REPEAT" if argument[0] != 0:  # a group, or what occurs at least once
            return begins_with_a_line_or_a_word([*argument[-1], *following], is_word=is_word)
        case "IN":
            return is_word and all(begins_with_a_line_or_a_word([item], is_word=True) for item in argument)
    return is_word and str(code) == "LITERAL" and chr(argument).isalpha()
