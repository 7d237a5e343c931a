"""Writes a resource as XML (R4, 2.6.1) with the tables of its version. Decimals, dates and narratives stay as written."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import Any

from sickbay.fhir.xml.entities import replace_named_characters
from sickbay.fhir.xml.layout import NAMESPACE, XHTML, XmlElement, inside_primitive, load_layout

_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff￾￿]")
_ESCAPED = {ord(letter): f"&#{ord(letter)};" for letter in "\t\n\r"} | {
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord('"'): "&quot;",
}
_BARE = re.compile(r"<div(?=[\s/>])(?![^>]*\sxmlns\s*=)")


def dumps(version: str, resource: dict[str, Any], *, pretty: bool = False) -> bytes:
    """Returns UTF-8 with an XML declaration. Omits elements that the version doesn't have, and comments in DSTU2's JSON."""
    writer = _Writer(version, pretty)
    writer.resource(resource, 0, f' xmlns="{NAMESPACE}"')
    return ('<?xml version="1.0" encoding="UTF-8"?>' + "".join(writer.parts)).encode("utf-8", "replace")


class _Writer:
    def __init__(self, version: str, pretty: bool) -> None:
        self.version, self.pretty = version, pretty
        self.parts: list[str] = []

    def line(self, depth: int) -> None:
        if self.pretty:
            self.parts.append("\n" + "  " * depth)

    def resource(self, resource: dict[str, Any], depth: int, attributes: str = "") -> None:
        type = str(resource.get("resourceType"))
        self._write_element(type, load_layout(self.version, type), resource, depth, attributes)

    def _write_element(
        self, name: str, slots: dict[str, XmlElement], value: dict[str, Any], depth: int, attributes: str
    ) -> None:
        """Writes an element with all members of `value`, in the order of the slots."""
        for slot in slots.values():
            if slot.kind == "attribute" and slot.key in value:
                attributes += f' {slot.key}="{_attribute_text(value[slot.key])}"'
        self.line(depth)
        self.parts.append(f"<{name}{attributes}")
        begin = len(self.parts)
        self.parts.append(">")
        for slot in slots.values():
            if slot.kind != "attribute" and (slot.key in value or "_" + slot.key in value):
                self._write_repeating_element(slot, value, depth + 1)
        if len(self.parts) == begin + 1:
            self.parts[begin] = "/>"
            return
        self.line(depth)
        self.parts.append(f"</{name}>")

    def _write_repeating_element(self, slot: XmlElement, parent: dict[str, Any], depth: int) -> None:
        values, extras = _wrap_in_list(parent.get(slot.key)), _wrap_in_list(parent.get("_" + slot.key))
        for value, extra in zip_longest(values, extras):
            self._write_element_or_value(slot, value, extra if isinstance(extra, dict) else {}, depth)

    def _write_element_or_value(self, slot: XmlElement, value: Any, extra: dict[str, Any], depth: int) -> None:
        if slot.kind == "primitive":
            attribute = "" if value is None else f' value="{_attribute_text(value)}"'
            self._write_element(slot.key, inside_primitive(self.version), extra, depth, attribute)
        elif slot.kind == "xhtml":
            self.line(depth)
            self.parts.append(_xml_narrative(str(value)))
        elif isinstance(value, dict) and slot.kind == "resource":
            self.line(depth)
            self.parts.append(f"<{slot.key}>")
            self.resource(value, depth + 1)
            self.line(depth)
            self.parts.append(f"</{slot.key}>")
        elif isinstance(value, dict):
            self._write_element(slot.key, load_layout(self.version, slot.path), value, depth, "")


def _wrap_in_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _attribute_text(value: Any) -> str:
    """Returns an attribute value. Characters that XML doesn't allow become U+FFFD."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _ILLEGAL.sub("�", str(value)).translate(_ESCAPED)


def _xml_narrative(div: str) -> str:
    """Returns the narrative as stored, with HTML entities replaced and the namespace added, which DSTU2's JSON may omit."""
    plain = replace_named_characters(_ILLEGAL.sub("�", div)).strip()
    return f'<div xmlns="{XHTML}"{plain[4:]}' if _BARE.match(plain) else plain
