"""Decides whether a URL that was broken into lines continues on the next line, or whether something else begins there."""

from __future__ import annotations

from sickbay.diagnosis.answers.values import CODES
from sickbay.diagnosis.lists import LISTS
from sickbay.doctor.pieces.structured import NAMES
from sickbay.kernel.late_patterns import compile_late

_PARAMETER = compile_late(r"(?P<name>[A-Za-z_][\w.-]{0,60})=")
_OF_ANSWERS = frozenset(("error", "error_description", "error_uri", "access_token", "id_token", "token_type", "expires_in"))
_OTHER = compile_late(r"[A-Za-z][A-Za-z0-9+.-]{1,30}://|[\w-]{1,60}:(?:\s|$)|[{<\[]|HTTP/|(?:GET|POST|PUT|PATCH|DELETE|curl)\b")
"""The beginnings of another URL, a header, JSON, a response and a request."""
_WORDS = compile_late(r"[a-z]+(?:_[a-z]+)++")
_OF_AN_ERROR = compile_late("|".join(LISTS["words_in_codes_of_errors"]))
"""Words in the codes of errors, such as `redirect_uri_mismatch`. A value that was broken in two rarely has one."""
_BEFORE, _AFTER = ("&", "?", "=", "%", "/", "+"), ("&", "?", "=", "%")


def continues_url(url: str, rest: str) -> bool:
    """Whether `rest`, the next line or its first word, continues `url`."""
    text = rest.strip()
    if not text or _OTHER.match(text):
        return False
    parameter = _PARAMETER.match(text)
    if parameter and parameter["name"].lower() in NAMES | _OF_ANSWERS:
        return url.endswith(("&", "?"))  # a line break doesn't remove the character before a parameter
    if is_joined(url, text):
        return True
    word = text.lower().rstrip(".,;:!")
    is_code = word in CODES or (_WORDS.fullmatch(word) is not None and _OF_AN_ERROR.search(word) is not None)
    return (" " not in text or "=" in text) and not is_code


def is_joined(url: str, rest: str) -> bool:
    """Whether a character at the line break joins the two."""
    return url.endswith(_BEFORE) or rest.startswith(_AFTER)
