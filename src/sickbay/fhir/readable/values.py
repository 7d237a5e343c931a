"""Writes a value of a FHIR datatype as one line of text, and its codes as a second one.

Stored resources may be older than the checks of this version, so a value may be any JSON.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from sickbay.fhir.readable.dates import describe_date, describe_period
from sickbay.kernel import english

Json = Mapping[str, Any]
CODINGS: Final = 8
"""Maximum number of codings shown for a concept. The text says how many more there are."""


def text_of(value: Any) -> str:
    """Returns a primitive value as text; "" for an object, a list or null."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None or isinstance(value, (dict, list)) else str(value)


def object_of(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    """Returns the items of a list; a single value counts as a list of one."""
    return value if isinstance(value, list) else [] if value is None else [value]


@cache
def _system_names() -> Mapping[str, str]:
    return tomllib.loads((Path(__file__).parent / "systems.toml").read_text())


def name_system(system: str) -> str:
    """Returns the short name of a code system: a known name, or the last part of its URL if that is meaningful."""
    known = _system_names().get(system)
    if known is not None:
        return known
    return system.rpartition("/")[2] if "/CodeSystem/" in system or system.startswith("http://hl7.org/fhir/") else system


def _join_texts(*parts: Any, by: str = " ") -> str:
    return by.join(part for part in map(text_of, parts) if part)


def describe_name(name: Json) -> str:
    """Returns a HumanName as text. DSTU2 has lists of family names."""
    parts = [text_of(part) for key in ("prefix", "given", "family", "suffix") for part in list_of(name.get(key))]
    return _join_texts(*parts) or text_of(name.get("text"))


def describe_address(address: Json) -> str:
    lines = [text_of(line) for line in list_of(address.get("line"))]
    place = _join_texts(address.get("city"), _join_texts(address.get("state"), address.get("postalCode")), by=", ")
    return _join_texts(*lines, place, address.get("country"), by=", ") or text_of(address.get("text"))


def describe_coding(coding: Json) -> str:
    return text_of(coding.get("display")) or text_of(coding.get("code"))


def describe_concept(concept: Json) -> str:
    described = (describe_coding(object_of(coding)) for coding in list_of(concept.get("coding")))
    return text_of(concept.get("text")) or next(filter(None, described), "")


def list_codes(codings: Sequence[Any]) -> str:
    """Returns each code with the name of its system."""
    named = [
        _join_texts(name_system(text_of(coding.get("system"))), coding.get("code"))
        for coding in map(object_of, codings[:CODINGS])
    ]
    more = len(codings) - CODINGS
    return ", ".join([*filter(None, named), *([f"{more} more"] if more > 0 else [])])


def describe_quantity(quantity: Json) -> str:
    """Returns a Quantity, one of its specializations, or Money as text."""
    unit = _join_texts(quantity.get("unit") or quantity.get("currency") or quantity.get("code"))
    value = f"{text_of(quantity.get('comparator'))}{text_of(quantity.get('value'))}"
    return value + (unit if unit == "%" and value else f" {unit}" if value and unit else unit)


def describe_range(value: Json) -> str:
    low, high = (describe_quantity(object_of(value.get(end))) for end in ("low", "high"))
    return f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}" if high else ""


def describe_ratio(value: Json) -> str:
    return _join_texts(*(describe_quantity(object_of(value.get(part))) for part in ("numerator", "denominator")), by=" per ")


def describe_reference(reference: Json) -> str:
    """Returns the display or, if there is none, the reference or identifier."""
    identifier = object_of(reference.get("identifier"))
    return _join_texts(reference.get("display")) or _join_texts(reference.get("reference")) or describe_identifier(identifier)


def describe_identifier(identifier: Json) -> str:
    return text_of(identifier.get("value")) or text_of(identifier.get("system"))


def describe_contact(contact: Json) -> str:
    return text_of(contact.get("value"))


