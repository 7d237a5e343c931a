"""Compiles the tables of a version: for every path, its possible children and how each value is checked.

A check of a primitive type is a function that returns what is wrong with a JSON value, or None.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from sickbay.fhir.definitions import load_table
from sickbay.fhir.search.index_values import HUGE
from sickbay.fhir.validation import invariants, narrative
from sickbay.fhir.validation.invariants import Invariant
from sickbay.kernel.memoize import cache_results

ValueCheck: TypeAlias = Callable[[Any], str | None]
"""A function that returns None for a valid value; otherwise what is wrong, to follow the element's path."""

_INLINE = ("BackboneElement", "Element")
_FROM_QUANTITY = ("Age", "Count", "Distance", "Duration")


class Element(NamedTuple):
    """A possible JSON key. check: for a primitive. home: path of a complex value's shape, "Resource" for a whole resource.

    targets: the types that a Reference may refer to, None for any. group: the bare name of a choice, "" for other elements.
    """

    many: bool
    check: ValueCheck | None = None
    home: str = ""
    targets: frozenset[str] | None = None
    group: str = ""


@dataclass(slots=True)
class Shape:
    """required: (name, its keys, one of which must be there). invariants: for the whole value.

    plain: checks for primitives that don't repeat, which most elements are. single: other elements that don't repeat.
    choices: key -> bare name.
    """

    elements: dict[str, Element] = field(default_factory=dict)
    required: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    choices: dict[str, str] = field(default_factory=dict)
    invariants: tuple[Invariant, ...] = ()
    plain: dict[str, ValueCheck] = field(default_factory=dict)
    single: dict[str, Element] = field(default_factory=dict)


@cache
def load_shape(version: str, path: str) -> Shape:
    """Returns the shape at a path: a resource type, a datatype, or an element with children. Raises KeyError."""
    rows, compiled = _children_by_parent(version), Shape(invariants=invariants.invariants_of(version, path))
    if path not in rows and path in _FROM_QUANTITY:
        path = "Quantity"
    for name, row in rows[path]:
        _add_element(compiled, version, path, name, row)
    if version == "dstu2":
        compiled.elements.setdefault("fhir_comments", Element(True, load_primitives()["string"]))
    compiled.choices = {key: element.group for key, element in compiled.elements.items() if element.group}
    singles = {key: element for key, element in compiled.elements.items() if not element.many}
    compiled.plain = {key: element.check for key, element in singles.items() if element.check is not None}
    compiled.single = {key: element for key, element in singles.items() if element.check is None}
    if path in load_table(version, "search"):
        compiled.plain["resourceType"] = lambda value: None  # it was checked to find the shape
    return compiled


def _add_element(compiled: Shape, version: str, path: str, name: str, row: list[Any]) -> None:
    base = name.removesuffix("[x]")
    choice = base != name
    many = row[1] != "1"
    keys = []
    for type, targets in _split_types(row[2]):
        key = base + type[0].upper() + type[1:] if choice else base
        keys.append(key)
        element = _build_element(version, path, name, type, targets, many, row)
        compiled.elements[key] = element._replace(group=base) if choice else element
    if row[0] > 0:
        compiled.required.append((name, tuple(keys)))


def _split_types(types: list[str]) -> Iterator[tuple[str, frozenset[str] | None]]:
    """Yields each type and, for a Reference, the types it may refer to."""
    for text in types:
        type, _, targets = text.partition(":")
        allowed = frozenset(targets.split("|")) if targets and type == "Reference" else None
        yield type, None if allowed is None or "Resource" in allowed else allowed


def _build_element(
    version: str, path: str, name: str, type: str, targets: frozenset[str] | None, many: bool, row: list[Any]
) -> Element:
    if type.startswith("@"):
        return Element(many, home=type[1:])
    if type in _INLINE:
        return Element(many, home=f"{path}.{name}")
    if type == "xhtml":
        return Element(many, narrative.check_dstu2 if version == "dstu2" else narrative.check_div)
    if type == "code" and len(row) > 3 and row[3]:
        return Element(many, _make_code_check(version, row[3]))
    if name == "id" and "." not in path and path in load_table(version, "search"):
        return Element(many, load_primitives()["id"])
    if type in load_primitives():
        return Element(many, load_primitives()[type])
    return Element(many, home=type, targets=targets)


@cache
def _make_code_check(version: str, value_set: str) -> ValueCheck:
    """Checks a required binding. For value sets that the tables don't list (media types, languages), checks only the form."""
    plain = load_primitives()["code"]
    codes = load_table(version, "codes").get(value_set.partition("|")[0])
    if codes is None:
        return plain
    known = frozenset(codes)
    allowed = ", ".join(sorted(known)) if len(known) <= 12 else f"the codes of {value_set.partition('|')[0]}"

    def check(value: Any) -> str | None:
        if isinstance(value, str) and value in known:
            return None
        return plain(value) or f"must be one of: {allowed}"

    return check


