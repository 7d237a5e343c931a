"""Which representation to give (R4, 3.1.0.1.10): what Accept and _format ask for against what a version has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sickbay.fhir.versions import VERSIONS

GENERIC = ("application/json", "text/json")
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


@lru_cache(maxsize=256)
def negotiate(version: str, accept: str | None, format: str | None = None) -> Media:
    """_format counts before Accept (DSTU2 and later). Absent, */* and generic JSON give the version's JSON."""
    if format:
        # A plus sign that nobody encoded arrives as a space.
        return _choose(version, [format.strip().replace(" ", "+")], format)
    if accept is None or not accept.strip():
        return Media(VERSIONS[version].json + ";charset=utf-8", "", True)
    return _choose(version, _ranked(accept), accept)


def _choose(version: str, asked: list[str], text: str) -> Media:
    own = VERSIONS[version].json
    for one in asked:
        kind = _WORDS.get(one, one)
        if kind == own:
            return Media(own + ";charset=utf-8", text)
        if kind in GENERIC or kind in _ANY:
            return Media(own + ";charset=utf-8", text, True)
    return Media(None, text, known_elsewhere=_elsewhere(version, asked))


def _elsewhere(version: str, asked: list[str]) -> str | None:
    known = [name for name in ("r4", *VERSIONS) if name != version]
    return next((name for one in asked for name in known if one == VERSIONS[name].json), None)


def _ranked(accept: str) -> list[str]:
    """The media types, best first; those with q=0 left out; parameters such as fhirVersion do not count."""
    found = []
    for position, part in enumerate(accept.split(",")):
        kind, *parameters = (one.strip().lower() for one in part.split(";"))
        weight = next((_weight(one[2:]) for one in parameters if one.startswith("q=")), 1.0)
        if kind and weight > 0:
            found.append((-weight, position, kind))
    return [kind for _, _, kind in sorted(found)]


def _weight(text: str) -> float:
    try:
        return max(0.0, min(1.0, float(text)))
    except ValueError:
        return 1.0


def writes(version: str, content_type: str) -> bool:
    """Whether a body of this Content-Type may be written: the version's own type or generic JSON."""
    kind = content_type.split(";", 1)[0].strip().lower()
    return kind == VERSIONS[version].json or kind in GENERIC