def describe_attachment(attachment: Json) -> str:
    """Returns title, content type and size, but never the content itself."""
    size, data = attachment.get("size"), attachment.get("data")
    number = size if isinstance(size, int) else len(data) * 3 // 4 if isinstance(data, str) else None
    name = text_of(attachment.get("title")) or text_of(attachment.get("contentType")) or text_of(attachment.get("url"))
    kind = text_of(attachment.get("contentType"))
    return _join_texts(name, kind if kind != name else "", english.describe_size(number) if number is not None else "", by=", ")


def describe_annotation(annotation: Json) -> str:
    author = text_of(annotation.get("authorString")) or describe_reference(object_of(annotation.get("authorReference")))
    written = _join_texts(author, describe_date(text_of(annotation.get("time"))), by=", ")
    return text_of(annotation.get("text")) + (f" ({written})" if written else "")


def describe_timing(timing: Json) -> str:
    """Returns the code or the repetition of a Timing: '2 times every 1 d'."""
    repeat = object_of(timing.get("repeat"))
    unit = text_of(repeat.get("periodUnit") or repeat.get("periodUnits"))
    times, period = text_of(repeat.get("frequency")), text_of(repeat.get("period"))
    rhythm = f"{times or '1'} {'time' if times in ('', '1') else 'times'} every {period} {unit}" if period else ""
    events = ", ".join(describe_date(text_of(event)) for event in list_of(timing.get("event"))[:CODINGS])
    return rhythm or describe_concept(object_of(timing.get("code"))) or events


def describe_usage(usage: Json) -> str:
    context = describe_coding(object_of(usage.get("code")))
    return _join_texts(context, describe_concept(object_of(usage.get("valueCodeableConcept"))), by=": ")


def _describe_codeable_reference(value: Json) -> str:
    return describe_concept(object_of(value.get("concept"))) or describe_reference(object_of(value.get("reference")))


def _describe_period(period: Json) -> str:
    return describe_period(text_of(period.get("start")), text_of(period.get("end")))


DESCRIBE: Final[Mapping[str, Callable[[Json], str]]] = {
    "HumanName": describe_name,
    "Address": describe_address,
    "ContactPoint": describe_contact,
    "CodeableConcept": describe_concept,
    "CodeableReference": _describe_codeable_reference,
    "Coding": describe_coding,
    "Identifier": describe_identifier,
    "Period": _describe_period,
    "Range": describe_range,
    "Ratio": describe_ratio,
    "Reference": describe_reference,
    "Attachment": describe_attachment,
    "Annotation": describe_annotation,
    "Timing": describe_timing,
    "UsageContext": describe_usage,
    **dict.fromkeys(
        ("Quantity", "SimpleQuantity", "Money", "Age", "Count", "Distance", "Duration", "MoneyQuantity"), describe_quantity
    ),
}
"""Datatypes that are shown as one line of text. All others are listed element by element."""
DATES: Final = frozenset(("date", "dateTime", "instant"))


def describe_value(type: str, value: Any) -> str:
    """Returns one line of text for a value; "" if one line can't describe it."""
    if isinstance(value, dict):
        known = DESCRIBE.get(type)
        return known(value) if known is not None else ""
    text = text_of(value)
    return describe_date(text) if type in DATES else text


def describe_codes(type: str, value: Any) -> str:
    """Returns the details behind the text: codes of a concept, system of an identifier, use of a contact or name."""
    members = object_of(value)
    match type:
        case "CodeableConcept":
            return list_codes(list_of(members.get("coding")))
        case "CodeableReference":
            return list_codes(list_of(object_of(members.get("concept")).get("coding")))
        case "Coding":
            return list_codes([members])
        case "Identifier":
            kind = describe_concept(object_of(members.get("type")))
            return _join_texts(kind, name_system(text_of(members.get("system"))), by=", ")
        case "ContactPoint":
            return _join_texts(members.get("system"), members.get("use"), by=", ")
        case "HumanName" | "Address":
            period = _describe_period(object_of(members.get("period")))
            return _join_texts(members.get("use"), period, by=", ")
        case "Reference":
            shown = text_of(members.get("reference"))
            return shown if text_of(members.get("display")) else ""
        case "Attachment":
            return text_of(members.get("url"))
    return ""
