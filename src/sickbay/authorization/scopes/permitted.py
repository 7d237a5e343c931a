"""Decides whether granted scopes permit another scope."""

from __future__ import annotations

from sickbay.protocol import scopes
from sickbay.protocol.scope_spelling import read_spelling


def permits_scope(granted: str, text: str) -> bool:
    """Whether a granted scope string permits everything that this scope permits. Text that isn't a scope counts as permitted:
    another check refuses it.
    """
    scope, granted_tokens = scopes.parse(text), read_spelling(granted).tokens
    return scope is None or text in granted_tokens or scopes.is_covered(scope, scopes.parse_all(granted_tokens))
