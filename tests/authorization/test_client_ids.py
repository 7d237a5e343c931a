"""A client_id has visible ASCII characters, and only the URL of a metadata document may be longer than 200."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sickbay.authorization.client_ids import MAXIMUM_CHARACTERS, find_problem

VISIBLE = st.characters(min_codepoint=0x20, max_codepoint=0x7E)


@given(st.text(VISIBLE, min_size=1, max_size=MAXIMUM_CHARACTERS))
def test_visible_ascii_is_a_client_id(client_id: str) -> None:
    assert find_problem(client_id) == ""


@given(st.text(VISIBLE, max_size=20), st.characters(exclude_categories=["Cs"]).filter(lambda it: not " " <= it <= "~"))
def test_any_other_character_is_refused(client_id: str, other: str) -> None:
    assert "ASCII" in find_problem(client_id + other)


def test_the_length_is_limited_and_named() -> None:
    assert "has 0" in find_problem("")
    assert "`app_id` must have 1 to 200 characters, and this one has 201" in find_problem("a" * 201, "app_id")


def test_the_url_of_a_metadata_document_may_be_longer() -> None:
    url = "https://app.example.org/"
    assert find_problem(url + "a" * 1000) == ""
    assert "1 to 2,000 characters" in find_problem(url + "a" * 2000)
