"""Facts about the values that messages, tokens and cookies show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from sickbay.doctor.evidence import Evidence
from sickbay.doctor.facts.registry import SEARCHED_CHARACTERS, Values, as_fact, fact
from sickbay.kernel.english import count

EXPECTED_PLACES = 20
"""How many times the word `expected` is looked at."""
COMPARED_CHARACTERS = 400
_EXPECTED = re.compile(r"\bexpect(?:ed|ing)\b", re.I)
_RECEIVED = re.compile(r"\b(?:got|received|but|actual|found|returned|instead of)\b", re.I)
_VALUE = re.compile(r"(?P<quote>[\"'`]?)(?P<value>[^\s\"'`,;()\[\]<>]{3,200})")


def _compared(evidence: Evidence) -> Iterator[Values]:
    """The expected and received values that messages name, with the words around them."""
    text = evidence.text[:SEARCHED_CHARACTERS]
    for match in islice(_EXPECTED.finditer(text), EXPECTED_PLACES):
        line = text[match.end() : match.end() + COMPARED_CHARACTERS].partition("\n")[0]
        if (turn := _RECEIVED.search(line)) is None:
            continue
        expected, received = _values(line[: turn.start()]), _values(line[turn.end() :])
        if expected and received:
            about = text[max(0, match.start() - COMPARED_CHARACTERS) : match.end()] + line
            yield {"expected": expected[-1], "received": received[0], "about": about.lower()}


_UNLIKE = re.compile(
    r"\b(?:is not|isn't|was not|are not) (?:the same as|equal to|identical to)\b|\b(?:differs|differ|different) from\b"
    r"|\bdo(?:es)?(?: not|n't) (?:match|equal)\b",
    re.I,
)


def _unlike(evidence: Evidence) -> Iterator[Values]:
    """The value before and the one after words such as "isn't the same as", in one line."""
    text = evidence.text[:SEARCHED_CHARACTERS]
    for match in islice(_UNLIKE.finditer(text), EXPECTED_PLACES):
        before = text[max(0, match.start() - COMPARED_CHARACTERS) : match.start()].rpartition("\n")[2]
        after = text[match.end() : match.end() + COMPARED_CHARACTERS].partition("\n")[0]
        if (received := _values(before)) and (expected := _values(after)):
            yield {"expected": expected[0], "received": received[-1], "about": f"{before}{after}".lower()}


def _values(text: str) -> list[str]:
    """The words of a text that are values: in quotation marks, or with something that isn't a letter."""
    found = ((match["quote"], match["value"].rstrip(".:")) for match in _VALUE.finditer(text))
    return [value for quote, value in found if quote or not value.isalpha()]


@fact
def audience_differs(evidence: Evidence) -> Values | None:
    """A message names the expected and the received audience, and they differ."""
    return next((_both_values(pair) for pair in _compared(evidence) if "aud" in pair["about"] and _differ(pair)), None)


@fact
def issuer_differs(evidence: Evidence) -> Values | None:
    """A message names the expected and the received issuer, and they differ."""
    compared = (*_compared(evidence), *(pair for pair in _unlike(evidence) if pair["received"].startswith("http")))
    return next((_both_values(pair) for pair in compared if _ISSUER.search(pair["about"]) and _differ(pair)), None)


_ISSUER = re.compile(r"\biss\b|issuer")


def _both_values(pair: Mapping[str, str]) -> Values:
    return {name: pair[name] for name in ("expected", "received")}


def _differ(pair: Mapping[str, str]) -> bool:
    """Whether they differ by more than a slash at the end, which is another fact."""
    return pair["expected"].rstrip("/") != pair["received"].rstrip("/")


@fact
def expected_value_has_blank(evidence: Evidence) -> Values | None:
    """A message shows a configured value with a blank at its beginning or end."""
    return as_fact(_PADDED.search(evidence.text, 0, SEARCHED_CHARACTERS))


_PADDED = re.compile(
    r"(?:valid|expected)\w{0,30}\W{1,5}['\"] |['\"]\s{0,2}(?:api://|https?://|[0-9a-f-]{36}) ['\"]",
    re.I,
)


@fact
def iss_and_sub_differ(evidence: Evidence) -> Values | None:
    """The iss and sub of a client assertion differ."""
    return next(
        (
            {"expected": str(claims["iss"]), "received": str(claims["sub"])}
            for claims in evidence.claims
            if "iss" in claims and "sub" in claims and "nonce" not in claims and claims["iss"] != claims["sub"]
        ),
        None,
    )


_POSTS = re.compile(
    r"response_mode[\"'`]?\s{0,3}[=:]\s{0,3}[\"'`]?form_post|hybrid flow|code id_token|Origin: ?null"
    r"|OIDCStrategy|passport-azure-ad|^\W{0,4}POST /\S{0,200}callback",
    re.I | re.M,
)
_SAME_SITE = re.compile(r"same_?-?site\W{0,6}(?:\w{1,20}\.)?(?P<value>strict|lax)\b", re.I)


@fact
def cookie_is_strict(evidence: Evidence) -> Values | None:
    """A cookie has SameSite=Strict."""
    return as_fact(any(match["value"].lower() == "strict" for match in _SAME_SITE.finditer(evidence.text)))


@fact
def cookie_is_lost_at_post(evidence: Evidence) -> Values | None:
    """A cookie has SameSite=Strict or Lax, and the response arrives by a POST from the other site (form_post)."""
    sign = _SAME_SITE.search(evidence.text)
    return {"value": sign["value"]} if sign and _POSTS.search(evidence.text) else None


_TIMES = re.compile(
    r"\bnow\W{1,5}(?P<now>\d{10})\b.{0,40}\b(?:nbf|iat)\W{1,5}(?P<claim>\d{10})\b"
    r"|\b(?:nbf|iat)\W{1,5}(?P<claim2>\d{10})\b.{0,60}\b(?:now|current time)\W{1,5}(?P<now2>\d{10})\b"
    r"|\b(?P<now3>\d{10}) < (?P<claim3>\d{10})\b",
    re.I,
)


@fact
def token_is_from_the_future(evidence: Evidence) -> Values | None:
    """A message names the time now and a later time from which a token is valid."""
    for match in _TIMES.finditer(evidence.text, 0, SEARCHED_CHARACTERS):
        now = next(int(match[name]) for name in ("now", "now2", "now3") if match[name])
        claim = next(int(match[name]) for name in ("claim", "claim2", "claim3") if match[name])
        if claim > now:
            return {"value": count(claim - now, "second", "seconds")}
    return None
