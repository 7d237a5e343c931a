"""The boxes of the consent page as this person left them before, and what the form says of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sickbay.authorization.login_consent import narrowings
from sickbay.operations.login import Consent
from sickbay.web.pages.entrance import Ask, AskGroup, Narrow


def as_before(groups: Iterable[AskGroup], version: str, before: Consent | None) -> tuple[AskGroup, ...]:
    """before: the last answer, None where nobody was asked yet. version: of FHIR."""
    last = before or Consent((), 0)
    return tuple(replace(group, asks=tuple(_ask(one, version, last) for one in group.asks)) for group in groups)


def _ask(ask: Ask, version: str, last: Consent) -> Ask:
    parts = tuple(Narrow(words, text, text in last.scopes) for words, text in narrowings(ask.value, version))
    refused = any(one in last.refused for one in ask.scopes) and not any(part.chosen for part in parts)
    return replace(ask, ticked=not refused, narrow=parts)


def ticked(boxes: Iterable[str], parts: Iterable[str], only: Iterable[str] = ()) -> tuple[str, ...]:
    """The scopes of the ticked boxes; one that was narrowed by its part.

    only: the parts chosen in rows that were shown unticked. Choosing a part there ticks the row, without JavaScript too.
    """
    added = [part for part in only if part]
    narrowed = {part.partition("?")[0]: part for part in (*parts, *added) if part}
    every = [scope for value in boxes for scope in value.split(" ")] + [part.partition("?")[0] for part in added]
    return tuple(dict.fromkeys(narrowed.get(scope, scope) for scope in every))
