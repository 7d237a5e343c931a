"""Chooses the access path for a search. The join order is fixed here, not by the engine.

In this order: a patient's compartment, ids, the rarest token (or a range with fewer rows), references, a range of an index, and
only then all resources of the type. Everything else remains a condition (EXISTS).
"""

from __future__ import annotations

from typing import NamedTuple

from sickbay.fhir.search.parameters import SearchParameter
from sickbay.fhir.search.query import DateValue, Filter, Query, ReferenceValue
from sickbay.storage.query.candidates import select_candidates, select_dated_between, select_leading_candidates
from sickbay.storage.query.conditions import TRUE, join_with_and, match_any
from sickbay.storage.query.dictionary import LIVE, select_tokens
from sickbay.storage.query.filters import Scope, match_instant, single_hash, single_target
from sickbay.storage.query.saving import FACETS
from sickbay.storage.query.statement import Sql

JOIN = " CROSS JOIN resource r ON r.nid = d.nid"
_WORDS = ("composite", "string", "uri", "token", "reference", "special")
SMALL_RANGE_ROWS = 2000
"""A range with fewer rows than this is read before a code with more rows that would all be looked up in the range."""
_NUMBERS = ("composite", "date", "quantity", "number")


class AccessPath(NamedTuple):
    """`table` with its own conditions `where` yields each live nid of the type once, in the order of nids.

    rest: filters that it doesn't apply. patient: everything is in this patient's compartment. rank: it is a patient's range,
    ordered by `rank` first. facet: the range is also limited to one code, so that almost all rows match. row: the source is the
    resource's own row, `r`. range: if the candidates have to be sorted first, the part of them that an index leads to directly;
    its size tells how many there are. changed: the conditions on `_lastUpdated` are already applied. candidates: the collected
    nids, before duplicates are removed. costly: collecting them follows references to other resources.
    """

    table: str
    where: str
    binds: tuple[int | str, ...]
    nid: str
    rest: tuple[Filter, ...]
    patient: str | None = None
    rank: bool = False
    facet: bool = False
    row: bool = False
    range: Sql | None = None
    changed: bool = False
    candidates: Sql | None = None
    costly: bool = False

    def take_smallest(self, after: int, many: int) -> AccessPath:
        """Limit the candidates to the `many` smallest nids after `after`."""
        assert self.candidates is not None
        text = f"SELECT nid FROM ({self.candidates.text}) e WHERE +nid > ? ORDER BY +nid LIMIT ?"
        return _make_candidate_path(Sql(text, (*self.candidates.binds, after, many)), self.rest, None)

    def limit_candidates(self, many: int) -> AccessPath:
        """Limit the candidates to any `many` rows."""
        assert self.candidates is not None
        candidates = Sql(f"SELECT nid FROM ({self.candidates.text}) e LIMIT ?", (*self.candidates.binds, many))
        return _make_candidate_path(candidates, self.rest, None)

    @property
    def text(self) -> str:
        return f"FROM {self.table} WHERE {self.where}"

    def join(self) -> str:
        """Return the same path with the resource's own row joined as `r`."""
        return self.text if self.row else f"FROM {self.table}{JOIN} WHERE {self.where}"


def choose_source(scope: Scope, query: Query, patient: str | None) -> AccessPath:
    """Choose the access path. `patient`: the only patient whose compartment is visible, or None."""
    named = patient or find_named_patient(query)
    if named is not None:
        return _compartment_path(scope, query, named, member=patient is not None)
    if query.ids is not None:
        ids = match_any("r.id", list(query.ids))
        # "+": otherwise the engine reads all of the type, because that index is in the order of nids.
        where = f"r.space = ? AND r.type = ? AND {ids.text} AND +r.state = {LIVE}"
        return AccessPath(
            "resource r", where, (scope.space, scope.names.word(query.type), *ids.binds), "r.nid", query.filters, row=True
        )
    token = _token_path(scope, query)
    if token is not None:
        return (_smallest_range_path(scope, query) if len(query.filters) > 1 or query.updated else None) or token
    return (
        _reference_path(scope, query)
        or _date_path(scope, query)
        or _collected_range_path(scope, query, _WORDS)
        or _combine_date_bounds(scope, query)
        or _collected_range_path(scope, query, _NUMBERS)
        or _follow_chain(scope, query)
        or _collect_changed_resources(scope, query)
        or scan_type(scope, query)
    )


def find_named_patient(query: Query) -> str | None:
    """Return the patient that a filter names. References to a patient are in that patient's range, whether members or not."""
    if query.within is not None and query.within.type == "Patient":
        return query.within.id
    return next((id for filter in query.filters if (id := _patient_of(filter)) is not None), None)


def _patient_of(filter: Filter) -> str | None:
    """Return the patient if this filter names a patient and nothing else."""
    value = filter.values[0] if len(filter.values) == 1 else None
    plain = filter.modifier is None and filter.chain is None
    if not plain or not isinstance(value, ReferenceValue) or value.url is not None:
        return None
    target = value.type or (filter.parameter.targets[0] if len(filter.parameter.targets) == 1 else None)
    return value.id if target == "Patient" else None


