"""Which representation to give (R4, 3.1.0.1.10): what Accept and _format ask for against what a version has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.memoize import memoize

GENERIC = ("application/json", "text/json")
GENERIC_XML = ("application/xml", "text/xml")
_WORDS = {"json": "application/json", "xml": "application/xml"}
_ANY = ("*/*", "application/*")


@dataclass(frozen=True, slots=True)
class Media:
    """content_type: what is answered with, None where nothing fits (406). generic: asked for without FHIR's own type.

    asked: what was read, for the explanation. known_elsewhere: the version whose type it is.
    """

    content_type: str | None
    asked: str = ""
    generic: bool = False
    known_elsewhere: str | None = None
    xml: bool = False


class _Range(NamedTuple):
    """One media type that would be taken, and for which version of FHIR ("4.0"), where that is said."""

    kind: str
    number: str


def negotiate(version: str, accept: str | None, format: str | None = None) -> Media:
    """_format counts before Accept (DSTU2 and later). Absent, */* and generic JSON give the version's JSON."""
    return _by_format(version, format) if format else _by_accept(version, accept)


@memoize(256)
def _by_format(version: str, format: str) -> Media:
    # A plus sign that nobody encoded arrives as a space.
    return _choose(version, _ranked(format.strip().replace(" ", "+")), format)


@memoize(256)
def _by_accept(version: str, accept: str | None) -> Media:
    if accept is None or not accept.strip():
        return Media(VERSIONS[version].json + ";charset=utf-8", "", True)
    return _choose(version, _ranked(accept), accept)


def _choose(version: str, asked: list[_Range], text: str) -> Media:
    own = VERSIONS[version]
    for one in asked:
        kind = _WORDS.get(one.kind, one.kind)
        if one.number and not own.number.startswith(one.number):
            continue
        if kind == own.json:
            return Media(own.json + ";charset=utf-8", text)
        if kind in GENERIC or kind in _ANY:
            return Media(own.json + ";charset=utf-8", text, True)
        if kind == own.xml or kind in GENERIC_XML:
            return Media(own.xml + ";charset=utf-8", text, kind != own.xml, xml=True)
    return Media(None, text, known_elsewhere=_elsewhere(version, asked))


def _elsewhere(version: str, asked: list[_Range]) -> str | None:
    known = [name for name in ("r4", *VERSIONS) if name != version]
    return next((name for one in asked for name in known if _is_of(name, one)), None)


def _is_of(version: str, one: _Range) -> bool:
    own = VERSIONS[version]
    return one.kind in (own.json, own.xml) and own.number.startswith(one.number)


def _ranked(accept: str) -> list[_Range]:
    """The media types, best first; those with q=0 left out.

    A browser asks for pages, for XML and for anything: to it JSON is as good, and people read it more easily.
    """
    found = []
    for position, part in enumerate(accept.split(",")):
        kind, *parameters = (one.strip().lower() for one in part.split(";"))
        given = dict(_pairs(parameters))
        weight = _weight(given.get("q", "1"))
        if kind and weight > 0:
            found.append((-weight, position, _Range(kind, given.get("fhirversion", ""))))
    ranked = [one for _, _, one in sorted(found)]
    kinds = {one.kind for one in ranked}
    return [one for one in ranked if one.kind != "application/xml"] if {"text/html", "*/*"} <= kinds else ranked


def _pairs(parameters: list[str]) -> Iterator[tuple[str, str]]:
    for one in parameters:
        name, _, value = one.partition("=")
        yield name.strip(), value.strip().strip('"')


def _weight(text: str) -> float:
    try:
        return max(0.0, min(1.0, float(text)))
    except ValueError:
        return 1.0


@memoize(256)
def body_kind(version: str, content_type: str | None) -> Literal["json", "xml"] | None:
    """How a body of this Content-Type is read: the version's own types, and the generic ones; of charsets, UTF-8.

    None where it is none of them (415).
    """
    kind, *parameters = (one.strip().lower() for one in (content_type or "").split(";"))
    given, own = dict(_pairs(parameters)), VERSIONS[version]
    if given.get("charset", "utf-8") not in ("utf-8", "utf8", "us-ascii"):
        return None
    if not own.number.startswith(given.get("fhirversion", "")):
        return None
    if kind == own.json or kind in GENERIC:
        return "json"
    return "xml" if kind == own.xml or kind in GENERIC_XML else None
