"""The search of the documentation without a browser."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.web.docs import library, search_index


def addresses(query: str) -> list[str]:
    return [result.passage.address for result in search_index.find(query)]


def test_invalid_grant_leads_to_rules_of_the_token_endpoint() -> None:
    assert any(address.startswith("rules/token.html#") for address in addresses("invalid_grant"))


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("redirect-uri-trailing-slash", "rules/authorize.html#redirect-uri-trailing-slash"),
        ("POST /admin/launches", "reference/admin.html#post-adminlaunches"),
        ("behind a proxy", "how-to/behind-a-proxy.html"),
    ],
)
def test_a_heading_with_the_words_comes_first(query: str, first: str) -> None:
    assert addresses(query)[0] == first


@pytest.mark.parametrize("query", ["", "  ", "no-such-word-anywhere"])
def test_nothing_is_found_for_nothing(query: str) -> None:
    assert addresses(query) == []


def test_every_result_leads_to_a_page() -> None:
    assert all(library.by_address(passage.address.partition("#")[0]) for passage in search_index.passages())


@given(st.lists(st.sampled_from(["token", "aud", "launch", "scope", "a", "é"]), min_size=1))
def test_every_word_of_the_query_is_in_every_result(words: list[str]) -> None:
    for result in search_index.find(" ".join(words)):
        assert all(word in " ".join(result.passage).lower() for word in words)
        assert result.before.removeprefix("…") + result.match + result.after in result.passage.text


def test_the_script_has_all_passages() -> None:
    start, _, data = search_index.script().rstrip(";\n").partition(" = ")
    assert start == "globalThis.sickbayDocs"
    assert json.loads(data) == [list(passage) for passage in search_index.passages()]