def _compartment_path(scope: Scope, query: Query, patient: str, *, member: bool) -> AccessPath:
    nid, type = scope.names.nid(scope.space, "Patient", patient), scope.names.word(query.type)
    patient_filter = next((filter for filter in query.filters if _patient_of(filter) == patient), None)
    facet, hash = _facet_of_query(scope, query)
    others = [filter for filter in query.filters if filter is not patient_filter and filter is not facet]
    joins = [(filter, _join_single_row(scope, filter, f"j{index}")) for index, filter in enumerate(others)]
    joined = "".join(join.text for _, join in joins if join)
    range = _range_of(nid, type, (scope.names.word(facet.parameter.code), hash) if facet else None)
    referring = _match_references(nid, type, patient_filter.parameter) if patient_filter else TRUE
    where = f"{range.text} AND {'d.member = 1' if member else 'd.member IN (0, 1)'} AND {referring.text}"
    return AccessPath(
        f"{'shown_facet' if facet else 'shown_compartment'} d{joined}",
        where,
        (*(bind for _, join in joins if join for bind in join.binds), *range.binds, *referring.binds),
        "d.nid",
        tuple(filter for filter, join in joins if join is None),
        patient if member else None,
        rank=True,
        facet=facet is not None,
    )


def _facet_of_query(scope: Scope, query: Query) -> tuple[Filter | None, int]:
    """Return the filter whose code narrows the compartment to one range, and its hash. Prefers `code` to other parameters."""
    candidates = [
        (filter, hash)
        for filter in query.filters
        if filter.parameter.code in FACETS and (hash := single_hash(scope, filter)) is not None
    ]
    return min(candidates, key=lambda pair: pair[0].parameter.code != "code", default=(None, 0))


def _range_of(patient: int, type: int, facet: tuple[int, int] | None) -> Sql:
    text = "d.patient = ? AND d.type = ?"
    return Sql(f"{text} AND d.word = ? AND d.hash = ?", (patient, type, *facet)) if facet else Sql(text, (patient, type))


def _match_references(patient: int, type: int, parameter: SearchParameter) -> Sql:
    """Match resources that refer to the patient by the parameter; they are all in the patient's range.

    For `patient`, the index has a column for it. For another parameter, the answer is often the whole range. Two counts
    determine that once, for a third of the cost of checking every row.
    """
    exists = "EXISTS (SELECT 1 FROM shown_reference h WHERE h.nid = d.nid AND h.parameter = ? AND h.target = ?)"
    if parameter.code == "patient":
        return Sql(f"(d.named = 1 OR {exists})", (parameter.number, patient))
    refer = "SELECT count(*) FROM shown_reference WHERE target = ? AND parameter = ?"
    in_range = "SELECT count(*) FROM shown_compartment WHERE patient = ? AND type = ? AND member IN (0, 1)"
    return Sql(f"(({refer}) = ({in_range}) OR {exists})", (patient, parameter.number, patient, type, parameter.number, patient))


def _join_single_row(scope: Scope, filter: Filter, name: str) -> Sql | None:
    """Join a filter that at most one index row can meet. A join costs half as much as EXISTS."""
    on = f"{name} ON {name}.nid = d.nid AND {name}.parameter = ?"
    hash = single_hash(scope, filter)
    if hash is not None:
        binds = (filter.parameter.number, scope.space, hash)
        return Sql(f" CROSS JOIN shown_token {on} AND {name}.space = ? AND {name}.hash = ?", binds)
    target = single_target(scope, filter)
    if target is not None:
        return Sql(f" CROSS JOIN shown_reference {on} AND {name}.target = ?", (filter.parameter.number, target))
    return None


def _token_path(scope: Scope, query: Query) -> AccessPath | None:
    candidates = [(filter, hash) for filter in query.filters if (hash := single_hash(scope, filter)) is not None]
    if not candidates:
        return None
    if len(candidates) > 1:
        candidates.sort(key=lambda pair: scope.names.count_up_to_thousand(scope.space, pair[0].parameter.number, pair[1]))
    filter, hash = candidates[0]
    where = "d.space = ? AND d.parameter = ? AND d.hash = ?"
    return AccessPath("shown_token d", where, (scope.space, filter.parameter.number, hash), "d.nid", _leave_out(query, filter))


def _reference_path(scope: Scope, query: Query) -> AccessPath | None:
    for filter in query.filters:
        value = filter.values[0] if len(filter.values) == 1 and filter.modifier is None else None
        if isinstance(value, ReferenceValue) and value.url is None and value.type is not None:
            nid = scope.names.nid(scope.space, value.type, value.id)
            where = "d.target = ? AND d.parameter = ?"
            return AccessPath("shown_reference d", where, (nid, filter.parameter.number), "d.nid", _leave_out(query, filter))
    return None


