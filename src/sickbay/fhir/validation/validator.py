"""Validates a resource against its version's tables, and returns all issues in one list, each with its path.

Checks types, formats, cardinality, choices, unknown elements, required codes, targets of references, contained resources,
narratives and the invariants in `fhir.validation.invariants`. Fetches nothing: a reference is checked only by its own content.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sickbay.fhir import lossless_json
from sickbay.fhir.routing import reference_target
from sickbay.fhir.search.index_values import cache_key
from sickbay.fhir.search.parameters import known_types, nearest_of
from sickbay.fhir.validation.issue import ValidationIssue
from sickbay.fhir.validation.shapes import Element, Shape, load_shape
from sickbay.kernel.memoize import cache_results, memoize

LIMIT = 100
"""Maximum number of issues for a resource. Validation then stops, and a last issue says so."""
STOPPED = f"Validation stopped after {LIMIT} problems. There may be more."
QUOTED_CHARACTERS = 64
"""Longest quoted value in a message, in characters."""
DEFINITION = "http://hl7.org/fhir/StructureDefinition/"
DEEPEST = 64
"""Maximum nesting of elements such as extensions."""


@dataclass(slots=True)
class _ValidationState:
    """The state of one validation. local: (expression, text, targets) of references to contained resources, checked last."""

    version: str
    base: str
    searches: bool = False
    issues: list[ValidationIssue] = field(default_factory=list)
    local: list[tuple[str, str, frozenset[str] | None]] = field(default_factory=list)
    contained: dict[str, str] = field(default_factory=dict)

    def add(self, expression: str, code: str, text: str, search: str = "") -> None:
        if len(self.issues) < LIMIT:
            end = "" if text.endswith("?") else "."
            self.issues.append(ValidationIssue(expression, code, f"{expression} {text}{end}", search))


def validate(version: str, resource: Any, base: str = "", *, searches: bool = False) -> list[ValidationIssue]:
    """Returns what is wrong with it, at most LIMIT issues; empty if it is valid. base: the FHIR base, for absolute references.

    searches: whether a reference may be a search, as in entries of a transaction (R4, 3.1.0.11.2).
    """
    state = _ValidationState(version, base, searches)
    _check_resource(state, resource, "", 0)
    if len(state.issues) < LIMIT:
        return state.issues
    # A caller that accepts searches must accept the last issue too if there is nothing else.
    search = state.issues[0].search if all(issue.search for issue in state.issues) else ""
    return [*state.issues, ValidationIssue(resource["resourceType"], "too-long", STOPPED, search)]


def _check_resource(state: _ValidationState, resource: Any, place: str, depth: int) -> None:
    type = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(type, str) or type not in known_types(state.version):
        near = nearest_of(type, known_types(state.version)) if isinstance(type, str) else None
        suggestion = f"; did you mean {near}?" if near else ""
        state.add(place or "Resource", "structure", f"must be a resource, of a type in this version{suggestion}")
        return
    at = place or type
    outer, inner = state.local, state.contained
    whole = place == "" or not place.rpartition(".")[2].startswith("contained[")
    if whole:
        state.local, state.contained = [], _index_contained_resources(state, resource, at) if "contained" in resource else {}
    elif "contained" in resource:
        state.add(f"{at}.contained", "structure", "is not allowed in a contained resource (dom-2)")
    _check_object(state, load_shape(state.version, type), resource, at, depth)
    if whole and state.local:
        _check_local_references(state)
    if whole:
        state.local, state.contained = outer, inner


def _index_contained_resources(state: _ValidationState, resource: dict[str, Any], at: str) -> dict[str, str]:
    """Returns id -> type of the contained resources."""
    types: dict[str, str] = {}
    contained = resource.get("contained", [])
    named = set(_contained_references(resource)) if contained else set()
    for index, inner in enumerate(contained if isinstance(contained, list) else []):
        id = inner.get("id") if isinstance(inner, dict) else None
        if not isinstance(id, str):
            state.add(f"{at}.contained[{index}]", "structure", "needs an id for references to it")
        elif id.removeprefix("#") in types:
            state.add(f"{at}.contained[{index}].id", "duplicate", "is the id of another contained resource")
        else:
            types[id.removeprefix("#")] = str(inner.get("resourceType"))
            _check_contained_resource(state, inner, f"{at}.contained[{index}]", named)
    return types


def _check_contained_resource(state: _ValidationState, resource: dict[str, Any], at: str, named: set[str]) -> None:
    """A contained resource must be referenced, or refer to its container, and must not have its own versions or labels."""
    id = str(resource.get("id")).removeprefix("#")
    if f"#{id}" not in named and "#" not in _contained_references(resource):
        state.add(at, "invariant", "violates dom-3: the resource doesn't refer to it")
    meta = resource.get("meta")
    if isinstance(meta, dict) and ("versionId" in meta or "lastUpdated" in meta):
        state.add(f"{at}.meta", "invariant", "violates dom-4: a contained resource must not have versionId or lastUpdated")
    if isinstance(meta, dict) and "security" in meta and state.version not in ("dstu2", "stu3"):
        state.add(f"{at}.meta.security", "invariant", "violates dom-5: a contained resource must not have security labels")


def _contained_references(value: Any) -> Iterator[str]:
    """Yields every text that begins like a reference to a contained resource."""
    if isinstance(value, str):
        if value.startswith("#"):
            yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from _contained_references(member)
    elif isinstance(value, list):
        for member in value:
            yield from _contained_references(member)


def _check_local_references(state: _ValidationState) -> None:
    """Checks that references to contained resources lead to one (ref-1), and to an allowed type."""
    for expression, text, targets in state.local:
        type = state.contained.get(text[1:])
        if type is None and text != "#":
            state.add(expression, "not-found", f"refers to {text}, but there is no such contained resource (ref-1)")
        elif type is not None and targets is not None and type not in targets:
            state.add(expression, "value", f"must refer to {_join_types(targets)}, but {text} is a {type}")


def _check_object(state: _ValidationState, shape: Shape, value: Any, at: str, depth: int) -> None:
    """Checks a complex value: its members, required members, and invariants."""
    if not isinstance(value, dict):
        state.add(at, "structure", "must be an object")
        return
    if not value:
        state.add(at, "structure", "must not be empty; leave it out")
        return
    if depth > DEEPEST or len(state.issues) >= LIMIT:
        state.add(at, "too-long", f"is nested deeper than {DEEPEST}")
        return
    plain, single, elements = shape.plain, shape.single, shape.elements
    for key, member in value.items():
        if key in plain:
            problem = plain[key](member)
            if problem is not None:  # most values are primitives and valid, so their path is built only here
                _report_primitive(state, problem, f"{at}.{key}")
        elif key in single:
            _check_complex(state, single[key], member, f"{at}.{key}", depth)
        elif key in elements:
            _check_list(state, elements[key], key, value, member, at, depth)
        elif len(state.issues) < LIMIT:
            _check_primitive_extras(state, shape, key, value, member, at, depth)
    for name, keys in shape.required:
        if keys[0] not in value and not any(key in value or "_" + key in value for key in keys):
            state.add(f"{at}.{name.removesuffix('[x]')}", "required", "is required")
    if choices := shape.choices:
        chosen = choices.keys() & value.keys()
        if len(chosen) > 1 and len({choices[key] for key in chosen}) < len(chosen):
            _check_choices(state, choices, value, at)
    for key, text, holds, _ in shape.invariants:
        if not holds(value):
            state.add(at, "invariant", f"violates {key}: {text}")


def _check_list(
    state: _ValidationState, element: Element, key: str, value: dict[str, Any], member: Any, at: str, depth: int
) -> None:
    """Checks an element that may repeat."""
    if not isinstance(member, list):
        state.add(f"{at}.{key}", "structure", "must be a list, because it may repeat")
        return
    if not member:
        state.add(f"{at}.{key}", "structure", "must not be an empty list; leave it out")
    check = element.check
    extras = value.get("_" + key) if check is not None else None
    for index, item in enumerate(member):
        if check is None:
            _check_complex(state, element, item, f"{at}.{key}[{index}]", depth)
        elif item is not None or not isinstance(extras, list) or index >= len(extras) or extras[index] is None:
            problem = check(item)
            if problem is not None:
                _report_primitive(state, problem, f"{at}.{key}[{index}]")


def _check_complex(state: _ValidationState, element: Element, value: Any, at: str, depth: int) -> None:
    """Checks a value that isn't primitive."""
    home = element.home
    if home == "CodeableConcept":
        text = cache_key(value)
        if text is None or not _is_good(state.version, text):
            _check_object(state, load_shape(state.version, home), value, at, depth + 1)
    elif home == "Resource":
        _check_resource(state, value, at, depth + 1)
    else:
        _check_object(state, load_shape(state.version, home), value, at, depth + 1)
        if home == "Reference" and isinstance(value, dict):
            _check_reference(state, element.targets, value.get("reference"), value.get("type"), at)


