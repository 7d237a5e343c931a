"""What is masked is filled in, or has to be typed by a person."""

from __future__ import annotations

import pytest

from sickbay.diagnosis import placeholders
from sickbay.services.resend.edited import EditedRequest
from sickbay.services.resend.placeholders import KINDS, WORDS, explain_value, kinds_in, replace_placeholders, values_to_type

FORM = {"content-type": "application/x-www-form-urlencoded"}


def test_every_placeholder_of_the_rules_is_filled_in() -> None:
    assert {*KINDS} >= placeholders.PLACES
    assert {*KINDS.values()} == {*WORDS}


def test_placeholders_are_found_and_replaced_in_the_query_the_headers_and_the_form() -> None:
    headers = FORM | {"authorization": "Bearer ACCESS-TOKEN-OF-YOUR-APP"}
    edited = EditedRequest("POST", "/general/oauth/token", "a=1", headers, "code=CODE-FROM-YOUR-REDIRECT&x=CODE_VERIFIER")
    assert kinds_in(edited) == ("token", "code", "verifier")
    filled = replace_placeholders(edited, lambda kind: f"{kind}/+ ")
    assert filled.headers["authorization"] == "Bearer token/+ "
    assert filled.body == "code=code%2F%2B%20&x=verifier%2F%2B%20"
    assert values_to_type(edited) == ()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("name=YOUR-NAME", ("name",)),
        ("YOUR-PARAMETER=YOUR-VALUE", ("YOUR-PARAMETER",)),
        ("birthdate=9999-99-99", ("birthdate",)),
        ("date=ge9999-99-99T99%3A99%3A99Z", ("date",)),
        ("patient=Patient/YOUR-PATIENT&_count=5", ("patient",)),
        ("state=YOUR-STATE", ()),
        ("date=2020-01-01&_count=99", ()),
        ("name=your-name&code=NOT-YOUR-NAMES-", ()),
    ],
)
def test_a_masked_value_of_a_search_has_to_be_typed(query: str, names: tuple[str, ...]) -> None:
    assert values_to_type(EditedRequest("GET", "/general/r4/Patient", query)) == names


def test_a_body_and_a_path_that_were_not_kept_have_to_be_typed() -> None:
    edited = EditedRequest("PUT", "/general/r4/Patient/YOUR-ID", "", {"content-type": "application/fhir+json"}, "YOUR-BODY")
    assert values_to_type(edited) == ("the path", "the body")


def test_a_write_whose_body_was_not_recorded_needs_it() -> None:
    headers = {"content-type": "application/fhir+json"}
    assert values_to_type(EditedRequest("POST", "/general/r4/Patient", "", headers)) == ("the body",)
    assert values_to_type(EditedRequest("POST", "/general/r4/Patient", "", headers, "{}")) == ()
    assert values_to_type(EditedRequest("DELETE", "/general/r4/Patient/1")) == ()


def test_a_placeholder_inside_a_longer_word_is_not_replaced() -> None:
    edited = EditedRequest("GET", "/general/r4", "a=xCODE_VERIFIER&b=CODE_VERIFIERx&c=CODE_VERIFIER")
    assert replace_placeholders(edited, lambda kind: "new").query == "a=xCODE_VERIFIER&b=CODE_VERIFIERx&c=new"


def test_the_form_says_what_is_filled_in_and_what_is_missing() -> None:
    assert explain_value("authorization", "Basic BASE64-OF-YOUR-ID-AND-SECRET") == ("a stand-in for the client secret", False)
    assert explain_value("name", "YOUR-NAME") == ("", True)
    assert explain_value("_count", "5") == ("", False)
