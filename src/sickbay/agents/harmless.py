"""Decides which values of a request can't instruct an agent: protocol names, numbers, and Sickbay's own URLs."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import Any, Final

from sickbay.diagnosis.answers.values import CODES
from sickbay.diagnosis.own_texts import is_own_text
from sickbay.diagnosis.placeholders import EXAMPLE_NONCE, EXAMPLE_STATE, PLACES
from sickbay.diagnosis.stages import STAGES
from sickbay.services.redaction import vocabulary

LISTED: Final = 60
"""Maximum number of items of a list that are examined."""
_NUMBER: Final = re.compile(r"[+-]?\d{1,12}(?:\.\d{1,6})?", re.A)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z| UTC|[+-]\d\d:\d\d)?)?", re.A)
_DURATION: Final = re.compile(r"\d{1,9} (?:second|minute|hour|day|character|byte|patient|resource)s?(?: ago)?", re.A)
_MASK: Final = re.compile(r"[A-Za-z0-9]{0,4}…\(\d{1,6}\)|…|‹\d{1,6} characters?›")
_SCOPE: Final = re.compile(r"(?:patient|user|system)/([A-Za-z]{1,40}|\*)\.(?:read|write|\*|c?r?u?d?s?)")
_SCOPES: Final = frozenset(
    """openid fhirUser profile email launch online_access offline_access launch/patient launch/encounter
    """.split()
)
_WORDS: Final = frozenset(
    """a an the error warning info authorization_code refresh_token client_credentials S256 plain none RS384 ES384
    RS256 GET POST PUT PATCH DELETE HEAD OPTIONS provider patient system public symmetric asymmetric required
    if-sent off strict lenient r4 r4b r5 dstu2 stu3 R4 R4B R5 DSTU2 STU3 true false (none) Bearer Basic
    client_secret_basic client_secret_post client_secret_jwt private_key_jwt query fragment form_post login consent
    application/json application/fhir+json application/x-www-form-urlencoded""".split()
)


@cache
def _harmless_names() -> frozenset[str]:
    """Returns names of parameters, headers, error codes, resource types and searches."""
    return frozenset(
        (*vocabulary.OAUTH, *vocabulary.METADATA, *vocabulary.HEADERS, *vocabulary.TYPES, *vocabulary.SEARCHES, *CODES, *STAGES)
    ) | (_WORDS | PLACES | {EXAMPLE_STATE, EXAMPLE_NONCE, ""})


def is_known_name(text: str) -> bool:
    """Whether the text is the name of a parameter or another word of the protocols."""
    return text in _harmless_names()


def is_scope(text: str) -> bool:
    shape = _SCOPE.fullmatch(text)
    return text in _SCOPES or (shape is not None and (shape[1] == "*" or shape[1] in vocabulary.TYPES))


def is_harmless(value: Any, own: Collection[str] = ()) -> bool:
    """Whether Sickbay's texts may contain a value. own: Sickbay's own URLs."""
    if value is None or isinstance(value, bool | int | float):
        return True
    if isinstance(value, list | tuple):
        return len(value) <= LISTED and all(is_harmless(item, own) for item in value)
    return isinstance(value, str) and _is_harmless_text(value, own)


def _is_harmless_text(text: str, own: Collection[str]) -> bool:
    if text in own or text in _harmless_names():
        return True
    if any(form.fullmatch(text) for form in (_NUMBER, _TIME, _DURATION, _MASK)) or (" " in text and is_own_text(text)):
        return True
    words = text.split(" ")
    return len(words) <= LISTED and all(map(is_scope, words))
