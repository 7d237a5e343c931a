"""Reads a resource from XML (R4, 2.6.1) into the dict that its JSON would produce, according to the tables of its version.

Uses Expat. A document type is refused, and therefore all entities except the five of XML. Errors that only XML can have
(text between elements, a foreign namespace, a repeated element) raise ValueError with the line. Everything else, including
unknown elements, is left to validation, so that one response lists all errors.
"""

from __future__ import annotations

import re
from typing import Any
from xml.parsers import expat

from sickbay.fhir import lossless_json
from sickbay.fhir.lossless_json import Decimal
from sickbay.fhir.search.parameters import known_types
from sickbay.fhir.xml.layout import NAMESPACE, XHTML, XmlElement, inside_primitive, load_layout
from sickbay.fhir.xml.start_tags import MAXIMUM_ATTRIBUTES, SMALL, has_too_many_attributes
from sickbay.fhir.xml.xhtml import Pieces, declares_namespace

DEEPEST = 120
"""Maximum nesting of elements. Most become a list and an object in JSON, and the JSON writer allows 254 levels."""
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII).fullmatch
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,18})", re.ASCII).fullmatch
_INTEGERS = frozenset(("integer", "positiveInt", "unsignedInt"))
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


def loads(version: str, text: bytes) -> dict[str, Any]:
    """Parses the document. Raises ValueError with the problem and its line."""
    if len(text) >= SMALL and has_too_many_attributes(text.decode("utf-8", "replace")):
        raise ValueError(f"an element has more than {MAXIMUM_ATTRIBUTES:,} attributes")
    reader = _XmlReader(version, text)
    try:
        reader.parser.Parse(text, True)
    except expat.ExpatError as error:
        problem = lossless_json.find_invalid_byte(text) or expat.ErrorString(error.code)
        raise ValueError(f"{problem} at line {error.lineno}") from None
    assert reader.found is not None
    return reader.found


class _Frame:
    """An open element, with its possible and actual children. slot: None for a resource."""

    __slots__ = ("extended", "key", "node", "slot", "slots", "value")

    def __init__(self, key: str, slot: XmlElement | None, slots: dict[str, XmlElement], node: dict[str, Any]) -> None:
        self.key, self.slot, self.slots, self.node = key, slot, slots, node
        self.value: Any = None
        self.extended: set[str] = set()
        """Names of repeating primitives in this element. Their ids and extensions are in a parallel list."""


