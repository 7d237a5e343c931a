"""Rewrites a narrative without namespace prefixes while its XML is being read."""

from __future__ import annotations

import html
import re

from sickbay.fhir.xml.layout import XHTML

_XML = "http://www.w3.org/XML/1998/namespace"
_DECLARES = re.compile(rb"<div(?=[\s/>])[^<>]*\sxmlns\s*=")


def declares_namespace(text: bytes, begin: int) -> bool:
    """Whether the div at this byte declares its own namespace and has no prefix, so that it can be taken as written."""
    return _DECLARES.match(text, begin) is not None


_BREAKS = str.maketrans({"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
"""Line breaks and tabs in an attribute, which a parser would read as blanks."""


def _quote_attribute(value: str) -> str:
    """Puts the value in double quotation marks, or in single ones if it contains only double ones."""
    escaped = html.escape(value, quote=False).translate(_BREAKS)
    if '"' in escaped and "'" not in escaped:
        return f"'{escaped}'"
    return f'"{escaped.replace(chr(34), "&quot;")}"'


class Pieces:
    """Collects parser events in a div and builds its text. Names are as in Expat: namespace, space, local name."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._open = False

    def start(self, name: str, attributes: dict[str, str]) -> str | None:
        """Returns what is wrong with the element, or None."""
        space, _, local = name.rpartition(" ")
        if space != XHTML:
            return f"<{local}> in a narrative is not in the namespace {XHTML}"
        self._close_tag()
        namespace = "" if self._pieces else f' xmlns="{XHTML}"'
        members = "".join(f" {_attribute_name(key)}={_quote_attribute(value)}" for key, value in attributes.items())
        self._pieces.append(f"<{local}{namespace}{members}")
        self._open = True
        return None

    def data(self, text: str) -> None:
        self._close_tag()
        self._pieces.append(html.escape(text, quote=False))

    def end(self, name: str) -> None:
        self._pieces.append("/>" if self._open else f"</{name.rpartition(' ')[2]}>")
        self._open = False

    def text(self) -> str:
        return "".join(self._pieces)

    def _close_tag(self) -> None:
        if self._open:
            self._pieces.append(">")
        self._open = False


def _attribute_name(key: str) -> str:
    """Returns an attribute name without namespace, except XML's own. Foreign ones stay visible, and validation reports them."""
    space, _, local = key.rpartition(" ")
    return f"xml:{local}" if space == _XML else f"{space}:{local}" if space else local
