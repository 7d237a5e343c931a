"""The headers that make a write conditional, and what Prefer asks for (RFC 9110 13.1, RFC 7240; FHIR R4, 3.1.0.5)."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

Return: TypeAlias = Literal["minimal", "representation", "OperationOutcome"]
_TAG = re.compile(r'(?:W/)?"?(\d{1,18})"?', re.ASCII)
_RETURN = re.compile(r"\breturn\s*=\s*\"?(minimal|representation|OperationOutcome)\b")


def versions(header: str | None) -> tuple[int, ...] | None:
    """The version ids that If-Match names; None where there is no condition: no header, or `*`. A tag of ours is W/"3"."""
    if header is None or header.strip() == "*":
        return None
    found = (_TAG.fullmatch(one.strip()) for one in header.split(","))
    return tuple(int(one[1]) for one in found if one)


def etag(version_id: int) -> str:
    return f'W/"{version_id}"'


def wanted(prefer: str | None) -> Return | None:
    """What the answer to a write should hold; None where nothing is asked."""
    found = _RETURN.search(prefer or "")
    return found[1] if found else None  # type: ignore[return-value]