class _XmlReader:
    def __init__(self, version: str, text: bytes) -> None:
        self.version, self.text = version, text
        self.found: dict[str, Any] | None = None
        self.frames: list[_Frame] = []
        self.narrative, self.begin = 0, 0
        self.pieces: Pieces | None = None
        self.unknown = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.XmlDeclHandler = self._check_declaration
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._read_text
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype

    def make_error(self, text: str) -> ValueError:
        return ValueError(f"{text} at line {self.parser.CurrentLineNumber}")

    def _check_declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        if (encoding or "utf-8").lower() not in ("utf-8", "us-ascii"):
            raise self.make_error(f"the encoding is {encoding} but must be UTF-8")

    def _refuse_doctype(self, *args: Any) -> None:
        raise self.make_error("document types and entities are not allowed")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        if len(self.frames) + self.narrative + self.unknown > DEEPEST:
            raise self.make_error(f"elements are nested deeper than {DEEPEST}")
        if self.narrative or self.unknown:
            if self.pieces is not None and (wrong := self.pieces.start(name, attributes)):
                raise self.make_error(wrong)
            self.narrative += bool(self.narrative)
            self.unknown += bool(self.unknown)
        elif space == XHTML and local == "div":
            self._start_narrative(name, attributes)
        elif space != NAMESPACE:
            raise self.make_error(f"<{local}> is not in the namespace {NAMESPACE}")
        elif not self.frames or self.frames[-1].key == "":
            self._begin_resource(local, attributes)
        else:
            self._begin_child(self.frames[-1], local, attributes)

    def _start_narrative(self, name: str, attributes: dict[str, str]) -> None:
        """Takes the narrative as written if it declares its own namespace; otherwise rewrites it without prefixes."""
        self.begin = self.parser.CurrentByteIndex
        if not self.frames or "div" not in self.frames[-1].slots:
            raise self.make_error("a narrative isn't allowed here")
        self.narrative = 1
        self.pieces = None if declares_namespace(self.text, self.begin) else Pieces()
        if self.pieces is not None:
            self.pieces.start(name, attributes)

    def _begin_resource(self, type: str, attributes: dict[str, str]) -> None:
        if type not in known_types(self.version):
            raise self.make_error(f"<{type}> is not a resource of this version")
        frame = _Frame(type, None, load_layout(self.version, type), {"resourceType": type})
        self._read_attributes(frame, attributes)
        self.frames.append(frame)

    def _begin_child(self, parent: _Frame, local: str, attributes: dict[str, str]) -> None:
        slot = parent.slots.get(local)
        if slot is None or slot.kind in ("attribute", "xhtml"):
            self.unknown = 1
            parent.node[local] = attributes.get("value", {})
            return
        if slot.kind == "resource":
            frame = _Frame("", slot, {}, {})
        elif slot.kind == "primitive":
            frame = _Frame(local, slot, inside_primitive(self.version), {})
        else:
            frame = _Frame(local, slot, load_layout(self.version, slot.path), {})
        self._read_attributes(frame, attributes)
        self.frames.append(frame)

    def _read_attributes(self, frame: _Frame, attributes: dict[str, str]) -> None:
        for name, value in attributes.items():
            slot = frame.slots.get(name)
            if name == "value" and frame.slot is not None and frame.slot.kind == "primitive":
                frame.value = _convert_to_json_value(frame.slot.type, value)
            elif slot is not None and slot.kind == "attribute":
                frame.node[name] = value
            elif not name.startswith(_XSI):
                raise self.make_error(f"{frame.key or 'a resource'} has no attribute {name}")

    def _read_text(self, text: str) -> None:
        if self.narrative and self.pieces is not None:
            self.pieces.data(text)
        if not self.narrative and not self.unknown and not text.isspace():
            raise self.make_error("text between elements is not allowed; values are attributes")

    def _end(self, name: str) -> None:
        if self.unknown:
            self.unknown -= 1
        elif self.narrative:
            self.narrative -= 1
            if self.pieces is not None:
                self.pieces.end(name)
            if not self.narrative:
                self.frames[-1].node["div"] = self._take_narrative()
                self.pieces = None
        else:
            self._close_element(self.frames.pop())

    def _take_narrative(self) -> str:
        if self.pieces is not None:
            return self.pieces.text()
        return self.text[self.begin : self.text.index(b">", self.parser.CurrentByteIndex) + 1].decode()

    def _close_element(self, frame: _Frame) -> None:
        for key in frame.extended:
            _drop_empty_lists(frame.node, key)
        if not self.frames:
            self.found = frame.node
        elif frame.slot is None:
            if self.frames[-1].node:
                raise self.make_error("an element can contain only one resource")
            self.frames[-1].node = frame.node
        else:
            self._add_to_parent(self.frames[-1], frame, frame.slot)

    def _add_to_parent(self, parent: _Frame, frame: _Frame, slot: XmlElement) -> None:
        node, key = parent.node, slot.key
        if slot.kind != "primitive":
            self._add_value(node, slot, frame.node)
        elif slot.many:
            parent.extended.add(key)
            node.setdefault(key, []).append(frame.value)
            node.setdefault("_" + key, []).append(frame.node or None)
        else:
            if frame.node:
                self._add_value(node, slot._replace(key="_" + key), frame.node)
            if frame.value is not None or not frame.node:
                self._add_value(node, slot, "" if frame.value is None else frame.value)

    def _add_value(self, node: dict[str, Any], slot: XmlElement, value: Any) -> None:
        if slot.many:
            node.setdefault(slot.key, []).append(value)
        elif slot.key in node:
            raise self.make_error(f"{slot.key.removeprefix('_')} must not repeat")
        else:
            node[slot.key] = value


def _drop_empty_lists(node: dict[str, Any], key: str) -> None:
    """Removes lists that contain only None."""
    for name in (key, "_" + key):
        if all(item is None for item in node[name]):
            del node[name]


def _convert_to_json_value(type: str, text: str) -> Any:
    """Returns the value as JSON has it. Invalid values stay text, and validation reports them."""
    if type == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if type in _INTEGERS:
        return int(text) if _WHOLE(text) else text
    if type == "decimal" and _NUMBER(text):
        return int(text) if text.isascii() and text.lstrip("-").isdigit() and len(text) < 19 and text != "-0" else Decimal(text)
    return text
