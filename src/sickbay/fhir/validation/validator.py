"""Validation of a resource against its version's tables: every fault in one list, each with its place.

Types, formats, cardinality, choices, unknown elements, required codes, targets of references, contained resources,
narrative, the invariants of `fhir.validation.invariants`. Nothing is fetched: a reference is judged by what it says of itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sickbay.fhir import lossless_json
from sickbay.fhir.references import target
from sickbay.fhir.search.index_values import known
from sickbay.fhir.search.parameters import known_types, nearest_of
from sickbay.fhir.validation.issue import ValidationIssue
from sickbay.fhir.validation.shapes import Element, Shape, shape
from sickbay.kernel.memoize import memoize, memoized

LIMIT = 100
"""Faults that are told of one resource; after that it is not looked at any further."""
LONGEST = 64
"""Characters of what was sent that are told."""
DEFINITION = "http://hl7.org/fhir/StructureDefinition/"
DEEPEST = 64
"""Nested extensions and the like beyond this depth are refused."""


@dataclass(slots=True)
class _Looking:
    """One resource while it is looked at. references: (expression, text, targets) for the end."""

    version: str
    base: str
    searches: bool = False
    found: list[ValidationIssue] = field(default_factory=list)
    local: list[tuple[str, str, frozenset[str] | None]] = field(default_factory=list)
    contained: dict[str, str] = field(default_factory=dict)

    def say(self, expression: str, code: str, text: str, search: str = "") -> None:
        if len(self.found) < LIMIT:
            end = "" if text.endswith("?") else "."
            self.found.append(ValidationIssue(expression, code, f"{expression} {text}{end}", search))


def validate(version: str, resource: Any, base: str = "", *, searches: bool = False) -> list[ValidationIssue]:
    """All that is wrong with it; empty where it is valid. base: on which absolute references are ours.

    searches: whether a reference may be a search, as in what was written for a transaction (R4, 3.1.0.11.2).
    """
    looking = _Looking(version, base, searches)
    _resource(looking, resource, "", 0)
    return looking.found


def _resource(looking: _Looking, resource: Any, place: str, depth: int) -> None:
    type = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(type, str) or type not in known_types(looking.version):
        near = nearest_of(type, known_types(looking.version)) if isinstance(type, str) else None
        meant = f"; did you mean {near}?" if near else ""
        looking.say(place or "Resource", "structure", f"must be a resource of a type of this version{meant}")
        return
    at = place or type
    outer, inner = looking.local, looking.contained
    whole = place == "" or not place.rpartition(".")[2].startswith("contained[")
    if whole:
        looking.local, looking.contained = [], _contained(looking, resource, at) if "contained" in resource else {}
    elif "contained" in resource:
        looking.say(f"{at}.contained", "structure", "must not stand in a contained resource (dom-2)")
    _object(looking, shape(looking.version, type), resource, at, depth)
    if whole and looking.local:
        _resolve(looking)
    if whole:
        looking.local, looking.contained = outer, inner


def _contained(looking: _Looking, resource: dict[str, Any], at: str) -> dict[str, str]:
    """Id -> type of what is contained."""
    found: dict[str, str] = {}
    held = resource.get("contained", [])
    named = set(_fragments(resource)) if held else set()
    for index, one in enumerate(held if isinstance(held, list) else []):
        id = one.get("id") if isinstance(one, dict) else None
        if not isinstance(id, str):
            looking.say(f"{at}.contained[{index}]", "structure", "needs an id by which it is referenced")
        elif id.removeprefix("#") in found:
            looking.say(f"{at}.contained[{index}].id", "duplicate", "is the id of another contained resource")
        else:
            found[id.removeprefix("#")] = str(one.get("resourceType"))
            _within(looking, one, f"{at}.contained[{index}]", named)
    return found


def _within(looking: _Looking, one: dict[str, Any], at: str, named: set[str]) -> None:
    """What is contained is there for a reference, to it or from it to the whole, and has no versions and labels of its own."""
    id = str(one.get("id")).removeprefix("#")
    if f"#{id}" not in named and "#" not in _fragments(one):
        looking.say(at, "invariant", "breaks dom-3: nothing in this resource refers to it")
    meta = one.get("meta")
    if isinstance(meta, dict) and ("versionId" in meta or "lastUpdated" in meta):
        looking.say(f"{at}.meta", "invariant", "breaks dom-4: what is contained has no versionId and lastUpdated")
    if isinstance(meta, dict) and "security" in meta and looking.version not in ("dstu2", "stu3"):
        looking.say(f"{at}.meta.security", "invariant", "breaks dom-5: what is contained has no security labels")


def _fragments(value: Any) -> Iterator[str]:
    """Every text that begins as a reference to what is contained does."""
    if isinstance(value, str):
        if value.startswith("#"):
            yield value
    elif isinstance(value, dict):
        for held in value.values():
            yield from _fragments(held)
    elif isinstance(value, list):
        for held in value:
            yield from _fragments(held)


def _resolve(looking: _Looking) -> None:
    """References to what is contained lead somewhere (ref-1), and to a type that may stand there."""
    for expression, text, targets in looking.local:
        type = looking.contained.get(text[1:])
        if type is None and text != "#":
            looking.say(expression, "not-found", f"refers to {text}, which is not contained in this resource (ref-1)")
        elif type is not None and targets is not None and type not in targets:
            looking.say(expression, "value", f"must refer to {_or(targets)}, and {text} is a {type}")


def _object(looking: _Looking, shape: Shape, value: Any, at: str, depth: int) -> None:
    """One complex value: what stands in it, what is missing, what must hold."""
    if not isinstance(value, dict):
        looking.say(at, "structure", "must be an object")
        return
    if not value:
        looking.say(at, "structure", "must not be empty; leave it out")
        return
    if depth > DEEPEST or len(looking.found) >= LIMIT:
        looking.say(at, "too-long", f"is nested deeper than {DEEPEST}")
        return
    plain, elements = shape.plain, shape.elements
    for key, held in value.items():
        if key in plain:
            said = plain[key](held)
            if said is not None:  # most values are these, and good: no place is told of them
                _said(looking, said, f"{at}.{key}")
        elif key in elements:
            _element(looking, elements[key], key, value, held, at, depth)
        else:
            _beside(looking, shape, key, value, held, at, depth)
    for name, keys in shape.required:
        if keys[0] not in value and not any(one in value or "_" + one in value for one in keys):
            looking.say(f"{at}.{name.removesuffix('[x]')}", "required", "is required")
    if choices := shape.choices:
        chosen = choices.keys() & value.keys()
        if len(chosen) > 1 and len({choices[key] for key in chosen}) < len(chosen):
            _choices(looking, choices, value, at)
    for key, text, holds, _ in shape.invariants:
        if not holds(value):
            looking.say(at, "invariant", f"breaks {key}: {text}")


def _element(looking: _Looking, element: Element, key: str, value: dict[str, Any], held: Any, at: str, depth: int) -> None:
    if not element.many:
        _one(looking, element, held, f"{at}.{key}", depth)
        return
    if not isinstance(held, list):
        looking.say(f"{at}.{key}", "structure", "must be a list, as it may repeat")
        return
    if not held:
        looking.say(f"{at}.{key}", "structure", "must not be an empty list; leave it out")
    beside = value.get("_" + key) if element.says is not None else None
    for index, one in enumerate(held):
        if one is None and isinstance(beside, list) and index < len(beside) and beside[index] is not None:
            continue
        _one(looking, element, one, f"{at}.{key}[{index}]", depth)


def _one(looking: _Looking, element: Element, value: Any, at: str, depth: int) -> None:
    _, says, home, targets, _ = element
    if says is not None:
        said = says(value)
        if said is not None:
            _said(looking, said, at)
    elif home == "Resource":
        _resource(looking, value, at, depth + 1)
    elif home != "CodeableConcept" or (text := known(value)) is None or not _is_good(looking.version, text):
        _object(looking, shape(looking.version, home), value, at, depth + 1)
        if home == "Reference" and isinstance(value, dict):
            _reference(looking, targets, value.get("reference"), value.get("type"), at)


@memoized(8192)
def _is_good(version: str, text: bytes) -> bool:
    """Whether a CodeableConcept is, wherever it stands: most come again and again. Of references it is not said."""
    looking = _Looking(version, "")
    _object(looking, shape(version, "CodeableConcept"), lossless_json.loads(text), "", 0)
    return not looking.found and b'"reference"' not in text


def _said(looking: _Looking, said: str, at: str) -> None:
    looking.say(at, "code-invalid" if said.startswith("must be one of") else "value", said)


def _reference(looking: _Looking, targets: frozenset[str] | None, text: Any, said: Any, at: str) -> None:
    """text, said: what stands in `reference`, and since R4 in `type`, which SHALL agree (R4, 2.3.0)."""
    if not isinstance(text, str):
        return
    if text.startswith("#"):
        looking.local.append((f"{at}.reference", text, targets))
        return
    type = _named(looking.base, text)
    if type is None:
        return
    if type not in known_types(looking.version):
        looking.say(f"{at}.reference", "value", "must be Type/id, an absolute URL, a URN or #id of what is contained")
    elif targets is not None and type not in targets:
        looking.say(f"{at}.reference", "value", f"must refer to {_or(targets)}, not to {type}")
    elif type and isinstance(said, str) and said not in (type, DEFINITION + type):
        looking.say(f"{at}.type", "value", f"is {said[:LONGEST]}, and the reference beside it names a {type}")
    elif "?" in text and not looking.searches:
        wrong = "is a search, which only a transaction leads to what it finds: Type/id"
        looking.say(f"{at}.reference", "value", wrong, search=text)


@memoize(16_384)
def _named(base: str, text: str) -> str | None:
    """The type that a reference or a search names, "" where it is neither; None where it is absolute and not on this base."""
    local, search, _ = (text.removeprefix(base + "/") if base else text).partition("?")
    type = local.partition("/")[0]
    if ":" in type:
        return None
    return type if search or target(local, "") else ""


def _beside(looking: _Looking, shape: Shape, key: str, value: dict[str, Any], held: Any, at: str, depth: int) -> None:
    """`_birthDate` beside birthDate: id and extensions of a primitive (R4, 2.6.2.2). Anything else is unknown."""
    element = shape.elements.get(key[1:]) if key.startswith("_") else None
    if element is None or element.says is None:
        near = nearest_of(key, shape.elements)
        meant = f"; did you mean {near}?" if near else ""
        looking.say(f"{at}.{key}", "structure", f"is not an element of this version{meant}")
        return
    place = f"{at}.{key[1:]}"
    if not element.many:
        _object(looking, _extra(looking.version), held, place, depth + 1)
        return
    beside = value.get(key[1:])
    if not isinstance(held, list) or (isinstance(beside, list) and len(beside) != len(held)):
        looking.say(place, "structure", f"{key} must be a list as long as {key[1:]}")
        return
    for index, one in enumerate(held):
        if one is not None:
            _object(looking, _extra(looking.version), one, f"{place}[{index}]", depth + 1)


@cache
def _extra(version: str) -> Shape:
    whole = shape(version, "Extension")
    kept = {key: one for key, one in whole.elements.items() if key in ("id", "extension", "fhir_comments")}
    return Shape(kept)


def _choices(looking: _Looking, choices: dict[str, str], value: dict[str, Any], at: str) -> None:
    seen: dict[str, str] = {}
    for key in [key for key in value if key in choices]:
        group = choices[key]
        if group in seen:
            looking.say(f"{at}.{group}", "structure", f"is both {seen[group]} and {key}; one is allowed")
        seen[group] = key


def _or(types: frozenset[str]) -> str:
    return " or ".join(sorted(types))
