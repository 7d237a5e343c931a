"""Narrative safety (R4, 2.4.0; txt-1): allows only certain XHTML elements, no scripts, and nothing that loads a program."""

from __future__ import annotations

import re
from typing import Any
from xml.parsers import expat

from sickbay.fhir.xml.entities import replace_named_characters
from sickbay.fhir.xml.start_tags import MAXIMUM_ATTRIBUTES, has_too_many_attributes

XHTML = "http://www.w3.org/1999/xhtml"
ELEMENTS = frozenset(
    """
    a abbr acronym b big blockquote br caption cite code col colgroup dd del dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i img
    ins kbd li ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul var
    """.split()
)
ATTRIBUTES = frozenset(
    """
    abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char charoff charset cite
    class colspan compact coords dir frame headers height href hreflang hspace id lang longdesc name nowrap rel rev
    rowspan rules scope shape span src start style summary tabindex target title type valign value vspace width xml:lang
    xml:id xml:space
    """.split()
)
_ADDRESSES = ("href", "src", "cite", "longdesc")
_SCHEME = re.compile(r"[\x00-\x20]*([a-z][a-z0-9+.\-]*):", re.IGNORECASE)
_SAFE = frozenset(("http", "https", "mailto", "tel", "ftp", "urn", "cid"))
_STYLE = re.compile(
    r"expression\s*\(|url\s*\(\s*+(?:['\"]\s*+)?(javascript:|vbscript:|data:(?!\s*image/(png|gif|jpeg)))"
    r"|@import|behavior\s*:|-moz-binding|\\",
    re.IGNORECASE,
)
_PICTURE = re.compile(r"data:\s*image/(png|gif|jpeg)", re.IGNORECASE)


class _Unsafe(Exception):
    """Raised for unsafe XHTML. The text says what is unsafe."""


def check_div(value: Any) -> str | None:
    """Returns what is wrong with a Narrative.div, or None."""
    return _check_narrative(value, (XHTML,))


def check_dstu2(value: Any) -> str | None:
    """Like `check`, but allows a missing namespace, which DSTU2's JSON often omits, even in the specification's examples."""
    return _check_narrative(value, (XHTML, ""))


def _check_narrative(value: Any, spaces: tuple[str, ...]) -> str | None:
    if not isinstance(value, str):
        return "must be a string of XHTML"
    if has_too_many_attributes(value):
        return f"must not contain an element with more than {MAXIMUM_ATTRIBUTES:,} attributes"
    reader = _NarrativeReader(spaces)
    try:
        reader.parser.Parse(replace_named_characters(value), True)
    except expat.ExpatError as error:
        return f"must be well-formed XHTML: {expat.ErrorString(error.code)} at line {error.lineno}"
    except _Unsafe as error:
        return str(error)
    return None if reader.filled else "must contain text or an image (txt-2)"


class _NarrativeReader:
    """Raises _Unsafe at the first unsafe element or attribute."""

    def __init__(self, spaces: tuple[str, ...]) -> None:
        self.spaces = spaces
        self.filled = False
        self.depth = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.CharacterDataHandler = self._read_text
        self.parser.StartDoctypeDeclHandler = _refuse_doctype
        self.parser.ProcessingInstructionHandler = _refuse_instruction

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        if self.depth == 0 and (local != "div" or space not in self.spaces):
            raise _Unsafe(f'must be a single <div xmlns="{XHTML}">')
        if local not in ELEMENTS or space not in self.spaces:
            raise _Unsafe(f"must not contain <{local}> (txt-1)")
        self.depth += 1
        self.filled = self.filled or local == "img"
        for key, value in attributes.items():
            _check_attribute(key.replace("http://www.w3.org/XML/1998/namespace ", "xml:"), value, local)

    def _read_text(self, text: str) -> None:
        self.filled = self.filled or not text.isspace()


def _check_attribute(name: str, value: str, element: str) -> None:
    if name not in ATTRIBUTES:
        raise _Unsafe(f"must not contain the attribute {name} (txt-1)")
    scheme = _SCHEME.match(value) if name in _ADDRESSES else None
    image = element == "img" and name == "src" and _PICTURE.match(value)
    if scheme and scheme[1].lower() not in _SAFE and not image:
        raise _Unsafe(f"must not link to {scheme[1]}: in {name}")
    if name == "style" and _STYLE.search(value):
        raise _Unsafe("must not load or run anything in a style")


def _refuse_doctype(*args: Any) -> None:
    raise _Unsafe("must not declare a document type or entities")


def _refuse_instruction(*args: Any) -> None:
    raise _Unsafe("must not contain a processing instruction")
