"""Templates of plans: a search is compiled once for all searches of its shape, and then filled with values.

The shape of a search is everything but ids, codes, dates and texts. The template is made by the ordinary `search.plan`, from a
query that has a `ValueSlot` in the place of each value. Whatever a plan chooses by a value, or by stored data, can't be
chosen for a slot: then there is no template for the shape, and each search is compiled for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, TypeAlias, cast

from sickbay.fhir.search.query import DateValue, Filter, Query, ReferenceValue, StringValue, TokenValue, UriValue, Value, Within
from sickbay.fhir.visibility import Visibility
from sickbay.kernel.memoize import CACHES, memoized
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.query import search
from sickbay.storage.query.cache import PlanResults
from sickbay.storage.query.dictionary import Dictionary
from sickbay.storage.query.filters import Scope
from sickbay.storage.query.order import Find
from sickbay.storage.query.search import SearchPlan
from sickbay.storage.query.visible import visible
from sickbay.storage.terms import term_hash

Filled: TypeAlias = list[Any]
"""What the slots of a template stand for, by their numbers: first the values of the search, then what is derived of them."""
Derive: TypeAlias = Callable[[Filled, Dictionary, int], Any]


class NoTemplate(Exception):
    """The plan depends on more than the shape."""


class UnknownWord(NoTemplate):
    """Nothing was ever stored under a type or a parameter, but may be later."""


class ValueSlot:
    """Stands for a value. It supports what is the same for every value of its kind, and nothing else."""

    __slots__ = ("number", "slots")

    def __init__(self, slots: list[Derive | None], derive: Derive | None = None) -> None:
        self.number, self.slots = len(slots), slots
        slots.append(derive)

    def __getitem__(self, part: slice) -> ValueSlot:
        return ValueSlot(self.slots, partial(_sliced, self.number, part))

    def __add__(self, end: str) -> ValueSlot:
        return ValueSlot(self.slots, partial(_extended, self.number, end))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ValueSlot):
            raise NoTemplate
        return self is other  # equal values of one search share a slot

    __hash__ = object.__hash__

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """`isinstance` asks for it: whether a value is a number must not be decided by a slot."""
        raise NoTemplate

    def __str__(self) -> str:
        raise NoTemplate

    __repr__ = __str__


def _sliced(number: int, part: slice, filled: Filled, names: Dictionary, space: int) -> Any:
    return filled[number][part]


def _extended(number: int, end: str, filled: Filled, names: Dictionary, space: int) -> Any:
    return filled[number] + end


def _nid(type: str, number: int, filled: Filled, names: Dictionary, space: int) -> int:
    return names.nid(space, type, filled[number])


class _SlotNames:
    """What a plan may look up before the values are known; everything else raises AttributeError."""

    def __init__(self, names: Dictionary, slots: list[Derive | None]) -> None:
        self._names, self._slots = names, slots
        self._nids: dict[tuple[str, int], ValueSlot] = {}

    def word(self, text: str) -> int:
        number = self._names.word(text)
        if not number:
            raise UnknownWord
        return number

    def nid(self, space: int, type: str, id: Any) -> Any:
        if not isinstance(id, ValueSlot):
            raise NoTemplate
        key = type, id.number
        if key not in self._nids:
            self._nids[key] = ValueSlot(self._slots, partial(_nid, type, id.number))
        return self._nids[key]

    def hashes(self, codings: tuple[tuple[str | None, Any], ...]) -> list[Any]:
        """The slot of a code has its hash."""
        return [code if isinstance(code, ValueSlot) else _hash(system, code) for system, code in codings]


def _hash(system: str | None, code: str) -> int:
    if system is None:
        raise NoTemplate
    return term_hash(system, code)


class Template(NamedTuple):
    """derived: of the slots after the values. rebuild: gives the plan of what the slots stand for."""

    derived: list[Derive]
    rebuild: Callable[[Filled], SearchPlan]

    def fill(self, names: Dictionary, space: int, values: Filled) -> SearchPlan:
        for derive in self.derived:
            values.append(derive(values, names, space))
        return self.rebuild(values)


class SearchShape(NamedTuple):
    """key: alike for all searches of the shape. values: in the order in which `symbolic` asks for slots."""

    key: Any
    values: Filled


def planned(
    templates: dict[Any, Template | None], scope: Scope, find: Find, space: ResourceSpace, query: Query, visibility: Visibility
) -> SearchPlan | None:
    """What `search.plan` gives, by a template if there is one for the shape."""
    shape = shape_of(scope, query, visibility) if CACHES else None
    if shape is None:
        return search.plan(scope, find, space, query, visibility)
    found = _template(templates, scope, find, space, query, visibility, shape)
    if found is None:
        return search.plan(scope, find, space, query, visibility)
    plan = found.fill(scope.names, scope.space, shape.values)
    asked: dict[str, Any] = {"query": query, "space": space, "visibility": visibility}
    walk = plan.walk and plan.walk._replace(**asked, results=PlanResults())
    return plan._replace(**asked, walk=walk, results=PlanResults())


MOST = 1024
"""Templates of one store; a shape that is not among the first takes the place of all."""


def shape_of(scope: Scope, query: Query, visibility: Visibility) -> SearchShape | None:
    """None: a search of this shape is always compiled for itself."""
    values: Filled = [scope.space]
    ids: dict[str, int] = {}
    seen = _seen(visibility)
    if seen is None or (query.ids is not None and len(query.ids) != 1):
        return None
    anyone, patient = seen
    parts: list[Any] = [anyone, _numbered(ids, values, patient) if patient else None]
    for one in query.filters:
        part = _filter(scope, one, ids, values)
        if part is None:
            return None
        parts.append(part)
    for date in query.updated:
        parts.append(date.prefix)
        values += (date.low, date.high)
    within = query.within
    if within is not None:
        parts.append((within.type, within.parameters, _numbered(ids, values, within.id)))
    if query.ids is not None:
        parts.append(("_id", _numbered(ids, values, query.ids[0])))
    return SearchShape((query.version, query.type, query.sort, query.whole, *parts), values)


@memoized(4096)
def _seen(visibility: Visibility) -> tuple[Visibility, str] | None:
    """The visibility without the only patient that it names, and the patient; None if it names several."""
    named = {patient for one in visibility.clauses for patient in one.patients or ()}
    return None if len(named) > 1 else (_for_patient(visibility, ""), next(iter(named), ""))


def _for_patient(visibility: Visibility, patient: Any) -> Visibility:
    """With this one in the place of each patient."""
    only = frozenset((patient,))
    return Visibility(tuple(replace(one, patients=only) if one.patients else one for one in visibility.clauses))


def _numbered(ids: dict[str, int], values: Filled, id: str) -> int:
    """The number of the slot of an id; equal ones share it."""
    number = ids.get(id)
    if number is None:
        number = ids[id] = len(values)
        values.append(id)
    return number


def _filter(scope: Scope, one: Filter, ids: dict[str, int], values: Filled) -> Any:
    if one.chain is not None or one.either or one.along or one.modifier == "missing" or len(one.values) != 1:
        return None
    value = one.values[0]
    match value:
        case TokenValue():
            return _token(scope, one, value, ids, values)
        case ReferenceValue() if value.url is None:
            return one.parameter, one.modifier, value.type, _numbered(ids, values, value.id)
        case StringValue() if value.text:
            values.append(value.text)
        case DateValue():
            values += (value.low, value.high)
            return one.parameter, one.modifier, value.prefix
        case UriValue() if value.uri:
            values.append(value.uri)
        case _:
            return None
    return one.parameter, one.modifier


def _token(scope: Scope, one: Filter, value: TokenValue, ids: dict[str, int], values: Filled) -> Any:
    """Of a code in any system there may be several hashes, or none: that is another plan."""
    if value.code is None:
        return None
    if one.parameter.code == "_id":
        return one.parameter, one.modifier, _numbered(ids, values, value.code)
    hashes = scope.names.hashes(((value.system, value.code),))
    if len(hashes) != 1:
        return None
    values.append(hashes[0])
    return one.parameter, one.modifier


def _template(
    templates: dict[Any, Template | None],
    scope: Scope,
    find: Find,
    space: ResourceSpace,
    query: Query,
    visibility: Visibility,
    shape: SearchShape,
) -> Template | None:
    """Of the shape, made the first time; None if there can't be one, or not yet."""
    if shape.key not in templates:
        if len(templates) >= MOST:
            templates.clear()
        try:
            templates[shape.key] = _made(scope, find, space, query, visibility, shape)
        except UnknownWord:
            return None
        except (NoTemplate, TypeError, AttributeError, ValueError):
            templates[shape.key] = None
    return templates[shape.key]


