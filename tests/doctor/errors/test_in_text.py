"""Statuses and codes are found in free text where they are an answer, and not where they are words of a sentence."""

from __future__ import annotations

from tests.laws import for_each

from sickbay.doctor.errors.find import find_in_paste
from sickbay.doctor.reading import read_text


@for_each(
    "words", ["Invalid or expired token", "the expired token", "please slow down", "server error", "Invalid resource format"]
)
def test_words_of_a_sentence_are_no_code_of_oauth(words: str) -> None:
    assert {answer.code for answer in find_in_paste(f"HTTP 401 Unauthorized: {words}")} == {"401"}


@for_each(
    "phrase", ["413 Request Entity Too Large", "414 Request-URI Too Long", "422 Unprocessable Entity", "413 Content Too Large"]
)
def test_a_status_is_read_by_its_old_and_its_new_name(phrase: str) -> None:
    assert {answer.code for answer in find_in_paste(f"<center><h1>{phrase}</h1></center>")} == {phrase[:3]}


@for_each("said, codes", [("Still I get 401 for it.", {"401"}), ("We get 503", {"503"}), ("I fail to receive a 412.", set())])
def test_a_status_that_somebody_gets_is_an_answer_and_one_that_is_missed_is_none(said: str, codes: set[str]) -> None:
    assert {answer.code for answer in read_text(said).diagnosis.answers} == codes


@for_each("code", ["AADB2C99068", "AADSTS50011", "HAPI-0513"])
def test_the_error_code_of_a_vendor_is_an_error_response(code: str) -> None:
    assert ("vendor", code) in {(answer.kind, answer.code) for answer in find_in_paste(f"it says {code}: something is wrong")}


@for_each(
    "text", ["see (https://app.example.org/cb?error=access_denied).", "[page](https://app.example.org/cb?error=access_denied)"]
)
def test_punctuation_behind_an_address_is_no_part_of_the_code(text: str) -> None:
    assert [answer.code for answer in find_in_paste(text)] == ["access_denied"]
