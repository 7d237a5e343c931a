"""What kind of text was pasted decides which of its errors count."""

from __future__ import annotations

from tests.laws import for_each

from sickbay.doctor.errors.find import find_in_paste
from sickbay.doctor.pieces.find import find_pieces
from sickbay.doctor.text_form import TextForm, determine_form, has_words

REFUSED = '{"error": "invalid_grant", "error_description": "The code has expired"}'
GUIDE = "If the access token has expired, the server returns 401 with invalid_token."
REPORT = "Since yesterday my app can't sign in any more, and I don't know why. The token endpoint returns:\n\n{}"
CODE = 'if (response.status === 400) {\n  return { error: "invalid_grant" };\n}\nreturn response.json();'


def form_of(text: str) -> TextForm:
    return determine_form(text, text, find_pieces(text), find_in_paste(text))


@for_each("text, codes", [(REFUSED, ["invalid_grant"]), (REPORT.format(REFUSED), ["invalid_grant"]), (CODE, [])])
def test_a_message_and_a_report_have_errors_and_code_that_handles_one_has_none(text: str, codes: list[str]) -> None:
    assert [answer.code for answer in form_of(text).answers if answer.code] == codes


@for_each("text, is_general", [(GUIDE, True), (REPORT.format(REFUSED), False)])
def test_a_text_about_what_can_happen_reports_no_error(text: str, is_general: bool) -> None:
    form = form_of(text)
    assert (form.is_general, bool(form.answers)) == (is_general, not is_general)


def test_an_error_response_with_a_description_is_reported_beside_general_sentences() -> None:
    assert form_of(f"{GUIDE}\n\n{REFUSED}").answers


def test_the_text_around_is_what_stands_between_the_pieces() -> None:
    assert form_of(REPORT.format(REFUSED)).around == REPORT.format("")


@for_each("prose, enough", [("It fails with this", False), ("It fails with this since last week", True)])
def test_a_few_words_describe_no_problem(prose: str, enough: bool) -> None:
    assert has_words(prose) is enough