def _made(
    scope: Scope, find: Find, space: ResourceSpace, query: Query, visibility: Visibility, shape: SearchShape
) -> Template | None:
    """Raises NoTemplate, or whatever a slot raises if it is used like a value."""
    slots: list[Derive | None] = []
    given = [ValueSlot(slots) for _ in shape.values]
    names = cast(Dictionary, _SlotNames(scope.names, slots))
    blank, seen = _blank(shape, query, visibility, given)
    number = cast(int, given[0])
    blank_scope = Scope(number, names, partial(visible, names, number, seen))
    plan = search.plan(blank_scope, find, space, blank, seen)
    if plan is None:
        return None
    plan = _bare(plan)._replace(walk=_bare(plan.walk) if plan.walk else None)
    rebuild = _rebuilder(plan)
    return Template([one for one in slots if one is not None], rebuild) if rebuild else None


def _bare(plan: SearchPlan) -> SearchPlan:
    """Without what was used to compile it."""
    nothing = Query("", "")
    return plan._replace(source=plan.source._replace(rest=()), query=nothing, visibility=Visibility())


def _blank(shape: SearchShape, query: Query, visibility: Visibility, given: Sequence[ValueSlot]) -> tuple[Query, Visibility]:
    """The query and the visibility with slots in the places of values, taken in the order in which `shape_of` put them."""
    left = iter(range(1, len(given)))
    ids: dict[str, ValueSlot] = {}

    def named(id: str) -> Any:
        if id not in ids:
            ids[id] = given[next(left)]
        return ids[id]

    def following() -> Any:
        return given[next(left)]

    patient = next((patient for one in visibility.clauses for patient in one.patients or ()), "")
    seen = _for_patient(visibility, named(patient)) if patient else visibility
    filters = tuple(
        Filter(one.parameter, (_blank_value(one, one.values[0], named, following),), one.modifier) for one in query.filters
    )
    updated = tuple(DateValue(one.prefix, following(), following()) for one in query.updated)
    within = query.within and Within(query.within.type, named(query.within.id), query.within.parameters)
    ids_asked = (named(query.ids[0]),) if query.ids is not None else None
    blank = Query(
        query.version, query.type, filters, ids=ids_asked, updated=updated, sort=query.sort, whole=query.whole, within=within
    )
    return blank, seen


def _blank_value(one: Filter, value: Value, named: Callable[[str], Any], following: Callable[[], Any]) -> Value:
    match value:
        case TokenValue(code=code):
            return TokenValue(value.system, named(code or "") if one.parameter.code == "_id" else following())
        case ReferenceValue():
            return ReferenceValue(value.type, named(value.id))
        case StringValue():
            return StringValue(following(), cast(str, None))
        case DateValue():
            return DateValue(value.prefix, following(), following())
        case _:
            return UriValue(following())


def _rebuilder(node: Any) -> Callable[[Filled], Any] | None:
    """Makes the same again, with values for slots; None if there are none."""
    if isinstance(node, ValueSlot):
        return lambda filled, number=node.number: filled[number]  # type: ignore[misc]
    if not isinstance(node, tuple):
        return None
    parts = [(at, part) for at, one in enumerate(node) if (part := _rebuilder(one)) is not None]
    if not parts:
        return None
    make = getattr(type(node), "_make", tuple)
    before = list(node)

    def again(filled: Filled) -> Any:
        made = before.copy()
        for at, part in parts:
            made[at] = part(filled)
        return make(made)

    return again
