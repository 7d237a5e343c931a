"""A cause that belongs to a product is shown only for a text that shows the product."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import pytest
from msgspec import structs
from tests.doctor.texts import KNOWLEDGE, SeenText, recognise, seen_texts
from tests.laws import cases, for_each

from sickbay.doctor import answer, phrases
from sickbay.doctor.match import find_shown
from sickbay.doctor.model import Cause, Message

SHARED = (
    "https://sso.example.org/realms/clinic/protocol/x",
    "GET https://id.example.org/oauth2/authorize returned invalid_client",
    'POST https://id.example.org/oauth2/token\n\n400 Bad Request\n{"error": "invalid_grant"}',
    "https://ehr.example.org/fhir/r4/Patient/1 403 Forbidden",
    "https://login.example.org/connect/token invalid_scope",
    "https://login.example.org/v1/authorize access_denied",
)
"""Addresses of forms that several products have."""


MARKS = tuple(mark for product in KNOWLEDGE.products.values() for mark in product.marks)


def without_marks(words: list[str]) -> str:
    """The text without the words that show a product."""
    parts = phrases.find_parts(KNOWLEDGE.phrases, words)
    found = (parts.get(mark[0], ()) if len(mark) == 1 else phrases.find_phrase(mark, parts) for mark in MARKS)
    left_out = {index for places in found for place in places for index in range(place.start, place.end)}
    return " ".join(word for index, word in enumerate(words) if index not in left_out)


def find_foreign_causes(texts: Sequence[SeenText]) -> list[tuple[str, str]]:
    """The causes of products that texts show without marks and without a message that only the product writes."""
    wrong = []
    for seen in texts:
        evidence = recognise(seen.text).evidence
        bare = answer.recognise_causes(structs.replace(evidence, text=without_marks(evidence.words)), KNOWLEDGE)
        shown = {found.message.product for found in bare.shown.messages if found.message.unmistakable}
        shown |= {"", *imply(shown)}
        wrong += [(seen.cause, each.cause.id) for each in bare.ranked if each.cause.product not in shown]
    return wrong


def test_no_text_without_marks_shows_a_cause_of_a_product() -> None:
    assert find_foreign_causes(cases(seen_texts()[::2])) == []


@pytest.mark.prove
def test_none_of_all_texts_without_marks_does() -> None:
    assert find_foreign_causes(seen_texts()) == []


def imply(products: set[str]) -> set[str]:
    return {other for id in products if id for other in KNOWLEDGE.products[id].implies}


def test_each_cause_shown_belongs_to_a_product_that_the_text_shows() -> None:
    found = [(each.cause, recognise(seen.text).shown.products) for seen in seen_texts() for each in recognise(seen.text).ranked]
    assert [cause.id for cause, products in found if cause.product and cause.product not in products] == []


@for_each("text", SHARED)
def test_an_address_that_products_share_shows_none(text: str) -> None:
    assert recognise(text).shown.products == frozenset()


def test_an_unmistakable_message_is_not_one_that_two_products_have() -> None:
    """Its words aren't those of another product's message too."""
    unmistakable = [message for message in KNOWLEDGE.messages.values() if message.unmistakable]
    wrong = [
        (message.id, other.id)
        for message in unmistakable
        for other in KNOWLEDGE.messages.values()
        if other.product != message.product and message.wordings and other.wordings == message.wordings
    ]
    assert wrong == []


def test_a_mark_within_words_that_are_not_meant_does_not_count() -> None:
    for text, products in (
        ("I searched google.com/search for it", frozenset()),
        ("at com.google.android.fhir.index.ResourceIndexer.tokenIndex(ResourceIndexer.kt:319)", frozenset({"android-fhir"})),
        ("CONNECT google.de:443 HTTP/1.1. curl https://google.com works", frozenset()),
        ("Google refuses it", frozenset({"google"})),
    ):
        assert find_shown(KNOWLEDGE, phrases.split_words(text), (), ()).products == products


def names_in(text: str, among: Collection[str]) -> set[str]:
    """The ids of the products whose names the text has."""
    products = ((id, KNOWLEDGE.products[id].name) for id in among)
    return {id for id, name in products if name in text and re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)}


def named_elsewhere(text: Cause | Message) -> set[str]:
    """The other products that a cause or the meaning of a message names."""
    said = text.means if isinstance(text, Message) else f"{text.title} {text.why} {text.check} {text.fix}"
    related = imply({text.product}) | {id for id, each in KNOWLEDGE.products.items() if text.product in each.implies}
    said = said.replace(KNOWLEDGE.products[text.product].name, "") if text.product else said
    return names_in(said, KNOWLEDGE.products.keys() - {text.product, "x"} - related)


def test_no_text_names_a_product_but_its_own() -> None:
    """The place in another product's console stands under `where`, and is said only if the text shows that product."""
    texts: tuple[Cause | Message, ...] = (*KNOWLEDGE.causes.values(), *KNOWLEDGE.messages.values())
    assert {text.id: others for text in texts if (others := named_elsewhere(text))} == {}
