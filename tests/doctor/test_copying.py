"""Copying is undone, and what a request or a text itself says stays."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from tests.doctor import copies
from tests.laws import for_each

from sickbay.doctor.copying import leave_out_working_requests, undo_copying

TEXT = """\
POST /token HTTP/1.1
Host: ehr.example.org

grant_type=authorization_code&code=it's_"1"

{
  "error": "invalid_grant",
  "error_description": "The code isn't valid, it has expired, or it was issued to another client than this one."
}"""
CHANGED_FOR_GOOD = (copies.with_tabs, copies.below_the_name_of_its_author)
"""The first leaves tabs, the second a greeting."""
LOGS = (
    copies.with_times,
    copies.from_spring,
    copies.from_syslog,
    copies.from_compose,
    copies.from_kubernetes,
    copies.from_android,
)


@for_each("copy", [copy for copy in copies.COPIES if copy not in (*CHANGED_FOR_GOOD, *LOGS)])
def test_a_text_is_the_same_after_it_was_copied(copy: copies.Copy) -> None:
    assert undo_copying(copy(TEXT)).strip() == TEXT


@for_each("copy", LOGS)
def test_the_prefix_of_a_log_stays_once_because_it_may_name_the_product(copy: copies.Copy) -> None:
    prefix, _, rest = undo_copying(copy(TEXT)).partition("\n")
    assert copy("x").startswith(prefix.rstrip())
    assert rest == TEXT


@for_each(
    "text",
    [
        "https://ehr.example.org/authorize?response_type=code&amp;client_id=a",
        "https://ehr.example.org/authorize?scope=openid%20launch%2Fpatient&aud=https%3A%2F%2Fehr.example.org",
        "grant_type=authorization_code&code=a%20b%22",
        '{"scope": "openid\u00a0launch"}',
        '{"message": "Unauthorized"}',
        '{"message": "Unauthorized", "time": 1764493921, "path": "/fhir"}',
        "client_id=ab\u200bcd",
        "> GET /fhir/Patient/1 HTTP/1.1\n> Host: ehr.example.org\n>\n< HTTP/1.1 401 Unauthorized",
        "400 Bad Request\n401 Unauthorized",
        "scopes:\n- openid\n- fhirUser",
        "const url =\n  `https://ehr.example.org/authorize?\n  client_id=a`",
        "Error: a\nError: b",
        "12:01:07 GET /a\nPOST /b",
        "I get this:\n\nwidth: [3m] and C:\\new\\table",
    ],
)
def test_what_a_text_says_itself_stays(text: str) -> None:
    assert undo_copying(text) == text


def test_an_answer_in_a_redirect_is_not_made_by_the_app_so_its_escapes_are_of_a_page() -> None:
    answer = "https://app.example.org/cb?error=access_denied&amp;state=1"
    assert undo_copying(answer) == answer.replace("&amp;", "&")


def test_two_prefixes_in_front_of_each_other_are_removed() -> None:
    assert undo_copying(copies.in_a_mail_of_a_mail(copies.with_line_numbers(TEXT))) == TEXT
    assert undo_copying(copies.with_line_numbers(copies.in_colours(TEXT))) == TEXT


def test_only_the_lines_that_have_a_prefix_lose_it() -> None:
    assert undo_copying("I get:\n> a\n> b\n\nwhy?") == "I get:\na\nb\n\nwhy?"
    assert undo_copying("see\n10: a\n11: b\n7: c") == "see\na\nb\n7: c"


@for_each("word", ["8080:", "plugin:", "grant:", "https://a"])
def test_a_word_that_a_terminal_broke_before_a_colon_is_whole_again(word: str) -> None:
    message = f"{'x' * 100} {'y' * (57 - len(word) // 2)} {word} connection refused"
    assert undo_copying(copies.in_a_narrow_terminal(message)) == message


def test_headers_that_are_as_wide_as_the_terminal_stay_apart() -> None:
    headers = "\n".join(f"X-Request-{number}: {'a' * 67}" for number in range(3))
    assert undo_copying(headers) == headers


def test_a_form_that_was_encoded_as_a_whole_is_decoded() -> None:
    assert undo_copying("error%3Dinvalid_scope%26error_description%3DInvalid%2Bscopes") == (
        "error=invalid_scope&error_description=Invalid+scopes"
    )


def test_a_very_long_text_is_read_as_it_is() -> None:
    text = "> a\n" * 60_000
    assert undo_copying(text) == text


@given(st.text(alphabet=st.sampled_from('ab1:>|[]\x1b\\"n{}&;%20+ \t\r\n'), max_size=60))
def test_no_text_makes_it_fail(text: str) -> None:
    undo_copying(text)
    undo_copying(f'"{text}"')
    undo_copying(json.dumps({"log": text, "time": text}))


@for_each(
    "said, left",
    [
        ("The API returns 201 (Created), it should return 422.", "The API returns 201 (Created), it should return    ."),
        ("**Expected behavior**\nThrow Error 409 Conflict", "**Expected behavior**\nThrow Error     Conflict"),
        (
            "il gateway dovrebbe ritornarci un errore 403, arriva 401",
            "il gateway dovrebbe ritornarci un errore    , arriva 401",
        ),
        ("Denial would typically be told with error=access_denied", "Denial would typically be told with                    "),
        ("expected 200 but got 403", "expected 200 but got 403"),
        ("It should work, and returns 401", "It should work, and returns 401"),
        ("It shouldn't return 401", "It shouldn't return 401"),
        ("You must be logged in: 401", "You must be logged in: 401"),
        ("It must be wrong. 401 is what I see.", "It must be wrong. 401 is what I see."),
    ],
)
def test_a_status_that_should_come_is_not_the_one_that_came(said: str, left: str) -> None:
    assert leave_out_working_requests(said) == left


@given(st.text(max_size=40), st.text(alphabet="-Hd 'a\"\\\n:{}", max_size=80))
def test_what_is_left_of_a_text_with_a_working_request_stays_in_its_place(before: str, options: str) -> None:
    text = f"{before}\nThis works: curl https://ehr.example.org/token {options}\nand this fails"
    left = leave_out_working_requests(text)
    assert len(left) == len(text)
    assert all(kept in (given, " ") for given, kept in zip(text, left, strict=True))
    assert left.count("\n") == text.count("\n")
    assert "curl" not in left.removeprefix(before)


def test_an_address_at_which_curl_found_no_server_before_the_next_one_is_no_error() -> None:
    refused = "* connect to ::1 port 80 from ::1 port 34626 failed: Connection refused"
    assert refused in leave_out_working_requests(f"*   Trying [::1]:80...\n{refused}\n* Failed to connect")
    assert refused not in leave_out_working_requests(f"*   Trying [::1]:80...\n{refused}\n*   Trying 127.0.0.1:80...")
