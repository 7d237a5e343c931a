"""One parameter of a search as a Filter: its modifier, its alternatives, and the chain that it may be."""

from __future__ import annotations

from sickbay.fhir.fault import Fault
from sickbay.fhir.query import Filter, SearchParameter, StringValue, Value
from sickbay.fhir.search_parameters import find, known_types, nearest
from sickbay.fhir.search_reading import Reading
from sickbay.fhir.search_values import MODIFIERS, READ, missing, split

DEPTH = 3
"""Parameters in a chain."""
COLUMNS = frozenset({"_id", "_lastUpdated"})
"""What the stores keep beside a resource and not in an index."""


def understood(reading: Reading, parameter: SearchParameter, modifier: str) -> bool:
    if parameter.code in COLUMNS:
        return False
    if modifier == "missing" or parameter.kind != "reference":
        return modifier in ("missing", *MODIFIERS.get(parameter.kind, ()))
    return modifier in known_types(reading.version)


def _unsupported(parameter: SearchParameter, name: str) -> Fault:
    """A modifier that is not understood is refused, however lenient the handling (R4, 3.1.1.4.4)."""
    known = ("Type",) if parameter.kind == "reference" else MODIFIERS.get(parameter.kind, ())
    allowed = (
        "no modifier" if parameter.code in COLUMNS else "with " + ", ".join(f":{one}" for one in ("missing", *known))
    )
    return Fault("fhir-search-unknown-param", name, "", f"{parameter.code}, {allowed}")


def filter_of(reading: Reading, type: str, name: str, text: str, depth: int) -> Filter | Fault:
    """One parameter on `type`, a chain of at most three links included."""
    head, dot, rest = name.partition(".")
    code, _, modifier = head.partition(":")
    parameter = find(reading.version, type, code)
    if parameter is None or parameter.kind not in READ:
        near = nearest(reading.version, type, code)
        return Fault("fhir-search-unknown-param", name, text, near or f"a search parameter of {type}")
    if modifier and not understood(reading, parameter, modifier):
        return _unsupported(parameter, name)
    if dot:
        return _chain(reading, parameter, modifier, rest, text, depth)
    return _values(reading, parameter, modifier or None, text)


def _chain(
    reading: Reading, parameter: SearchParameter, modifier: str, rest: str, text: str, depth: int
) -> Filter | Fault:
    name = f"{parameter.code}.{rest}"
    if parameter.kind != "reference" or modifier == "missing":
        return Fault("fhir-search-unknown-param", name, text, f"{parameter.code}: only a reference can be followed")
    if rest in COLUMNS:
        return Fault("fhir-search-unknown-param", name, text, f"{parameter.code}={text}")
    if depth + 1 >= DEPTH:
        return Fault("fhir-search-unknown-param", name, text, f"a chain of at most {DEPTH} parameters")
    targets = (modifier,) if modifier else parameter.targets
    code = rest.partition(".")[0].partition(":")[0]
    able = [one for one in targets if find(reading.version, one, code)]
    if len(targets) > 1 and len(able) != 1:
        type = "Patient" if "Patient" in targets else (*able, *targets)[0]
        return Fault(
            "fhir-search-unknown-param", name, text, f"{parameter.code}:{type}.{rest}: say which type is meant"
        )
    aim = (able or list(targets))[0]
    inner = filter_of(reading, aim, rest, text, depth + 1)
    if isinstance(inner, Fault):
        return Fault(inner.rule, name, inner.value, f"{parameter.code}.{inner.expected}")
    return Filter(parameter, (), None, (aim, inner))


def _values(reading: Reading, parameter: SearchParameter, modifier: str | None, text: str) -> Filter | Fault:
    read = missing if modifier == "missing" else READ[parameter.kind]
    found: list[Value] = []
    for part in filter(None, split(text)):  # an empty alternative would match all: it counts as not said
        value = read(parameter, modifier, part, reading.base)
        if isinstance(value, Fault):
            return value
        if not isinstance(value, StringValue) or value.text:
            found.append(value)
    kept = modifier if parameter.kind != "reference" or modifier == "missing" else None
    return Filter(parameter, tuple(found), kept)
