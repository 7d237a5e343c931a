"""Reads the facts stored next to a body for the second access check: two lines of JSON, patients and codes.

`query/saving.py` writes them.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from sickbay.kernel.memoize import cache_results

Codes: TypeAlias = tuple[tuple[str, str | None, str], ...]

_patients = msgspec.json.Decoder(tuple[str, ...])
_codes = msgspec.json.Decoder(tuple[tuple[str, str | None, str], ...])


NONE = "[]\n[]"


def patients_of(facts: str) -> tuple[str, ...]:
    return _patients_in(facts.partition("\n")[0])


def codes_of(facts: str) -> Codes:
    return _codes_in(facts.partition("\n")[2])


@cache_results(16384)
def _patients_in(line: str) -> tuple[str, ...]:
    return _patients.decode(line)


@cache_results(16384)
def _codes_in(line: str) -> Codes:
    """Decode the codes. Most resources share a few distinct values, so most calls return a cached result."""
    return _codes.decode(line)
