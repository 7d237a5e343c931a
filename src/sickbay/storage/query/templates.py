"""Templates of plans: a search is compiled once for all searches of its shape and then filled with values.

The shape of a search is everything but ids, codes, dates and texts. The template is made by the ordinary `search.plan`, from a
query that has a `ValueSlot` in place of each value. If a plan makes a choice based on a value or on stored data, a slot can't
make that choice: the shape then has no template, and each such search is compiled separately.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, cast

from sickbay.fhir.search.query import DateValue, Filter, Query, ReferenceValue, StringValue, TokenValue, UriValue, Value, Within
from sickbay.fhir.visibility import Visibility
from sickbay.kernel.memoize import CACHES, cache_results
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.query import search
from sickbay.storage.query.cache import PlanResults
from sickbay.storage.query.dictionary import Dictionary
from sickbay.storage.query.filters import Scope
from sickbay.storage.query.keyset import Find
from sickbay.storage.query.search import SearchPlan, Walk
from sickbay.storage.query.value_slots import Derived, Filled, NoTemplate, SlotNames, Slots, UnknownWord, ValueSlot
from sickbay.storage.query.visibility import match_visible


class Node(NamedTuple):
    """A tuple of a plan that contains values. make: its type. places: (index in it, number of the slot or earlier node)."""

    make: Callable[[list[Any]], Any]
    original: list[Any]
    places: list[tuple[int, int]]


class Template(NamedTuple):
    """slots: how many there are. derived: those that nodes need. plan, walk: nodes, each after those that it contains."""

    slots: int
    derived: list[Derived]
    plan: list[Node]
    walk: list[Node] | None

    def fill(self, scope: Scope, values: Filled, query: Query, space: ResourceSpace, visibility: Visibility) -> SearchPlan:
        values += [None] * (self.slots - len(values))
        for number, source, derive in self.derived:
            values[number] = derive(values[source], scope.names, scope.space)
        walks = self.walk is not None and (query.sort or scope.names.count_live(scope.space, query.type) > search.NEAR)
        walk = partial(_build_plan, self.walk or [], values, query, space, visibility) if walks else None
        return _build_plan(self.plan, values, query, space, visibility, walk)


FIELDS_WITHOUT_SLOTS = tuple(map(SearchPlan._fields.index, ("query", "space", "visibility", "results", "walk")))
"""The fields of a plan that aren't filled from slots, in the order in which `_build` adds them."""


def _build_plan(
    nodes: list[Node], values: Filled, query: Query, space: ResourceSpace, visibility: Visibility, walk: Walk | None = None
) -> SearchPlan:
    """Build the nodes in order. The last one is the plan."""
    parts: list[Any] = [*values, query, space, visibility, PlanResults(), walk]
    for make, original, places in nodes:
        node = original.copy()
        for index, number in places:
            node[index] = parts[number]
        parts.append(make(node))
    plan: SearchPlan = parts[-1]
    return plan


class SearchShape(NamedTuple):
    """key: the same for all searches of the shape. values: in the order in which `_blank_values` takes slots."""

    key: Any
    values: Filled


def plan_by_template(
    templates: dict[Any, Template | None], scope: Scope, find: Find, space: ResourceSpace, query: Query, visibility: Visibility
) -> SearchPlan | None:
    """Return what `search.plan` returns, from a template if the shape has one."""
    shape = shape_of(scope, query, visibility) if CACHES else None
    template = _template_of_shape(templates, scope, find, space, query, visibility, shape) if shape is not None else None
    if shape is None or template is None:
        return search.plan_search(scope, find, space, query, visibility)
    return template.fill(scope, shape.values, query, space, visibility)


MAXIMUM_TEMPLATES = 1024
"""Maximum templates of one store. When there are more, all are cleared."""


