"""The invariants of the core that every server can hold: few, exact, and the same in all versions unless named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Json = dict[str, Any]


class Invariant(NamedTuple):
    """key: as the specification has it. holds: of the value at the path it is listed under, valid or not."""

    key: str
    text: str
    holds: Callable[[Json], bool]
    versions: tuple[str, ...] | None = None
    """Those that have it; None: all."""


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

_R4 = ("r4", "r4b")
_BEFORE_R5 = ("dstu2", "stu3", "r4", "r4b")
_SINCE_R4 = ("r4", "r4b", "r5")
_SINCE_STU3 = ("stu3", "r4", "r4b", "r5")


def _coded(one: Json, name: str, code: str) -> bool:
    """Whether a CodeableConcept there has this code, in whichever system."""
    held = one.get(name)
    codings = held.get("coding") if isinstance(held, dict) else None
    return isinstance(codings, list) and any(isinstance(each, dict) and each.get("code") == code for each in codings)


def _codings(one: Any) -> set[tuple[Any, Any]]:
    concept = one.get("code") if isinstance(one, dict) else None
    held = concept.get("coding") if isinstance(concept, dict) else None
    told = [each for each in held if isinstance(each, dict)] if isinstance(held, list) else []
    return {(str(each.get("system")), str(each.get("code"))) for each in told}


def _said_once(one: Json) -> bool:
    components = one.get("component")
    if not isinstance(components, list) or not any(key.startswith("value") for key in one):
        return True
    own = _codings(one)
    return not any(own & _codings(each) for each in components)


def _one_end(one: Json) -> bool:
    return ("start" in one) == ("end" in one)


def _has_a_time(one: Json) -> bool:
    return ("start" in one and "end" in one) or one.get("status") in ("proposed", "cancelled", "waitlist")


def _entries(one: Json) -> list[Json]:
    held = one.get("entry")
    return [each for each in held if isinstance(each, dict)] if isinstance(held, list) else []


def _only(name: str, *types: str) -> Callable[[Json], bool]:
    return lambda one: one.get("type") in types or not any(name in each for each in _entries(one))


def _requested(one: Json) -> bool:
    return one.get("type") not in _REQUESTS or all("request" in each for each in _entries(one))


def _as(type: str, holds: Callable[[Json], bool]) -> Callable[[Json], bool]:
    """What a Bundle of a type must be besides."""
    return lambda one: one.get("type") != type or holds(one)


def _is_named(one: Json) -> bool:
    held = one.get("identifier")
    return isinstance(held, dict) and "system" in held and "value" in held


def _begins(type: str) -> Callable[[Json], bool]:
    def holds(one: Json) -> bool:
        first = (_entries(one) or [{}])[0].get("resource")
        return isinstance(first, dict) and first.get("resourceType") == type

    return holds


def _abated(one: Json) -> bool:
    ended = any(key.startswith("abatement") for key in one)
    return not ended or any(_coded(one, "clinicalStatus", code) for code in ("resolved", "remission", "inactive"))


def _mistaken(one: Json) -> bool:
    return _coded(one, "verificationStatus", "entered-in-error")


def _with(name: str, *others: str) -> Callable[[Json], bool]:
    """Where there is `name`, one of the others is."""
    return lambda one: name not in one or any(each in one for each in others)


def _some(*names: str) -> Callable[[Json], bool]:
    return lambda one: any(each in one for each in names)


def _not_both(name: str, other: str) -> Callable[[Json], bool]:
    return lambda one: name not in one or other not in one


_REQUESTS = ("batch", "transaction", "history")
_BUNDLE = (
    Invariant(
        "bdl-1",
        "only a searchset or a history has a total",
        lambda one: "total" not in one or one.get("type") in ("searchset", "history"),
    ),
    Invariant("bdl-2", "only entries of a searchset have search", _only("search", "searchset")),
    Invariant("bdl-3", "only entries of a batch, a transaction or a history have a request", _only("request", *_REQUESTS)),
    Invariant("bdl-3", "each entry of a batch, a transaction or a history has a request", _requested, _SINCE_R4),
    Invariant(
        "bdl-4",
        "only entries of a batch-response, a transaction-response or a history have a response",
        _only("response", "batch-response", "transaction-response", "history"),
    ),
    Invariant("bdl-9", "a document has an identifier with a system and a value", _as("document", _is_named), _SINCE_R4),
    Invariant("bdl-10", "a document has a timestamp", _as("document", _some("timestamp")), _SINCE_R4),
    Invariant("bdl-11", "a document begins with a Composition", _as("document", _begins("Composition")), _SINCE_R4),
    Invariant("bdl-12", "a message begins with a MessageHeader", _as("message", _begins("MessageHeader")), _SINCE_R4),
)
_CONDITION = (
    Invariant("con-4", "what has abated is inactive, in remission or resolved", _abated, _R4),
    Invariant(
        "con-5",
        "what was entered in error has no clinicalStatus",
        lambda one: not _mistaken(one) or "clinicalStatus" not in one,
        _R4,
    ),
)
_ALLERGY = (
    Invariant(
        "ait-1",
        "what was not entered in error has a clinicalStatus",
        lambda one: _mistaken(one) or "clinicalStatus" in one,
        _R4,
    ),
    Invariant(
        "ait-2",
        "what was entered in error has no clinicalStatus",
        lambda one: not _mistaken(one) or "clinicalStatus" not in one,
        _R4,
    ),
)
_APPOINTMENT = (
    Invariant("app-2", "start and end come together", _one_end),
    Invariant("app-3", "what is neither proposed nor cancelled has a start and an end", _has_a_time),
)
_SECTION = (
    Invariant("cmp-1", "a section needs text, entries or sections of its own", _some("text", "entry", "section")),
    Invariant("cmp-2", "emptyReason must not stand beside entries", _not_both("emptyReason", "entry")),
)
_REPEAT = (
    Invariant("tim-1", "a duration needs its unit", _with("duration", "durationUnit", "durationUnits")),
    Invariant("tim-2", "a period needs its unit", _with("period", "periodUnit", "periodUnits")),
)

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
    "Attachment": (Invariant("att-1", "data need a contentType", lambda one: "data" not in one or "contentType" in one),),
    "Observation": (
        _ABSENT,
        Invariant("obs-7", "what a component has is not said by the value too", _said_once, _SINCE_STU3),
    ),
    "Observation.referenceRange": (Invariant("obs-3", "it needs low, high or text", _some("low", "high", "text")),),
    "Patient.contact": (_CONTACT,),
    "AllergyIntolerance": _ALLERGY,
    "Appointment": _APPOINTMENT,
    "Appointment.participant": (Invariant("app-1", "it needs a type or an actor", _some("type", "actor")),),
    "Bundle": _BUNDLE,
    "Bundle.entry": (
        Invariant("bdl-5", "it needs a resource, a request or a response", _some("resource", "request", "response")),
    ),
    "CarePlan.activity": (
        Invariant("cpl-3", "detail must not stand beside reference", _not_both("detail", "reference"), _BEFORE_R5),
    ),
    "Composition.section": _SECTION,
    "Condition": _CONDITION,
    "Group": (
        Invariant(
            "grp-1",
            "only an actual group has members",
            lambda one: one.get("actual") is True or "member" not in one,
            _BEFORE_R5,
        ),
    ),
    "List": (Invariant("lst-1", "emptyReason must not stand beside entries", _not_both("emptyReason", "entry")),),
    "Organization": (Invariant("org-1", "it needs a name or an identifier", _some("name", "_name", "identifier")),),
    "ServiceRequest": (Invariant("prr-1", "orderDetail needs a code", _with("orderDetail", "code"), _R4),),
    "Timing.repeat": _REPEAT,
}
"""Path -> what must hold there."""


def of(version: str, path: str) -> tuple[Invariant, ...]:
    return tuple(one for one in EVERYWHERE.get(path, ()) if one.versions is None or version in one.versions)
