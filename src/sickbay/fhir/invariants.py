"""The invariants of the core that every server can hold: few, exact, and the same in all versions unless named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Json = dict[str, Any]


class Invariant(NamedTuple):
    """key: as the specification has it. holds: of the value at the path it is listed under."""

    key: str
    text: str
    holds: Callable[[Json], bool]


def _has_value(one: Json) -> bool:
    return any(key.lstrip("_").startswith("value") for key in one)


def _value_or_nested(one: Json) -> bool:
    return _has_value(one) != ("extension" in one)


def _ordered(one: Json) -> bool:
    """Compared as far as both are written, and only within one zone: anything else is not certain."""
    start, end = one.get("start"), one.get("end")
    if not isinstance(start, str) or not isinstance(end, str) or start[19:] != end[19:]:
        return True
    size = min(len(start), len(end))
    return start[:size] <= end[:size]


def _range(one: Json) -> bool:
    low, high = (one.get(key, {}) for key in ("low", "high"))
    if not isinstance(low, dict) or not isinstance(high, dict) or low.get("code") != high.get("code"):
        return True
    below, above = low.get("value"), high.get("value")
    return not isinstance(below, (int, float)) or not isinstance(above, (int, float)) or below <= above


def _ratio(one: Json) -> bool:
    return ("numerator" in one) == ("denominator" in one) and ("numerator" in one or "extension" in one)


def _no_value_twice(one: Json) -> bool:
    return "dataAbsentReason" not in one or not any(key.startswith("value") for key in one)


def _contact(one: Json) -> bool:
    return any(key in one for key in ("name", "telecom", "address", "organization"))


_PERIOD = Invariant("per-1", "start must not be after end", _ordered)
_QUANTITY = Invariant("qty-3", "a code needs a system", lambda one: "code" not in one or "system" in one)
_ABSENT = Invariant("obs-6", "dataAbsentReason must not stand beside a value", _no_value_twice)
_CONTACT = Invariant("pat-1", "a contact needs a name, telecom, address or organization", _contact)

EVERYWHERE: dict[str, tuple[Invariant, ...]] = {
    "Extension": (Invariant("ext-1", "an extension has either a value or extensions of its own", _value_or_nested),),
    "Period": (_PERIOD,),
    "Quantity": (_QUANTITY,),
    "Age": (_QUANTITY,),
    "Count": (_QUANTITY,),
    "Distance": (_QUANTITY,),
    "Duration": (_QUANTITY,),
    "Range": (Invariant("rng-2", "low must not be above high", _range),),
    "Ratio": (Invariant("rat-1", "numerator and denominator come together", _ratio),),
    "ContactPoint": (Invariant("cpt-2", "a value needs a system", lambda one: "value" not in one or "system" in one),),
    "Attachment": (
        Invariant("att-1", "data need a contentType", lambda one: "data" not in one or "contentType" in one),
    ),
    "Observation": (_ABSENT,),
    "Patient.contact": (_CONTACT,),
}
"""Path -> what must hold there."""


def of(path: str) -> tuple[Invariant, ...]:
    return EVERYWHERE.get(path, ())