def shape_of(scope: Scope, query: Query, visibility: Visibility) -> SearchShape | None:
    """Return the shape of the search; None if such searches are always compiled separately."""
    values: Filled = [scope.space]
    ids: dict[str, int] = {}
    split = _split_patient(visibility)
    if split is None or (query.ids is not None and len(query.ids) != 1):
        return None
    anyone, patient = split
    parts: list[Any] = [anyone, _slot_number(ids, values, patient) if patient else None]
    for filter in query.filters:
        part = _filter_shape(scope, filter, ids, values)
        if part is None:
            return None
        parts.append(part)
    for date in query.updated:
        parts.append(date.prefix)
        values += (date.low, date.high)
    if (within := query.within) is not None:
        parts.append((within.type, within.parameters, _slot_number(ids, values, within.id)))
    if query.ids is not None:
        parts.append(("_id", _slot_number(ids, values, query.ids[0])))
    return SearchShape((query.version, query.type, query.sort, query.whole, *parts), values)


@cache_results(4096)
def _split_patient(visibility: Visibility) -> tuple[Visibility, str] | None:
    """Return the visibility without its only patient, and that patient; None if it names several."""
    patients = {patient for clause in visibility.clauses for patient in clause.patients or ()}
    return None if len(patients) > 1 else (_limit_to_patient(visibility, ""), next(iter(patients), ""))


def _limit_to_patient(visibility: Visibility, patient: Any) -> Visibility:
    """Replace each patient of the visibility with this one."""
    only = frozenset((patient,))
    return Visibility(tuple(replace(clause, patients=only) if clause.patients else clause for clause in visibility.clauses))


def _slot_number(ids: dict[str, int], values: Filled, id: str) -> int:
    """Return the slot number of an id. Equal ids share a slot."""
    number = ids.get(id)
    if number is None:
        number = ids[id] = len(values)
        values.append(id)
    return number


def _filter_shape(scope: Scope, filter: Filter, ids: dict[str, int], values: Filled) -> Any:
    if filter.chain is not None or filter.either or filter.along or filter.modifier == "missing" or len(filter.values) != 1:
        return None
    value = filter.values[0]
    match value:
        case TokenValue():
            return _token_shape(scope, filter, value, ids, values)
        case ReferenceValue() if value.url is None:
            return filter.parameter, filter.modifier, value.type, _slot_number(ids, values, value.id)
        case StringValue() if value.text:
            values.append(value.text)
        case DateValue():
            values += (value.low, value.high)
            return filter.parameter, filter.modifier, value.prefix
        case UriValue() if value.uri:
            values.append(value.uri)
        case _:
            return None
    return filter.parameter, filter.modifier


def _token_shape(scope: Scope, filter: Filter, value: TokenValue, ids: dict[str, int], values: Filled) -> Any:
    """Return the shape of a token filter. A code in any system may have several hashes or none, which needs another plan."""
    if value.code is None:
        return None
    if filter.parameter.code == "_id":
        return filter.parameter, filter.modifier, _slot_number(ids, values, value.code)
    hashes = scope.names.hashes(((value.system, value.code),))
    if len(hashes) != 1:
        return None
    values.append(hashes[0])
    return filter.parameter, filter.modifier


def _template_of_shape(
    templates: dict[Any, Template | None],
    scope: Scope,
    find: Find,
    space: ResourceSpace,
    query: Query,
    visibility: Visibility,
    shape: SearchShape,
) -> Template | None:
    """Return the template of the shape, compiled on first use; None if there can't be one, or not yet."""
    template = templates.get(shape.key)
    if template is None and shape.key not in templates:
        if len(templates) >= MAXIMUM_TEMPLATES:
            templates.clear()
        try:
            template = templates[shape.key] = _compile_template(scope, find, space, query, visibility, shape)
        except UnknownWord:
            return None
        except (NoTemplate, TypeError, AttributeError, ValueError):
            templates[shape.key] = None
    return template


