"""Finds what separates scopes other than a single space (RFC 6749 3.3)."""

from __future__ import annotations

from sickbay.authorization.refusals import scope as refusals
from sickbay.kernel.checks import RefusalType
from sickbay.kernel.memoize import memoize
from sickbay.protocol.scope_spelling import read_spelling


@memoize(4096)
def find_wrong_separators(text: str) -> tuple[RefusalType, ...]:
    """Returns the refusals for characters between or around scopes other than a single space (RFC 6749 3.3)."""
    scope_text = read_spelling(text)
    problems = {
        refusals.SCOPE_COMMA_SEPARATED: scope_text.commas,
        refusals.SCOPE_PLUS_LITERAL: scope_text.pluses,
        refusals.SCOPE_TAB_SEPARATED: scope_text.tabs,
        refusals.SCOPE_SEPARATOR_WRONG: bool(scope_text.separators),
        refusals.SCOPE_HAS_STRAY_CHARACTERS: bool(scope_text.array or scope_text.stray or scope_text.name),
    }
    return tuple(refusal for refusal, present in problems.items() if present)
