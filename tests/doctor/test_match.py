"""A message of a product counts only if the text shows the product."""

from __future__ import annotations

import pytest
from tests.doctor import small
from tests.doctor.texts import KNOWLEDGE

from sickbay.doctor import phrases
from sickbay.doctor.match import SPREAD_WORDS, Shown, find_shown
from sickbay.doctor.model import Knowledge


@pytest.fixture
def knowledge() -> Knowledge:
    return small.read()


def find(knowledge: Knowledge, text: str, *codes: str) -> Shown:
    return find_shown(knowledge, phrases.split_words(text), codes, ())


def messages(shown: Shown) -> list[str]:
    return [found.message.id for found in shown.messages]


def test_a_message_of_a_product_counts_if_the_text_shows_it(knowledge: Knowledge) -> None:
    assert messages(find(knowledge, "unknown redirect uri")) == ["oauth/redirect"]
    assert messages(find(knowledge, "unknown redirect uri at acme.com")) == ["acme/redirect", "oauth/redirect"]


def test_a_mark_does_not_count_within_other_words(knowledge: Knowledge) -> None:
    assert find(knowledge, "this is not acme.com").products == frozenset()
    assert find(knowledge, "this is not acme.com, but acme.com").products == {"acme", "cloud"}


def test_a_product_shows_those_that_it_implies(knowledge: Knowledge) -> None:
    assert find(knowledge, "the acme server").products == {"acme", "cloud"}
    assert find(knowledge, "cloud.example").products == {"cloud"}


def test_an_unmistakable_message_shows_its_product(knowledge: Knowledge) -> None:
    assert find(knowledge, "ACM17").products == {"acme", "cloud"}


def test_every_group_and_a_code_have_to_be_there(knowledge: Knowledge) -> None:
    assert messages(find(knowledge, "acme.com: unknown redirect")) == ["oauth/redirect"]
    assert messages(find(knowledge, "", "invalid_grant")) == ["oauth/invalid-grant"]
    assert messages(find(knowledge, "invalid_grant")) == []


def test_a_phrase_that_must_not_be_there_excludes_a_message(knowledge: Knowledge) -> None:
    assert messages(find(knowledge, "the unknown redirect page")) == []


def test_short_phrases_far_apart_are_not_a_message() -> None:
    said = "docker {} iss {} localhost"
    near, far = (said.format("and " * words, "and " * words) for words in (1, SPREAD_WORDS // 2))
    assert "oauth/container-issuer" in messages(find(KNOWLEDGE, near))
    assert "oauth/container-issuer" not in messages(find(KNOWLEDGE, far))


def test_longer_phrases_count_more(knowledge: Knowledge) -> None:
    found = find(knowledge, "unknown redirect at acme.com ACM1 uri", "invalid_grant").messages
    assert [each.points for each in found] == sorted((each.points for each in found), reverse=True)
    assert found[0].message.id == "acme/redirect"
    assert found[-1].message.id == "oauth/invalid-grant"
