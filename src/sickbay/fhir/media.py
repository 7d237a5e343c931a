"""Chooses the format of a response: compares Accept and _format with what a version supports (R4, 3.1.0.1.10)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from msgspec import Struct

from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.memoize import memoize

GENERIC = ("application/json", "text/json")
GENERIC_XML = ("application/xml", "text/xml")
_WORDS = {"json": "application/json", "xml": "application/xml"}
_ANY = ("*/*", "application/*")
RANGES, PARAMETERS = 16, 4
"""Maximum number of media types read from Accept, and of parameters of each. Browsers send up to eight types."""
QUOTED = 400
"""Maximum number of characters of Accept that an explanation quotes."""


class Media(Struct, frozen=True):
    """content_type: that of the response, None if nothing matches (406). asked: the header or parameter that chose it."""

    content_type: str | None
    asked: str = ""
    xml: bool = False


class _Range(NamedTuple):
    """An acceptable media type, and the FHIR version ("4.0") if the client names it."""

    kind: str
    number: str


def json_type(version: str) -> str:
    """Returns the Content-Type of a resource as JSON."""
    return VERSIONS[version].json + ";charset=utf-8"


@memoize(256)
def negotiate(version: str, accept: str | None, format: str | None) -> Media:
    """_format takes precedence over Accept (since DSTU2). No header, */* and generic JSON select the version's JSON."""
    if format:  # an unencoded plus sign arrives as a space
        return _choose_media(version, _rank_media_types(format.strip().replace(" ", "+")), format)
    if accept is None or not accept.strip():
        return Media(json_type(version))
    return _choose_media(version, _rank_media_types(accept), accept)


def _choose_media(version: str, ranges: list[_Range], text: str) -> Media:
    own = VERSIONS[version]
    for media_range in ranges:
        kind = _WORDS.get(media_range.kind, media_range.kind)
        if media_range.number and not own.number.startswith(media_range.number):
            continue
        if kind == own.json or kind in GENERIC or kind in _ANY:
            return Media(json_type(version), text)
        if kind == own.xml or kind in GENERIC_XML:
            return Media(own.xml + ";charset=utf-8", text, xml=True)
    return Media(None, text if len(text) <= QUOTED else f"{text[:QUOTED]}…")


def _rank_media_types(accept: str) -> list[_Range]:
    """Returns the media types, best first, without those that have q=0.

    A browser requests HTML, XML and anything else. It receives JSON, which people read more easily.
    """
    weighted = []
    for position, part in enumerate(accept.split(",", RANGES)[:RANGES]):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";", PARAMETERS)[:PARAMETERS])
        options = dict(_parameter_pairs(parameters))
        weight = _read_weight(options.get("q", "1"))
        if kind and weight > 0:
            weighted.append((-weight, position, _Range(kind, options.get("fhirversion", ""))))
    ranked = [media_range for _, _, media_range in sorted(weighted)]
    kinds = {media_range.kind for media_range in ranked}
    is_browser = {"text/html", "*/*"} <= kinds
    return [media_range for media_range in ranked if media_range.kind != "application/xml"] if is_browser else ranked


def _parameter_pairs(parameters: list[str]) -> Iterator[tuple[str, str]]:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        yield name.strip(), value.strip().strip('"')


def _read_weight(text: str) -> float:
    try:
        return max(0.0, min(1.0, float(text)))
    except ValueError:
        return 1.0


@memoize(256)
def body_kind(version: str, content_type: str | None) -> Literal["json", "xml"] | None:
    """Returns the format of a body with this Content-Type: the version's own and generic types, in UTF-8 only.

    None for any other type (415).
    """
    kind, *parameters = (piece.strip().lower() for piece in (content_type or "").split(";"))
    options, own = dict(_parameter_pairs(parameters)), VERSIONS[version]
    if options.get("charset", "utf-8") not in ("utf-8", "utf8", "us-ascii"):
        return None
    if not own.number.startswith(options.get("fhirversion", "")):
        return None
    if kind == own.json or kind in GENERIC:
        return "json"
    return "xml" if kind == own.xml or kind in GENERIC_XML else None
