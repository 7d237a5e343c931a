"""Explains why a token lacks a scope, from earlier refusals of the same app and user."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sickbay.authorization.models import AccessToken
from sickbay.authorization.refused_token import RefusedToken
from sickbay.protocol import scopes

MINIMUM_ROUNDS = 3


def describe_history(token: AccessToken, needed: str, earlier: Sequence[RefusedToken]) -> dict[str, object]:
    """Returns facts for the explanation; none if no earlier token was refused, or if it proves nothing.

    earlier: refused tokens of this app and user, the oldest first. They count if they were refused before this one was issued.
    A backend service has no history: it has no user who authorizes it again, and requests each token for another job.
    """
    current = RefusedToken(token.family, token.issued_at, token.scope, (needed,), token.issued_at)
    before = [refused for refused in earlier if refused.at <= token.issued_at and not refused.is_same_token(current)]
    if not before or not _includes_scopes(needed, (needed,)) or needed.startswith("system/"):
        return {}
    last = before[-1]
    union = " ".join(dict.fromkeys((*scopes.split(last.scope), *scopes.split(token.scope), needed)))
    if set(scopes.split(last.scope)) == set(scopes.split(token.scope)):
        again = "refresh" if last.family == token.family else "authorization"
        return {"again": again, "union": union} if needed in last.needed else {}
    if not all(_includes_scopes(token.scope, (scope,)) for scope in last.needed):
        return {}
    if _includes_scopes(last.scope, (needed,)):
        return {
            "lost": [text for text in scopes.split(last.scope) if not _includes_scopes(token.scope, (text,))],
            "union": union,
        }
    rounds = _count_rounds([*before, current])
    return {"rounds": rounds, "union": union} if rounds >= MINIMUM_ROUNDS else {}


def _count_rounds(tokens: Sequence[RefusedToken]) -> int:
    """Counts the latest tokens that each have the scopes of the previous token and the ones that it lacked."""
    rounds = 1
    for newer, older in pairwise(reversed(tokens)):
        if not _includes_scopes(newer.scope, (*scopes.split(older.scope), *older.needed)):
            break
        rounds += 1
    return rounds


def _includes_scopes(granted: str, texts: Sequence[str]) -> bool:
    """Whether a granted scope string has all of these scopes."""
    held, parsed = scopes.parse_scopes(scopes.split(granted)), [scopes.parse(text) for text in texts]
    return all(scope is not None and scopes.is_covered(scope, held) for scope in parsed)