@cache_results(8192)
def _is_good(version: str, text: bytes) -> bool:
    """Returns whether a CodeableConcept is valid at any path, cached because most occur many times. Not for references."""
    state = _ValidationState(version, "")
    _check_object(state, load_shape(version, "CodeableConcept"), lossless_json.loads(text), "", 0)
    return not state.issues and b'"reference"' not in text


def _report_primitive(state: _ValidationState, problem: str, at: str) -> None:
    state.add(at, "code-invalid" if problem.startswith("must be one of") else "value", problem)


def _check_reference(state: _ValidationState, targets: frozenset[str] | None, text: Any, declared: Any, at: str) -> None:
    """Checks a reference. text: in `reference`. declared: in `type` (since R4); they SHALL agree (R4, 2.3.0)."""
    if not isinstance(text, str):
        return
    if text.startswith("#"):
        state.local.append((f"{at}.reference", text, targets))
        return
    type = _reference_type(state.base, text)
    if type is None:
        return
    if type not in known_types(state.version):
        state.add(f"{at}.reference", "value", "must be Type/id, an absolute URL, a URN or #id of a contained resource")
    elif targets is not None and type not in targets:
        state.add(f"{at}.reference", "value", f"must refer to {_join_types(targets)}, not to {type}")
    elif type and isinstance(declared, str) and declared not in (type, DEFINITION + type):
        state.add(f"{at}.type", "value", f"is {declared[:QUOTED_CHARACTERS]}, but the reference is to a {type}")
    elif "?" in text and not state.searches:
        wrong = "is a search, which is resolved only in a transaction; use Type/id"
        state.add(f"{at}.reference", "value", wrong, search=text)


