"""Helpers to parse a search in tests."""

from __future__ import annotations

from sickbay.fhir.search.parser import parse
from sickbay.fhir.search.query import Filter, Query

BASE = "http://h/general/r4"


def parse_query(type: str, *pairs: tuple[str, str], version: str = "r4", strict: bool = False) -> Query:
    query = parse(version, type, pairs, base=BASE, strict=strict)
    assert isinstance(query, Query), query
    return query


def only(type: str, name: str, text: str) -> Filter:
    (filter,) = parse_query(type, (name, text)).filters
    return filter