@cache
def _children_by_parent(version: str) -> dict[str, list[tuple[str, list[Any]]]]:
    by_parent: dict[str, list[tuple[str, list[Any]]]] = {}
    for path, row in load_table(version, "elements").items():
        parent, _, name = path.rpartition(".")
        if name:
            by_parent.setdefault(parent, []).append((name, row))
    return by_parent


_DAY = r"(?!0000)\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?"
_ZONE = r"(Z|[+-](0\d|1[0-3]):[0-5]\d|[+-]14:00)"
_INT = 2**31
_SHORT = 120
"""Longest cached text, in characters."""


def _problem_of_text(value: Any) -> str | None:
    if not isinstance(value, str):
        return "must be a string"
    if not value:
        return "must not be empty; leave it out"
    return "must not contain control characters" if _CONTROL.search(value) else None


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def _check_pattern(pattern: str, form: str, flags: int = re.ASCII) -> ValueCheck:
    fits = re.compile(pattern, flags).fullmatch

    def check(value: Any) -> str | None:
        if isinstance(value, str) and fits(value):
            return None
        return f"must be {form}"

    return check


def _cache_short_texts(check: ValueCheck) -> ValueCheck:
    """Caches a check for short texts, such as systems and dates, which occur many times."""
    cached = cache_results(16_384)(check)
    return lambda value: cached(value) if isinstance(value, str) and len(value) <= _SHORT else check(value)


def _make_date_check(pattern: str, form: str) -> ValueCheck:
    """Checks the form, and that the day exists."""
    check_form = _check_pattern(pattern, form)

    def check(value: Any) -> str | None:
        problem = check_form(value)
        return problem if problem or len(value) < 10 or _is_a_day(value[:10]) else f"must be {form}: there is no such day"

    return _cache_short_texts(check)


def _is_a_day(text: str) -> bool:
    try:
        datetime.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _problem_of_boolean(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false, without quotation marks"


def _make_integer_check(low: int, form: str) -> ValueCheck:
    def check(value: Any) -> str | None:
        valid = isinstance(value, int) and not isinstance(value, bool) and low <= value < _INT
        return None if valid else f"must be {form}"

    return check


def _problem_of_decimal(value: Any) -> str | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return "must be a number, without quotation marks"
    return None if abs(value) < HUGE else "must be a number below 1e300, because larger ones can't be indexed"


def _problem_of_base64(value: Any) -> str | None:
    fault = "must be base64"
    if not isinstance(value, str) or not value:
        return fault
    plain = "".join(value.split())
    return None if len(plain) % 4 == 0 and _BASE64(plain) else fault


_BASE64 = re.compile(r"[0-9A-Za-z+/]*={0,2}", re.ASCII).fullmatch


@cache
def load_primitives() -> dict[str, ValueCheck]:
    """The checks for the primitive types (R4, 2.24.0.1). The first call compiles their patterns, which takes 4 ms."""
    uri = _cache_short_texts(_check_pattern(r"\S+", "a URI without spaces", 0))
    return {
        "base64Binary": _problem_of_base64,
        "boolean": _problem_of_boolean,
        "canonical": uri,
        "code": _check_pattern(r"[^\s]+(\s[^\s]+)*", "a code, without spaces before or after it", 0),
        "date": _make_date_check(_DAY, "a date: YYYY, YYYY-MM or YYYY-MM-DD"),
        "dateTime": _make_date_check(
            rf"{_DAY}|\d{{4}}-\d\d-\d\dT{_TIME}{_ZONE}", "a dateTime: YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz"
        ),
        "decimal": _problem_of_decimal,
        "id": _check_pattern(r"[A-Za-z0-9\-.]{1,64}", "1 to 64 letters, digits, '-' or '.'"),
        "instant": _make_date_check(rf"\d{{4}}-\d\d-\d\dT{_TIME}{_ZONE}", "an instant: YYYY-MM-DDThh:mm:ss.sss+zz:zz"),
        "integer": _make_integer_check(-_INT, "a whole number"),
        "integer64": _check_pattern(r"0|-?[1-9]\d{0,18}", "a whole number as a string"),
        "markdown": _problem_of_text,
        "oid": _check_pattern(r"urn:oid:[0-2](\.(0|[1-9]\d*))+", "an OID such as urn:oid:1.2.3"),
        "positiveInt": _make_integer_check(1, "a whole number of 1 or more"),
        "string": _problem_of_text,
        "time": _check_pattern(_TIME, "a time: hh:mm:ss"),
        "unsignedInt": _make_integer_check(0, "a whole number of 0 or more"),
        "uri": uri,
        "url": uri,
        "uuid": _check_pattern(
            r"urn:uuid:[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", "a UUID such as urn:uuid:…", re.ASCII | re.I
        ),
    }