def _compile_template(
    scope: Scope, find: Find, space: ResourceSpace, query: Query, visibility: Visibility, shape: SearchShape
) -> Template | None:
    """Compile the template. Raises NoTemplate, or any error that a slot raises if it is used like a value."""
    slots = Slots(len(shape.values))
    names = cast(Dictionary, SlotNames(scope.names, slots))
    blank, blank_visibility = _blank_values(query, visibility, slots)
    number = cast(int, slots[0])
    blank_scope = Scope(number, names, partial(match_visible, names, number, blank_visibility))
    plan = search.plan_search(blank_scope, find, space, blank, blank_visibility)
    if plan is None:
        return None
    walk = plan.walk() if plan.walk else None
    nodes, walk_nodes = _nodes_with_slots(plan, len(slots)), _nodes_with_slots(walk, len(slots)) if walk else None
    return Template(len(slots), _find_needed_slots(slots, [*nodes, *(walk_nodes or ())]), nodes, walk_nodes)


def _find_needed_slots(slots: Slots, nodes: list[Node]) -> list[Derived]:
    """Return the derived slots that the nodes contain, and those that they are derived from."""
    used = {number for node in nodes for _, number in node.places}
    needed = []
    for derived in reversed(slots.derived.values()):
        if derived.number in used:
            used.add(derived.source)
            needed.append(derived)
    return needed[::-1]


def _nodes_with_slots(plan: SearchPlan, slots: int) -> list[Node]:
    """Return the plan and the tuples in it that contain slots. A tuple that occurs several times is one node."""
    nodes: list[Node] = []
    seen: list[tuple[Any, int | None]] = []

    def number_of(part: Any) -> int | None:
        """Return the number of a slot or a node; None for what is the same in all plans of the template."""
        if type(part) is ValueSlot:
            return part.number
        if not isinstance(part, tuple):
            return None
        for known, number in seen:
            if known is part:
                return number
        places = [(index, number) for index, child in enumerate(part) if (number := number_of(child)) is not None]
        number = slots + len(FIELDS_WITHOUT_SLOTS) + len(nodes) if places else None
        if places:
            nodes.append(Node(partial(tuple.__new__, type(part)), list(part), places))
        seen.append((part, number))
        return number

    bare = plan._replace(source=plan.source._replace(rest=()), query=Query("", ""), visibility=Visibility())
    if number_of(bare) is None:
        raise NoTemplate
    nodes[-1].places.extend(zip(FIELDS_WITHOUT_SLOTS, range(slots, slots + len(FIELDS_WITHOUT_SLOTS)), strict=True))
    return nodes


def _blank_values(query: Query, visibility: Visibility, value_slots: Sequence[ValueSlot]) -> tuple[Query, Visibility]:
    """Return the query and the visibility with slots in place of values, in the order in which `shape_of` added them."""
    slot_numbers = iter(range(1, len(value_slots)))
    ids: dict[str, ValueSlot] = {}

    def slot_of(id: str) -> Any:
        if id not in ids:
            ids[id] = value_slots[next(slot_numbers)]
        return ids[id]

    def next_slot() -> Any:
        return value_slots[next(slot_numbers)]

    patient = next((patient for clause in visibility.clauses for patient in clause.patients or ()), "")
    blank_visibility = _limit_to_patient(visibility, slot_of(patient)) if patient else visibility
    filters = tuple(
        Filter(filter.parameter, (_blank_value(filter, filter.values[0], slot_of, next_slot),), filter.modifier)
        for filter in query.filters
    )
    updated = tuple(DateValue(date.prefix, next_slot(), next_slot()) for date in query.updated)
    within = query.within and Within(query.within.type, slot_of(query.within.id), query.within.parameters)
    query_ids = (slot_of(query.ids[0]),) if query.ids is not None else None
    blank = Query(
        query.version, query.type, filters, ids=query_ids, updated=updated, sort=query.sort, whole=query.whole, within=within
    )
    return blank, blank_visibility


def _blank_value(filter: Filter, value: Value, slot_of: Callable[[str], Any], next_slot: Callable[[], Any]) -> Value:
    match value:
        case TokenValue(code=code):
            return TokenValue(value.system, slot_of(code or "") if filter.parameter.code == "_id" else next_slot())
        case ReferenceValue():
            return ReferenceValue(value.type, slot_of(value.id))
        case StringValue():
            return StringValue(next_slot(), cast(str, None))
        case DateValue():
            return DateValue(value.prefix, next_slot(), next_slot())
        case _:
            return UriValue(next_slot())
