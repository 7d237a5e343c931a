"""Cards of an app: what CDS Hooks requires, the replaced placeholders, and the ids of links."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.authorization.launch.card import (
    MAXIMUM_CARDS,
    TOKENS,
    fill_placeholders,
    find_by_key,
    find_problems,
    list_links,
    make_key,
)
from sickbay.authorization.models import Client

LINK = {"label": "Open", "type": "smart", "url": "https://app.example.org/launch", "appContext": "x"}
TEXT = st.text(st.characters(exclude_characters="{}"), max_size=20)


def card(**changed: Any) -> dict[str, Any]:
    members = {
        "summary": "A screening is due",
        "indicator": "info",
        "source": {"label": "Forms"},
        "links": [LINK],
    } | changed
    return {name: value for name, value in members.items() if value is not None}


def link(**changed: Any) -> dict[str, Any]:
    return card(links=[{name: value for name, value in (LINK | changed).items() if value is not None}])


@pytest.mark.parametrize(
    "valid_card",
    [
        card(),
        card(links=None),
        card(links=()),
        card(detail="More"),
        card(indicator="critical"),
        card(summary="x" * 139),
        link(appContext=None),
        link(type="absolute", appContext=None),
        link(url="http://localhost:8100/launch"),
    ],
)
def test_a_valid_cds_hooks_card_has_no_fault(valid_card: dict[str, Any]) -> None:
    assert find_problems([valid_card]) == []


SUMMARY = "cards[0].summary must be a string of fewer than 140 characters"


@pytest.mark.parametrize(
    ("invalid_card", "message"),
    [
        (5, "cards[0] must be an object"),
        (card(summary=None), SUMMARY),
        (card(summary=" "), SUMMARY),
        (card(summary=5), SUMMARY),
        (card(summary="x" * 140), SUMMARY),
        (card(indicator="success"), "cards[0].indicator must be info, warning or critical"),
        (card(indicator=None), "cards[0].indicator must be info, warning or critical"),
        (card(source=None), "cards[0].source.label must be a string"),
        (card(source={"label": ""}), "cards[0].source.label must be a string"),
        (card(detail=5), "cards[0].detail must be a string"),
        (card(links={}), "cards[0].links must be a list"),
        (card(links=[5]), "cards[0].links[0].label must be a string"),
        (link(label=None), "cards[0].links[0].label must be a string"),
        (link(type="app"), "cards[0].links[0].type must be absolute or smart"),
        (link(url=None), "cards[0].links[0].url must be an http or https URL"),
        (link(url="javascript:alert(1)"), "cards[0].links[0].url must be an http or https URL"),
        (link(type="absolute"), "cards[0].links[0].appContext is allowed only with the type smart"),
        (link(appContext={}), "cards[0].links[0].appContext must be a string"),
    ],
)
def test_each_fault_of_a_card_gets_one_sentence(invalid_card: Any, message: str) -> None:
    assert find_problems([invalid_card]) == [message]


def test_all_faults_are_reported_at_once_and_too_many_cards_are_a_fault() -> None:
    assert len(find_problems([{}, 5])) == 4
    assert find_problems([card()] * MAXIMUM_CARDS) == []
    assert find_problems([card()] * (MAXIMUM_CARDS + 1)) == ["An app may have at most 20 cards, not 21"]


def test_placeholders_are_replaced_in_every_text() -> None:
    context = dict(zip(TOKENS, ("p-1", "Practitioner/a"), strict=True))
    template = card(
        summary="{{ context.patientId }} and {{context.userId}}", links=[LINK | {"appContext": "{{context.patientId}}"}]
    )
    result = fill_placeholders(template, context)
    assert result["summary"] == "p-1 and Practitioner/a"
    assert result["links"] == [LINK | {"appContext": "p-1"}]
    assert fill_placeholders(card(summary="{{context.encounterId}}"), context)["summary"] == "{{context.encounterId}}"
    assert fill_placeholders({"autolaunchable": True, "links": ()}, context) == {"autolaunchable": True, "links": []}


@given(TEXT, TEXT, TEXT)
def test_a_replaced_value_is_not_replaced_again(before: str, after: str, other: str) -> None:
    context = {"context.patientId": "{{context.userId}}", "context.userId": other}
    assert fill_placeholders(f"{before}{{{{context.patientId}}}}{after}", context) == f"{before}{{{{context.userId}}}}{after}"


def test_a_link_is_found_by_its_key_in_all_apps() -> None:
    other = LINK | {"appContext": "y"}
    apps = [Client("a"), Client("b", cards=(card(links=None), card())), Client("c", cards=(card(links=[LINK, other]),))]
    assert list_links(apps[1].cards[0]) == []
    assert find_by_key(apps, make_key(other)) == other
    assert find_by_key(apps, make_key(LINK)) == LINK
    assert find_by_key(apps, make_key(LINK | {"label": "Now otherwise"})) is None
    assert make_key(dict(reversed(LINK.items()))) == make_key(LINK)


def test_the_key_of_a_link_has_sixteen_characters() -> None:
    assert len(make_key(LINK)) == 16
