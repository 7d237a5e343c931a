"""Decides whether granted scopes permit another scope."""

from __future__ import annotations

from sickbay.protocol import scopes
from sickbay.protocol.scope_spelling import read_spelling


def permits_scope(granted: str, text: str) -> bool:
    """Whether a granted scope string permits everything that this scope permits. Text that isn't a scope counts as permitted:
    another check refuses it.
    """
    scope = scopes.parse(text)
    return scope is None or scopes.is_covered(scope, scopes.parse_scopes(read_spelling(granted).tokens))
