"""Tells a message that names something from one that repeats the standard words for its error code."""

from __future__ import annotations

import re

from sickbay.diagnosis.answers.values import CODES
from sickbay.diagnosis.lists import LISTS

_STANDARD = re.compile(
    r"(?:provided authorization grant|request is missing a required parameter,|authentication failed (?:\(e\.g|due to)).*?"
    r"(?:another client|malformed|authentication method)|https?://\S+|\b[A-Z][A-Za-z]+/[\w.-]+|\b[A-Z]+-\d+|\b(?:realm|error)=\S+"
    r"|\b[\w.$]*(?:Error|Exception)\b|^.{0,20}\b\d+ (?:[a-z]+ )?(?:error|problem|issue|violation)s?\b[^:(]*$",
    re.I | re.S,
)
"""Sentences of RFC 6749 that list several reasons, addresses, references, classes of exceptions, and the number of errors."""
_NAMED = re.compile(r"(?<!\w)(['\"`])[^'\"`\s]{2,60}\1(?!\w)|\b[a-z]+_[a-z_]+\b|\b[A-Za-z]\w*(?:\.[a-z]\w*)+\b")
"""A value in quotation marks, the name of a parameter, or the path of an element."""
_WORD = re.compile(r"[^\W\d_]{3,}")
_SAYS_NOTHING = frozenset(LISTS["words_that_name_nothing"])


def is_specific(message: str) -> bool:
    """Whether the message has a value, a name, or a word that isn't one of the usual ones."""
    rest = _STANDARD.sub(" ", message)
    named = {match[0].strip("'\"`") for match in _NAMED.finditer(rest)}
    words = {word.lower() for word in _WORD.findall(rest)} - CODES - {"the"}
    return bool(named - CODES) or (len(words) > 1 and not words <= _SAYS_NOTHING)
