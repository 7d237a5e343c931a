"""A recognised error response, the error codes that the specifications define, and whether a message says more than they."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from sickbay.diagnosis.lists import LISTS

Kind: TypeAlias = Literal["oauth", "authorization", "bearer", "outcome", "status", "vendor", "message", "no-answer"]
_KINDS = LISTS["answers"]

REFUSING = frozenset(("login", "forbidden", "expired", "security"))
"""Types of issues in an OperationOutcome that mean a refusal, whatever their severity is (FHIR, IssueType)."""


class ErrorAnswer(NamedTuple):
    """code: the OAuth error code, the HTTP status, the issue type or the vendor's code; "" if there is none."""

    kind: Kind
    code: str
    description: str = ""


def rank_answers(answers: Iterable[ErrorAnswer]) -> tuple[ErrorAnswer, ...]:
    """Each error response once, the most specific first: an OAuth error says more than the HTTP status that came with it."""
    once: dict[tuple[str, str], ErrorAnswer] = {}
    for answer in answers:
        known = once.get(key := (answer.kind, answer.code))
        if known is None or len(known.description) < len(answer.description):
            once[key] = answer
    return tuple(sorted(once.values(), key=lambda answer: (_KINDS.index(answer.kind), not answer.code)))


FALSY = frozenset(("", "null", "none", "nil", "undefined", "false", "no", "0", "ok", "success", "[]", "{}", "nan"))
"""Values of a member `error` that mean that there was no error."""

TOKEN_CODES = frozenset(LISTS["token_codes"])
BEARER_CODES = frozenset(LISTS["bearer_codes"])
AUTHORIZATION_CODES = frozenset(LISTS["authorization_codes"])
SHARED_CODES = frozenset(LISTS["shared_codes"])
CODES = TOKEN_CODES | BEARER_CODES | AUTHORIZATION_CODES | SHARED_CODES


def oauth_error(code: str, description: str = "", *, redirected: bool = False) -> ErrorAnswer:
    """`redirected`: the error arrived at the redirect URI, so it is from the authorization endpoint."""
    code = code.lower() if code.lower() in CODES else code
    if redirected or code in AUTHORIZATION_CODES:
        return ErrorAnswer("authorization", code, description)
    return ErrorAnswer("bearer" if code in BEARER_CODES else "oauth" if code in CODES else "vendor", code, description)


_RFC = re.compile(r"issued to another client|otherwise malformed|unsupported authentication method")
"""Where the sentences of RFC 6749 end that list several reasons."""
_STANDARD = re.compile("|".join(LISTS["words_of_standard_messages"]), re.I | re.S)
"""Addresses, references, classes of exceptions, and the number of errors."""
_NAMES = re.compile(r"(?<!\w)['\"`][^'\"`\s]{2,60}['\"`](?!\w)|\b[a-z]{1,40}_[a-z_]{1,40}|\b[A-Za-z]\w{0,40}\.[a-z]\w{0,40}")
"""A value in quotation marks, the name of a parameter, or the path of an element."""
_WORD = re.compile(r"[^\W\d_]{3,}")
_SAYS_NOTHING = frozenset(LISTS["words_that_name_nothing"])


@lru_cache(maxsize=32)
def is_specific(message: str) -> bool:
    """Whether the message has a value, a name, or a word that isn't one of the usual ones."""
    rest = _STANDARD.sub(" ", _RFC.split(message)[-1])
    named = {match[0].strip("'\"`") for match in _NAMES.finditer(rest)}
    words = {word.lower() for word in _WORD.findall(rest)} - CODES - {"the"}
    return bool(named - CODES - _SAYS_NOTHING) or (" " in message and len(words) > 1 and not words <= _SAYS_NOTHING)
