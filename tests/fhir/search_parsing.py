"""Shortcuts to parse a search."""

from __future__ import annotations

from sickbay.fhir.search.parser import parse
from sickbay.fhir.search.query import Filter, Query

BASE = "http://h/general/r4"


def asked(type: str, *pairs: tuple[str, str], version: str = "r4", strict: bool = False) -> Query:
    found = parse(version, type, pairs, base=BASE, strict=strict)
    assert isinstance(found, Query), found
    return found


def only(type: str, name: str, text: str) -> Filter:
    (found,) = asked(type, (name, text)).filters
    return found
