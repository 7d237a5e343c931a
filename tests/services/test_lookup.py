"""What a search may mean is read in bounded steps, and what may be secret never gets into an address."""

from __future__ import annotations

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.services.lookup import CANDIDATE_IDS, SEARCH_CHARACTERS, may_stand_in_an_address, read_search

OWN_ORIGINS = frozenset(("http://localhost:7425", "http://127.0.0.1:7425"))
ID = "x3Kd9_aPq-7LmZ20"


@pytest.mark.parametrize(
    "text",
    [
        ID,
        f"  {ID}\n",
        f"correlation id: {ID}",
        f"http://localhost:7425/exchanges/{ID}",
        f"https://ehr.example.org/exchanges/{ID}?as=json",
        f"http://localhost:8100/callback?error=invalid_scope&error_uri=http%3A%2F%2Flocalhost%3A7425%2Fexchanges%2F{ID}",
        f"http://localhost:7425/epic/errors/urn:sickbay:aud-missing/instances/{ID}?client=x",
        f'{{"error_uri": "http://localhost:7425/exchanges/{ID}"}}',
    ],
)
def test_an_id_is_found_in_what_people_copy(text: str) -> None:
    assert ID in read_search(text, OWN_ORIGINS).ids


def test_ordinary_words_are_no_ids() -> None:
    assert read_search("the redirect_uri doesn't match any registered authorization-endpoint", OWN_ORIGINS).ids == ()


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("http://127.0.0.1:7425/developer/apps/a?x=1", "/developer/apps/a"),
        ("http://localhost:7425", "/"),
        ("/rules/aud-missing", "/rules/aud-missing"),
        ("https://localhost:7425/rules", ""),
        ("http://localhost:7425.evil.example/rules", ""),
        ("rules", ""),
    ],
)
def test_only_an_address_of_this_sickbay_is_a_page(text: str, path: str) -> None:
    assert read_search(text, OWN_ORIGINS).path == path


@given(st.text(max_size=5_000))
def test_any_text_has_few_ids_and_a_bounded_length(text: str) -> None:
    search = read_search(text, OWN_ORIGINS)
    assert len(search.text) <= SEARCH_CHARACTERS
    assert len(search.ids) <= CANDIDATE_IDS


@given(st.text(st.sampled_from("ab /:.?=&-"), max_size=60), st.integers(32, 64))
def test_a_text_with_a_secret_is_kept_out_of_addresses(text: str, size: int) -> None:
    assert not may_stand_in_an_address(f"{text} {secrets.token_urlsafe(size)}")
    assert not may_stand_in_an_address(f"http://localhost:8100/callback?code={text}")


@pytest.mark.parametrize("text", ["invalid_grant", "Pressure Notes", ID, "aud-missing", "`aud` is missing", "/Observation"])
def test_plain_words_can_be_repeated_with_get(text: str) -> None:
    assert may_stand_in_an_address(text)
