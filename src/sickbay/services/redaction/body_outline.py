"""Describes a body without any of its values: type, number of bytes, and a short outline of its structure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from sickbay.services.redaction import vocabulary as known

SHOWN_NAMES = 8
"""Maximum number of names in an outline."""
READ = 262_144
"""Maximum number of characters of a body that are parsed for its outline."""
_PART = re.compile(r"""\bname\s*=\s*"?([\w.-]{1,40})""")
_ROOT = re.compile(r"<(?:\w+:)?([A-Za-z]{2,60})[\s>/]")
_FORM = re.compile(r"[^\s=&<>{}\[\]\"]{1,60}=")


def outline_body(body: str, content_type: str = "") -> str:
    """For example: ‹not kept: 214 bytes of JSON, an object with 3 members (grant_type, code, client_secret)›."""
    size = len(body.encode("utf-8", "surrogatepass"))
    return f"‹not kept: {size} byte{'' if size == 1 else 's'} of {_kind_of(body, content_type.lower())}›"


def _kind_of(body: str, content_type: str) -> str:
    text = body.lstrip("\ufeff \t\r\n")
    if text[:1] in ("{", "[") or "json" in content_type:
        return _outline_json(text)
    if text[:1] == "<" or "xml" in content_type:
        return _outline_xml(text)
    if "multipart" in content_type or text.startswith("--"):
        return f"a multipart form{_summarise_names(_PART.findall(body[:READ]), 'field')}"
    if "\ufffd" in body or "\x00" in body:
        return "binary data"
    if "x-www-form-urlencoded" in content_type or _FORM.match(text):
        names = [pair.partition("=")[0] for pair in text[:READ].split("&") if pair]
        return f"a form{_summarise_names(names, 'parameter')}"
    return "text"


def _outline_json(text: str) -> str:
    if len(text) > READ:
        return "JSON"
    try:
        document = json.loads(text)
    except RecursionError:
        return "JSON that is nested too deeply"
    except json.JSONDecodeError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > 1 and all(_is_json(line) for line in lines[:20]):
            return f"NDJSON, {len(lines)} lines"
        if not text:
            return "JSON that is empty"
        return f"JSON that cannot be parsed (line {error.lineno}, column {error.colno})"
    except ValueError:
        return "JSON that cannot be parsed"
    if isinstance(document, dict):
        kind = document.get("resourceType")
        if isinstance(kind, str):
            return f"JSON, a FHIR {kind}" if kind in known.TYPES else "JSON, a FHIR resource"
        return f"JSON, an object{_summarise_names(document, 'member')}"
    if isinstance(document, list):
        return f"JSON, an array of {len(document)}"
    return "JSON, a string" if isinstance(document, str) else "JSON, a single value"


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _outline_xml(text: str) -> str:
    root = _ROOT.search(text[:READ])
    return f"XML, a FHIR {root[1]}" if root and root[1] in known.TYPES else "XML"


def _summarise_names(names: Iterable[str], what: str) -> str:
    """Returns the number of names, and the well-known ones."""
    all_names = list(names)
    shown = list(dict.fromkeys(name for name in all_names if known.letters_of(name) in known.list_names() and name.isascii()))
    listed = ", ".join(shown[:SHOWN_NAMES]) + (", …" if len(shown) > SHOWN_NAMES else "")
    summary = f" with {len(all_names)} {what}{'' if len(all_names) == 1 else 's'}"
    return f"{summary} ({listed})" if listed else summary
