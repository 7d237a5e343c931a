"""The page for an unknown address says why something may be gone, and offers to search for its words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.laws import for_each

from sickbay.web.pages.notice import GONE, SEARCH_CHARACTERS, make_not_found


@for_each("path", GONE)
def test_only_the_address_of_something_that_can_be_deleted_says_so(path: str) -> None:
    assert make_not_found(f"{path}x").text.endswith(GONE[path])
    assert (
        make_not_found(f"{path}x", near=("/a",)).text
        == make_not_found("/nowhere").text
        == "Sickbay has no page at this address."
    )


def test_the_words_of_the_address_are_searched_for() -> None:
    assert make_not_found("/develper/apps/my-app%20one").search == "develper apps my app one"
    assert make_not_found("/").search == ""


@given(st.text())
def test_any_address_gives_few_words(path: str) -> None:
    words = make_not_found(path).search
    assert words is not None
    assert len(words) <= SEARCH_CHARACTERS
