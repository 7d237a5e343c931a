"""The CDS Hooks cards of an app (CDS Hooks 2.0, Card). They are part of its registration; Sickbay calls no CDS service.

The placeholders in TOKENS, written as in a prefetch template ({{context.patientId}}), are replaced in every text of a card.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sickbay.authorization.models import Client
from sickbay.kernel.english import join

INDICATORS = ("info", "warning", "critical")
TOKENS = ("context.patientId", "context.userId")
MAXIMUM_CARDS = 20
"""Maximum number of cards per app."""
_TOKEN = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")


def find_problems(cards: Sequence[Any]) -> list[str]:
    """Returns what is wrong with the cards, one sentence per fault."""
    too_many = [f"An app may have at most {MAXIMUM_CARDS} cards, not {len(cards)}"] if len(cards) > MAXIMUM_CARDS else []
    return too_many + [fault for number, card in enumerate(cards) for fault in _problems_of_card(card, f"cards[{number}]")]


def _problems_of_card(card: Any, here: str) -> list[str]:
    if not isinstance(card, Mapping):
        return [f"{here} must be an object"]
    messages = (
        []
        if _is_nonempty_text(card.get("summary")) and len(card["summary"]) < 140
        else [f"{here}.summary must be a string of fewer than 140 characters"]
    )
    if card.get("indicator") not in INDICATORS:
        messages.append(f"{here}.indicator must be {join(INDICATORS, 'or')}")
    source = card.get("source")
    if not isinstance(source, Mapping) or not _is_nonempty_text(source.get("label")):
        messages.append(f"{here}.source.label must be a string")
    if not isinstance(card.get("detail"), str | None):
        messages.append(f"{here}.detail must be a string")
    links = card.get("links", [])
    if not isinstance(links, list | tuple):
        return [*messages, f"{here}.links must be a list"]
    return messages + [
        fault for number, link in enumerate(links) if (fault := _problem_of_link(link, f"{here}.links[{number}]"))
    ]


def _problem_of_link(link: Any, here: str) -> str:
    if not isinstance(link, Mapping) or not _is_nonempty_text(link.get("label")):
        return f"{here}.label must be a string"
    if link.get("type") not in ("absolute", "smart"):
        return f"{here}.type must be absolute or smart"
    if not str(link.get("url")).startswith(("https://", "http://")):
        return f"{here}.url must be an http or https URL"
    if link["type"] == "absolute" and link.get("appContext") is not None:
        return f"{here}.appContext is allowed only with the type smart"
    return "" if isinstance(link.get("appContext"), str | None) else f"{here}.appContext must be a string"


def _is_nonempty_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def fill_placeholders(card: Any, context: Mapping[str, str]) -> Any:
    """Replaces the placeholders of a card. context: values by the names in TOKENS. Unknown placeholders stay."""
    if isinstance(card, str):
        return _TOKEN.sub(lambda match: context.get(match[1], match[0]), card)
    if isinstance(card, Mapping):
        return {name: fill_placeholders(value, context) for name, value in card.items()}
    return [fill_placeholders(item, context) for item in card] if isinstance(card, list | tuple) else card


def list_links(card: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(card.get("links") or ())


def make_key(link: Mapping[str, Any]) -> str:
    """Returns the id of a link on a page. It changes with the link, so an outdated page can't open another link."""
    return hashlib.sha256(json.dumps(link, sort_keys=True).encode()).hexdigest()[:16]


def find_by_key(every: Sequence[Client], wanted: str) -> Mapping[str, Any] | None:
    """Returns the registered link with this id, from any of these apps."""
    return next((link for link in _links_of_cards(every) if make_key(link) == wanted), None)


def _links_of_cards(every: Sequence[Client]) -> Iterator[Mapping[str, Any]]:
    return (link for app in every for card in app.cards for link in list_links(card))