def _date_path(scope: Scope, query: Query) -> AccessPath | None:
    """Use a date filter if all stored dates match its precision exactly; its rows are then in the order of nids."""
    for filter, value in _exact_date_filters(query):
        numbers = filter.parameter.numbers
        if value.prefix != "eq" or len(numbers) != 1:
            continue
        if scope.names.is_whole(scope.space, numbers[0], value.low, value.high):
            where = "d.space = ? AND d.parameter = ? AND d.low = ? AND d.high = ?"
            binds = (scope.space, numbers[0], value.low, value.high)
            return AccessPath("shown_date d", where, binds, "d.nid", _leave_out(query, filter))
    return None


def _exact_date_filters(query: Query) -> list[tuple[Filter, DateValue]]:
    """Return the filters that ask for exactly one date."""
    return [
        (filter, value)
        for filter in query.filters
        if len(filter.values) == 1
        and isinstance(value := filter.values[0], DateValue)
        and filter.modifier is None
        and filter.chain is None
        and filter.parameter.code != "_lastUpdated"
    ]


def _combine_date_bounds(scope: Scope, query: Query) -> AccessPath | None:
    """Combine a lower and an upper date bound, because a single bound is rarely selective."""
    dates = _exact_date_filters(query)
    for from_filter, after in dates:
        for to_filter, before in dates:
            opposed = after.prefix in ("gt", "ge", "sa") and before.prefix in ("lt", "le", "eb")
            if opposed and from_filter.parameter.number == to_filter.parameter.number:
                candidates = select_dated_between(scope, from_filter, to_filter)
                others = tuple(filter for filter in query.filters if filter is not from_filter and filter is not to_filter)
                return _make_candidate_path(candidates, others, candidates)
    return None


def _collect_changed_resources(scope: Scope, query: Query) -> AccessPath | None:
    """Collect the resources that were last updated in the requested period."""
    if all(date.prefix == "ne" for date in query.updated):
        return None
    conditions = join_with_and([match_instant(date, "u.changed") for date in query.updated])
    text = f"SELECT u.nid FROM resource u WHERE u.space = ? AND u.type = ? AND u.state = {LIVE} AND {conditions.text}"
    candidates = Sql(text, (scope.space, scope.names.word(query.type), *conditions.binds))
    return _make_candidate_path(candidates, query.filters, candidates)._replace(changed=True)


def _make_candidate_path(candidates: Sql, rest: tuple[Filter, ...], range: Sql | None) -> AccessPath:
    # "+": otherwise the engine may scan an index in the order of nids to remove duplicates.
    table = f"(SELECT DISTINCT +nid AS nid FROM ({candidates.text}) e) d"
    return AccessPath(table, "TRUE", candidates.binds, "d.nid", rest, range=range, candidates=candidates)


def _smallest_range_path(scope: Scope, query: Query) -> AccessPath | None:
    """Choose a range with few rows if every token filter has many."""
    range = (
        _combine_date_bounds(scope, query)
        or _collected_range_path(scope, query, _NUMBERS)
        or _collect_changed_resources(scope, query)
    )
    if (
        range is None
        or range.candidates is None
        or scope.names.count_rows(range.candidates, SMALL_RANGE_ROWS) == SMALL_RANGE_ROWS
    ):
        return None
    hashes = [(filter, hash) for filter in query.filters if (hash := single_hash(scope, filter)) is not None]
    token_rows = (select_tokens(scope.space, filter.parameter.number, hash) for filter, hash in hashes)
    return range if all(scope.names.count_rows(rows, SMALL_RANGE_ROWS) == SMALL_RANGE_ROWS for rows in token_rows) else None


def _collected_range_path(scope: Scope, query: Query, kinds: tuple[str, ...]) -> AccessPath | None:
    """Collect the matches of one filter first, which costs in proportion to their number."""
    for filter in (filter for kind in kinds for filter in query.filters if filter.parameter.kind == kind and not filter.leads):
        candidates = select_candidates(scope, query.type, filter)
        if candidates is not None:
            return _make_candidate_path(candidates, _leave_out(query, filter), select_leading_candidates(scope, filter))
    return None


def _follow_chain(scope: Scope, query: Query) -> AccessPath | None:
    """Do the same for a filter that follows references. Counting its matches means following them."""
    for filter in (filter for filter in query.filters if filter.leads):
        candidates = select_candidates(scope, query.type, filter)
        if candidates is not None:
            return _make_candidate_path(candidates, _leave_out(query, filter), candidates)._replace(costly=True)
    return None


def scan_type(scope: Scope, query: Query) -> AccessPath:
    where = f"r.space = ? AND r.type = ? AND r.state = {LIVE}"
    return AccessPath("resource r", where, (scope.space, scope.names.word(query.type)), "r.nid", query.filters, row=True)


def _leave_out(query: Query, filter: Filter) -> tuple[Filter, ...]:
    return tuple(other for other in query.filters if other is not filter)
