"""The invariants of FHIR core that every server can check: few, exact, and the same in all versions unless listed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Json = dict[str, Any]


class Invariant(NamedTuple):
    """key: as in the specification. holds: checks a value at the path it is listed under, which may be invalid."""

    key: str
    text: str
    holds: Callable[[Json], bool]
    versions: tuple[str, ...] | None = None
    """The versions that have it; None: all."""


def _has_value(value: Json) -> bool:
    return any(key.lstrip("_").startswith("value") for key in value)


def _value_or_nested(value: Json) -> bool:
    return _has_value(value) != ("extension" in value)


def _is_ordered(period: Json) -> bool:
    """Compares start and end at their common precision, and only in the same zone. Other cases are uncertain, so they pass."""
    start, end = period.get("start"), period.get("end")
    if not isinstance(start, str) or not isinstance(end, str) or start[19:] != end[19:]:
        return True
    size = min(len(start), len(end))
    return start[:size] <= end[:size]


def _range_is_ordered(value: Json) -> bool:
    low, high = (value.get(key, {}) for key in ("low", "high"))
    if not isinstance(low, dict) or not isinstance(high, dict) or low.get("code") != high.get("code"):
        return True
    below, above = low.get("value"), high.get("value")
    return not isinstance(below, (int, float)) or not isinstance(above, (int, float)) or below <= above


def _ratio_is_complete(ratio: Json) -> bool:
    return ("numerator" in ratio) == ("denominator" in ratio) and ("numerator" in ratio or "extension" in ratio)


def _has_no_value_twice(observation: Json) -> bool:
    return "dataAbsentReason" not in observation or not any(key.startswith("value") for key in observation)


def _contact_is_complete(contact: Json) -> bool:
    return any(key in contact for key in ("name", "telecom", "address", "organization"))


_PERIOD = Invariant("per-1", "start must not be after end", _is_ordered)
_QUANTITY = Invariant("qty-3", "a code needs a system", lambda quantity: "code" not in quantity or "system" in quantity)
_ABSENT = Invariant("obs-6", "dataAbsentReason is not allowed together with a value", _has_no_value_twice)
_CONTACT = Invariant("pat-1", "a contact needs a name, telecom, address or organization", _contact_is_complete)

_R4 = ("r4", "r4b")
_BEFORE_R5 = ("dstu2", "stu3", "r4", "r4b")
_SINCE_R4 = ("r4", "r4b", "r5")
_SINCE_STU3 = ("stu3", "r4", "r4b", "r5")


def _has_code(value: Json, name: str, code: str) -> bool:
    """Whether the CodeableConcept `name` has this code, in any system."""
    concept = value.get(name)
    codings = concept.get("coding") if isinstance(concept, dict) else None
    return isinstance(codings, list) and any(isinstance(coding, dict) and coding.get("code") == code for coding in codings)


def _set_of_codings(value: Any) -> set[tuple[Any, Any]]:
    concept = value.get("code") if isinstance(value, dict) else None
    listed = concept.get("coding") if isinstance(concept, dict) else None
    codings = [coding for coding in listed if isinstance(coding, dict)] if isinstance(listed, list) else []
    return {(str(coding.get("system")), str(coding.get("code"))) for coding in codings}


def _component_codes_differ(observation: Json) -> bool:
    components = observation.get("component")
    if not isinstance(components, list) or not any(key.startswith("value") for key in observation):
        return True
    own = _set_of_codings(observation)
    return not any(own & _set_of_codings(component) for component in components)


def _both_or_neither_end(appointment: Json) -> bool:
    return ("start" in appointment) == ("end" in appointment)


def _has_a_time(appointment: Json) -> bool:
    return ("start" in appointment and "end" in appointment) or appointment.get("status") in (
        "proposed",
        "cancelled",
        "waitlist",
    )


def _entries_of(bundle: Json) -> list[Json]:
    entries = bundle.get("entry")
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _allow_only_in_types(name: str, *types: str) -> Callable[[Json], bool]:
    return lambda bundle: bundle.get("type") in types or not any(name in entry for entry in _entries_of(bundle))


def _has_requests(bundle: Json) -> bool:
    return bundle.get("type") not in _REQUESTS or all("request" in entry for entry in _entries_of(bundle))


def _limit_to_type(type: str, holds: Callable[[Json], bool]) -> Callable[[Json], bool]:
    """Applies a check only to Bundles of a type."""
    return lambda bundle: bundle.get("type") != type or holds(bundle)


def _has_identifier(bundle: Json) -> bool:
    identifier = bundle.get("identifier")
    return isinstance(identifier, dict) and "system" in identifier and "value" in identifier


def _begins_with(type: str) -> Callable[[Json], bool]:
    def holds(bundle: Json) -> bool:
        first = (_entries_of(bundle) or [{}])[0].get("resource")
        return isinstance(first, dict) and first.get("resourceType") == type

    return holds


def _has_abatement_if_ended(condition: Json) -> bool:
    ended = any(key.startswith("abatement") for key in condition)
    return not ended or any(_has_code(condition, "clinicalStatus", code) for code in ("resolved", "remission", "inactive"))


def _is_entered_in_error(resource: Json) -> bool:
    return _has_code(resource, "verificationStatus", "entered-in-error")


def _requires_any_with(name: str, *others: str) -> Callable[[Json], bool]:
    """If `name` is there, one of the others must be too."""
    return lambda value: name not in value or any(other in value for other in others)


def _has_any(*names: str) -> Callable[[Json], bool]:
    return lambda value: any(name in value for name in names)


def _has_at_most_one(name: str, other: str) -> Callable[[Json], bool]:
    return lambda value: name not in value or other not in value


_REQUESTS = ("batch", "transaction", "history")
_BUNDLE = (
    Invariant(
        "bdl-1",
        "only a searchset or a history has a total",
        lambda bundle: "total" not in bundle or bundle.get("type") in ("searchset", "history"),
    ),
    Invariant("bdl-2", "only entries of a searchset have search", _allow_only_in_types("search", "searchset")),
    Invariant(
        "bdl-3",
        "only entries of a batch, a transaction or a history have a request",
        _allow_only_in_types("request", *_REQUESTS),
    ),
    Invariant("bdl-3", "each entry of a batch, a transaction or a history has a request", _has_requests, _SINCE_R4),
    Invariant(
        "bdl-4",
        "only entries of a batch-response, a transaction-response or a history have a response",
        _allow_only_in_types("response", "batch-response", "transaction-response", "history"),
    ),
    Invariant(
        "bdl-9",
        "a document has an identifier with a system and a value",
        _limit_to_type("document", _has_identifier),
        _SINCE_R4,
    ),
    Invariant("bdl-10", "a document has a timestamp", _limit_to_type("document", _has_any("timestamp")), _SINCE_R4),
    Invariant(
        "bdl-11", "a document begins with a Composition", _limit_to_type("document", _begins_with("Composition")), _SINCE_R4
    ),
    Invariant(
        "bdl-12", "a message begins with a MessageHeader", _limit_to_type("message", _begins_with("MessageHeader")), _SINCE_R4
    ),
)
_CONDITION = (
    Invariant("con-4", "an abated condition must be inactive, in remission or resolved", _has_abatement_if_ended, _R4),
    Invariant(
        "con-5",
        "a condition entered in error must not have a clinicalStatus",
        lambda condition: not _is_entered_in_error(condition) or "clinicalStatus" not in condition,
        _R4,
    ),
)
_ALLERGY = (
    Invariant(
        "ait-1",
        "an allergy must have a clinicalStatus, unless it was entered in error",
        lambda allergy: _is_entered_in_error(allergy) or "clinicalStatus" in allergy,
        _R4,
    ),
    Invariant(
        "ait-2",
        "an allergy entered in error must not have a clinicalStatus",
        lambda allergy: not _is_entered_in_error(allergy) or "clinicalStatus" not in allergy,
        _R4,
    ),
)
_APPOINTMENT = (
    Invariant("app-2", "start and end must be present together", _both_or_neither_end),
    Invariant("app-3", "start and end are required unless the status is proposed, cancelled or waitlist", _has_a_time),
)
_SECTION = (
    Invariant("cmp-1", "a section needs text, entries or nested sections", _has_any("text", "entry", "section")),
    Invariant("cmp-2", "emptyReason is not allowed together with entries", _has_at_most_one("emptyReason", "entry")),
)
_REPEAT = (
    Invariant("tim-1", "a duration needs its unit", _requires_any_with("duration", "durationUnit", "durationUnits")),
    Invariant("tim-2", "a period needs its unit", _requires_any_with("period", "periodUnit", "periodUnits")),
)

EVERYWHERE: dict[str, tuple[Invariant, ...]] = {
    "Extension": (Invariant("ext-1", "an extension must have either a value or nested extensions", _value_or_nested),),
    "Period": (_PERIOD,),
    "Quantity": (_QUANTITY,),
    "Age": (_QUANTITY,),
    "Count": (_QUANTITY,),
    "Distance": (_QUANTITY,),
    "Duration": (_QUANTITY,),
    "Range": (Invariant("rng-2", "low must not be above high", _range_is_ordered),),
    "Ratio": (Invariant("rat-1", "numerator and denominator must be present together", _ratio_is_complete),),
    "ContactPoint": (
        Invariant("cpt-2", "a value needs a system", lambda contact: "value" not in contact or "system" in contact),
    ),
    "Attachment": (
        Invariant(
            "att-1", "data needs a contentType", lambda attachment: "data" not in attachment or "contentType" in attachment
        ),
    ),
    "Observation": (
        _ABSENT,
        Invariant("obs-7", "value must be absent if a component has the same code", _component_codes_differ, _SINCE_STU3),
    ),
    "Observation.referenceRange": (Invariant("obs-3", "it needs low, high or text", _has_any("low", "high", "text")),),
    "Patient.contact": (_CONTACT,),
    "AllergyIntolerance": _ALLERGY,
    "Appointment": _APPOINTMENT,
    "Appointment.participant": (Invariant("app-1", "it needs a type or an actor", _has_any("type", "actor")),),
    "Bundle": _BUNDLE,
    "Bundle.entry": (
        Invariant("bdl-5", "it needs a resource, a request or a response", _has_any("resource", "request", "response")),
    ),
    "CarePlan.activity": (
        Invariant(
            "cpl-3", "detail is not allowed together with reference", _has_at_most_one("detail", "reference"), _BEFORE_R5
        ),
    ),
    "Composition.section": _SECTION,
    "Condition": _CONDITION,
    "Group": (
        Invariant(
            "grp-1",
            "only an actual group has members",
            lambda group: group.get("actual") is True or "member" not in group,
            _BEFORE_R5,
        ),
    ),
    "List": (Invariant("lst-1", "emptyReason is not allowed together with entries", _has_at_most_one("emptyReason", "entry")),),
    "Organization": (Invariant("org-1", "it needs a name or an identifier", _has_any("name", "_name", "identifier")),),
    "ServiceRequest": (Invariant("prr-1", "orderDetail needs a code", _requires_any_with("orderDetail", "code"), _R4),),
    "Timing.repeat": _REPEAT,
}
"""Path -> invariants of the value at that path."""


def invariants_of(version: str, path: str) -> tuple[Invariant, ...]:
    return tuple(
        invariant for invariant in EVERYWHERE.get(path, ()) if invariant.versions is None or version in invariant.versions
    )
