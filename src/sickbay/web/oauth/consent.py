"""The checkboxes of the consent page, preset to the user's last answer, and how the form is read."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from sickbay.authorization.login.consent import list_narrowings
from sickbay.services.login import Consent
from sickbay.web.oauth.sign_in import ConsentGroup, ConsentItem, ScopePart


def preset_checkboxes(groups: Iterable[ConsentGroup], version: str, before: Consent | None) -> tuple[ConsentGroup, ...]:
    """Preset the checkboxes. before: the last answer, None if there is none. version: the FHIR version."""
    last = before or Consent((), 0)
    return tuple(replace(group, items=tuple(_preset_checkbox(item, version, last) for item in group.items)) for group in groups)


def _preset_checkbox(item: ConsentItem, version: str, last: Consent) -> ConsentItem:
    parts = tuple(ScopePart(words, text, text in last.scopes) for words, text in list_narrowings(item.value, version))
    refused = any(scope in last.refused for scope in item.scopes) and not any(part.chosen for part in parts)
    return replace(item, ticked=not refused, narrow=parts)


def list_ticked_scopes(boxes: Iterable[str], parts: Iterable[str], only: Iterable[str] = ()) -> tuple[str, ...]:
    """The scopes of the ticked boxes. A narrowed scope is replaced by its parts.

    only: the parts chosen in rows that were shown unticked. Choosing a part there ticks the row, even without JavaScript.
    """
    added = [part for part in only if part]
    narrowed: dict[str, list[str]] = {}
    for part in (*parts, *added):
        narrowed.setdefault(part.partition("?")[0], []).append(part)
    scopes = [scope for value in boxes for scope in value.split(" ")] + [part.partition("?")[0] for part in added]
    return tuple(dict.fromkeys(part for scope in scopes for part in narrowed.get(scope, [scope])))
