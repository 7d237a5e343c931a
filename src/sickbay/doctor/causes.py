"""The causes as pages show them, without a paste: found by their IDs, also those of earlier releases."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit

from sickbay.doctor import compiled
from sickbay.doctor.fill import fill
from sickbay.doctor.model import Cause


class CausePage(NamedTuple):
    """where: the names of products, and the place in the console of each. source: its host and its address."""

    id: str
    title: str
    why: str
    check: str
    fix: str
    where: tuple[tuple[str, str], ...]
    messages: tuple[str, ...]
    basis: str
    source: tuple[str, str]


def find_page(id: str) -> CausePage | None:
    """None if no cause has this ID or had it in an earlier release."""
    cause = _index_causes().get(id)
    return None if cause is None else _page_of_cause(cause)


@cache
def _index_causes() -> dict[str, Cause]:
    causes = compiled.load_knowledge().causes
    return {old: cause for cause in causes.values() for old in cause.was} | causes


def _page_of_cause(cause: Cause) -> CausePage:
    """Slots are filled with words."""
    knowledge = compiled.load_knowledge()
    messages = dict.fromkeys(fill(knowledge.messages[id].means, {}) for id in cause.behind)
    return CausePage(
        id=cause.id,
        title=fill(cause.title, {}),
        why=fill(cause.why, {}),
        check=fill(cause.check, {}),
        fix=fill(cause.fix, {}),
        where=tuple((knowledge.products[id].name, place) for id, place in cause.where.items()),
        messages=tuple(messages),
        basis=cause.basis,
        source=(urlsplit(cause.source).netloc, cause.source),
    )
