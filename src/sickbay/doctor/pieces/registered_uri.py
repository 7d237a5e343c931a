"""Compares the redirect URI of a request with a registered one that the pasted text names in words."""

from __future__ import annotations

import re
from urllib.parse import unquote

from sickbay.authorization.refusals.authorize import REDIRECT_URI_MISMATCH
from sickbay.diagnosis.catalogue import INDEX
from sickbay.diagnosis.explain import rule_for
from sickbay.diagnosis.rule import Finding, find

_URI = r"[`'\"<(]?(?P<uri>https?://[^\s`'\"<>()]{4,200})"
_REGISTERED = re.compile(
    rf"\b(?:registered|whitelisted|allowed|authorized|configured|console|portal|settings)\b[^.\n]{{0,80}}?\s{_URI}", re.I
)
_SENT = re.compile(
    rf"\b(?:sends?|sent|sending|uses?|using|passes|request has|request contains)\b[^.\n]{{0,40}}?(?:\s|redirect_uri=){_URI}",
    re.I,
)
_ENDS = ".,;:!?"
"""Punctuation that ends a sentence and not a URI."""


def mismatch(text: str, sent: str | None) -> Finding | None:
    """The finding for a small difference, such as a slash; None if the URIs are equal or have little in common.

    sent: the redirect URI of the pasted request. Without one, the text may name it in words, too.
    """
    registered, received = _find_uri(_REGISTERED, text), sent or _find_uri(_SENT, text)
    if registered is None or received is None or registered == received:
        return None
    rule, facts = rule_for(INDEX, REDIRECT_URI_MISMATCH(received=received, registered=[registered], launch_uri=None))
    return find(rule, facts, refused=True) if rule.id != REDIRECT_URI_MISMATCH.name else None


def _find_uri(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return unquote(match["uri"]).rstrip(_ENDS) if match else None