@memoize(16_384)
def _reference_type(base: str, text: str) -> str | None:
    """Returns the type in a reference or a search; "" if it is neither; None if it is absolute and not on this base."""
    local, search, _ = (text.removeprefix(base + "/") if base else text).partition("?")
    type = local.partition("/")[0]
    if ":" in type:
        return None
    return type if search or reference_target(local, "") else ""


def _check_primitive_extras(
    state: _ValidationState, shape: Shape, key: str, value: dict[str, Any], member: Any, at: str, depth: int
) -> None:
    """Checks `_birthDate`: the id and extensions of the primitive birthDate (R4, 2.6.2.2). Other keys are unknown."""
    element = shape.elements.get(key[1:]) if key.startswith("_") else None
    if element is None or element.check is None:
        near = nearest_of(key, shape.elements)
        suggestion = f"; did you mean {near}?" if near else ""
        place = f"{at}.{key if len(key) <= QUOTED_CHARACTERS else key[:QUOTED_CHARACTERS] + '…'}"
        state.add(place, "structure", f"is not an element in this version{suggestion}")
        return
    place = f"{at}.{key[1:]}"
    if not element.many:
        _check_object(state, _extra_shape(state.version), member, place, depth + 1)
        return
    values = value.get(key[1:])
    if not isinstance(member, list) or (isinstance(values, list) and len(values) != len(member)):
        state.add(place, "structure", f"{key} must be a list with as many items as {key[1:]}")
        return
    for index, item in enumerate(member):
        if item is not None:
            _check_object(state, _extra_shape(state.version), item, f"{place}[{index}]", depth + 1)


@cache
def _extra_shape(version: str) -> Shape:
    """Returns the shape of a primitive's `_` member: id and extensions."""
    whole = load_shape(version, "Extension")
    allowed = {key: element for key, element in whole.elements.items() if key in ("id", "extension", "fhir_comments")}
    return Shape(allowed, plain={key: check for key, check in whole.plain.items() if key in allowed})


def _check_choices(state: _ValidationState, choices: dict[str, str], value: dict[str, Any], at: str) -> None:
    chosen: dict[str, str] = {}
    for key in [key for key in value if key in choices]:
        group = choices[key]
        if group in chosen:
            state.add(f"{at}.{group}", "structure", f"is both {chosen[group]} and {key}, but only one is allowed")
        chosen[group] = key


def _join_types(types: frozenset[str]) -> str:
    return " or ".join(sorted(types))
