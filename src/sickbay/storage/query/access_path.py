"""From where a search is driven. The join order is ours: a patient's compartment, ids, the rarest token (or a range of fewer),
what is referenced, a range of an index, and only then all resources of the type. Everything else stays a condition (EXISTS)."""

from __future__ import annotations

from typing import NamedTuple

from sickbay.fhir.search.query import DateValue, Filter, Query, ReferenceValue, SearchParameter
from sickbay.storage.query.candidates import between, collected, leading
from sickbay.storage.query.dictionary import LIVE, tokens
from sickbay.storage.query.filters import TRUE, Scope, both, of_instant, one_of, single_hash, single_target
from sickbay.storage.query.saving import FACETS
from sickbay.storage.query.statement import Sql

JOIN = " CROSS JOIN resource r ON r.nid = d.nid"
_WORDS = ("composite", "string", "uri", "token", "reference", "special")
FEW = 2000
"""A range of fewer is gone through sooner than a code of more, of which each would be looked up in the range."""
_NUMBERS = ("composite", "date", "quantity", "number")


class AccessPath(NamedTuple):
    """`table` with `where`, its own conditions, yields each live nid of the type once, in the order of nids.

    rest: filters that it does not fulfil. patient: all is in this compartment. rank: it is a patient's range, in the
    order of `rank` first. facet: and of nearly nothing but what matches. row: the source is the resource's own row, `r`.
    range: of what is sorted first, that to which an index leads at once: by it one tells how many there are.
    changed: all of it was changed when it was asked for. found: a set that was collected, before it is one.
    dear: it was collected by going elsewhere.
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
    found: Sql | None = None
    dear: bool = False

    def least(self, after: int, many: int) -> AccessPath:
        """So many rows of what was collected, those of the least nids after one."""
        assert self.found is not None
        few = f"SELECT nid FROM ({self.found.text}) e WHERE +nid > ? ORDER BY +nid LIMIT ?"
        return _collected(Sql(few, (*self.found.binds, after, many)), self.rest, None)

    def some(self, many: int) -> AccessPath:
        """So many rows of what was collected, whichever."""
        assert self.found is not None
        few = Sql(f"SELECT nid FROM ({self.found.text}) e LIMIT ?", (*self.found.binds, many))
        return _collected(few, self.rest, None)

    @property
    def text(self) -> str:
        return f"FROM {self.table} WHERE {self.where}"

    def joined(self) -> str:
        """The same, with the resource's own row at hand."""
        return self.text if self.row else f"FROM {self.table}{JOIN} WHERE {self.where}"


def source(scope: Scope, query: Query, patient: str | None) -> AccessPath:
    """`patient`: the only one whose compartment is visible, if so."""
    named = patient or _named(query)
    if named is not None:
        return _compartment(scope, query, named, member=patient is not None)
    if query.ids is not None:
        ids = one_of("r.id", list(query.ids))
        # "+": else all of the type are read, since they come in the order of nids.
        where = f"r.space = ? AND r.type = ? AND {ids.text} AND +r.state = {LIVE}"
        return AccessPath(
            "resource r",
            where,
            (scope.space, scope.names.word(query.type), *ids.binds),
            "r.nid",
            query.filters,
            row=True,
        )
    token = _token(scope, query)
    if token is not None:
        return (_fewer(scope, query) if len(query.filters) > 1 or query.updated else None) or token
    return (
        _reference(scope, query)
        or _date(scope, query)
        or _range(scope, query, _WORDS)
        or _between(scope, query)
        or _range(scope, query, _NUMBERS)
        or _chained(scope, query)
        or _changed(scope, query)
        or everything(scope, query)
    )


def _named(query: Query) -> str | None:
    """The patient that a filter names: what refers to a patient is in that patient's range, member or not."""
    if query.within is not None and query.within.type == "Patient":
        return query.within.id
    return next((id for one in query.filters if (id := _patient_of(one)) is not None), None)


def _patient_of(one: Filter) -> str | None:
    """The patient that this filter names, if it names one and nothing else."""
    value = one.values[0] if len(one.values) == 1 else None
    plain = one.modifier is None and one.chain is None
    if not plain or not isinstance(value, ReferenceValue) or value.url is not None:
        return None
    target = value.type or (one.parameter.targets[0] if len(one.parameter.targets) == 1 else None)
    return value.id if target == "Patient" else None


def _compartment(scope: Scope, query: Query, patient: str, *, member: bool) -> AccessPath:
    nid, type = scope.names.nid(scope.space, "Patient", patient), scope.names.word(query.type)
    whose = next((one for one in query.filters if _patient_of(one) == patient), None)
    facet, hash = _facet(scope, query)
    rest = [one for one in query.filters if one is not whose and one is not facet]
    joins = [(one, _join(scope, one, f"j{at}")) for at, one in enumerate(rest)]
    joined = "".join(join.text for _, join in joins if join)
    range = _range_of(nid, type, (scope.names.word(facet.parameter.code), hash) if facet else None)
    held = _referring(nid, type, whose.parameter) if whose else TRUE
    where = f"{range.text} AND {'d.member = 1' if member else 'd.member IN (0, 1)'} AND {held.text}"
    return AccessPath(
        f"{'facet_index' if facet else 'compartment_index'} d{joined}",
        where,
        (*(bind for _, join in joins if join for bind in join.binds), *range.binds, *held.binds),
        "d.nid",
        tuple(one for one, join in joins if join is None),
        patient if member else None,
        rank=True,
        facet=facet is not None,
    )


def _facet(scope: Scope, query: Query) -> tuple[Filter | None, int]:
    """The filter whose code narrows the compartment to one range, and its hash: what it is goes before its group."""
    found = [
        (one, hash) for one in query.filters if one.parameter.code in FACETS and (hash := single_hash(scope, one)) is not None
    ]
    return min(found, key=lambda pair: pair[0].parameter.code != "code", default=(None, 0))


def _range_of(patient: int, type: int, facet: tuple[int, int] | None) -> Sql:
    text = "d.patient = ? AND d.type = ?"
    return Sql(f"{text} AND d.word = ? AND d.hash = ?", (patient, type, *facet)) if facet else Sql(text, (patient, type))


def _referring(patient: int, type: int, parameter: SearchParameter) -> Sql:
    """True of what refers to the patient by the parameter, and so is in the patient's range.

    By `patient` the index says so itself. By another one it mostly is the whole range, which two counts tell once for a third
    of what it costs to look at every row.
    """
    each = "EXISTS (SELECT 1 FROM reference_index h WHERE h.nid = d.nid AND h.parameter = ? AND h.target = ?)"
    if parameter.code == "patient":
        return Sql(f"(d.named = 1 OR {each})", (parameter.number, patient))
    refer = "SELECT count(*) FROM reference_index WHERE target = ? AND parameter = ?"
    there = "SELECT count(*) FROM compartment_index WHERE patient = ? AND type = ? AND member IN (0, 1)"
    return Sql(f"(({refer}) = ({there}) OR {each})", (patient, parameter.number, patient, type, parameter.number, patient))


def _join(scope: Scope, one: Filter, name: str) -> Sql | None:
    """A filter that one row of an index can meet at most: a join finds it for half the price of EXISTS."""
    on = f"{name} ON {name}.nid = d.nid AND {name}.parameter = ?"
    hash = single_hash(scope, one)
    if hash is not None:
        binds = (one.parameter.number, scope.space, hash)
        return Sql(f" CROSS JOIN token_index {on} AND {name}.space = ? AND {name}.hash = ?", binds)
    target = single_target(scope, one)
    if target is not None:
        return Sql(f" CROSS JOIN reference_index {on} AND {name}.target = ?", (one.parameter.number, target))
    return None


def _token(scope: Scope, query: Query) -> AccessPath | None:
    found = [(one, hash) for one in query.filters if (hash := single_hash(scope, one)) is not None]
    if not found:
        return None
    if len(found) > 1:
        found.sort(key=lambda pair: scope.names.rarity(scope.space, pair[0].parameter.number, pair[1]))
    one, hash = found[0]
    where = "d.space = ? AND d.parameter = ? AND d.hash = ?"
    return AccessPath("token_index d", where, (scope.space, one.parameter.number, hash), "d.nid", _without(query, one))


def _reference(scope: Scope, query: Query) -> AccessPath | None:
    for one in query.filters:
        value = one.values[0] if len(one.values) == 1 and one.modifier is None else None
        if isinstance(value, ReferenceValue) and value.url is None and value.type is not None:
            nid = scope.names.nid(scope.space, value.type, value.id)
            where = "d.target = ? AND d.parameter = ?"
            return AccessPath("reference_index d", where, (nid, one.parameter.number), "d.nid", _without(query, one))
    return None


def _date(scope: Scope, query: Query) -> AccessPath | None:
    """A day, a month or a year as everybody wrote it: then its rows are in the order of nids, as those of a code are."""
    for one, value in _dates(query):
        numbers = one.parameter.numbers
        if value.prefix != "eq" or len(numbers) != 1:
            continue
        if scope.names.whole(scope.space, numbers[0], value.low, value.high):
            where = "d.space = ? AND d.parameter = ? AND d.low = ? AND d.high = ?"
            binds = (scope.space, numbers[0], value.low, value.high)
            return AccessPath("date_index d", where, binds, "d.nid", _without(query, one))
    return None


def _dates(query: Query) -> list[tuple[Filter, DateValue]]:
    """The filters that ask for one date."""
    return [
        (one, value)
        for one in query.filters
        if len(one.values) == 1
        and isinstance(value := one.values[0], DateValue)
        and one.modifier is None
        and one.chain is None
        and one.parameter.code != "_lastUpdated"
    ]


def _between(scope: Scope, query: Query) -> AccessPath | None:
    """From one day to another: neither of both alone leads to few."""
    dates = _dates(query)
    for one, after in dates:
        for other, before in dates:
            apart = after.prefix in ("gt", "ge", "sa") and before.prefix in ("lt", "le", "eb")
            if apart and one.parameter.number == other.parameter.number:
                found = between(scope, one, other)
                rest = tuple(each for each in query.filters if each is not one and each is not other)
                return _collected(found, rest, found)
    return None


def _changed(scope: Scope, query: Query) -> AccessPath | None:
    """What was written when it is asked for, as a set."""
    if all(one.prefix == "ne" for one in query.updated):
        return None
    held = both(of_instant(one, "u.changed") for one in query.updated)
    text = f"SELECT u.nid FROM resource u WHERE u.space = ? AND u.type = ? AND u.state = {LIVE} AND {held.text}"
    found = Sql(text, (scope.space, scope.names.word(query.type), *held.binds))
    return _collected(found, query.filters, found)._replace(changed=True)


def _collected(found: Sql, rest: tuple[Filter, ...], range: Sql | None) -> AccessPath:
    # "+": else an index in the order of nids may be gone through, which finds them once as well.
    table = f"(SELECT DISTINCT +nid AS nid FROM ({found.text}) e) d"
    return AccessPath(table, "TRUE", found.binds, "d.nid", rest, range=range, found=found)


def _fewer(scope: Scope, query: Query) -> AccessPath | None:
    """A range of few, where what a code leads to are many."""
    range = _between(scope, query) or _range(scope, query, _NUMBERS) or _changed(scope, query)
    if range is None or range.found is None or scope.names.counted(range.found, FEW) == FEW:
        return None
    hashes = [(one, hash) for one in query.filters if (hash := single_hash(scope, one)) is not None]
    each = (tokens(scope.space, one.parameter.number, hash) for one, hash in hashes)
    return range if all(scope.names.counted(rows, FEW) == FEW for rows in each) else None


def _range(scope: Scope, query: Query, kinds: tuple[str, ...]) -> AccessPath | None:
    """What meets one filter, as a set: its nids are collected first, so it costs as much as there are."""
    for one in (one for kind in kinds for one in query.filters if one.parameter.kind == kind and not one.leads):
        found = collected(scope, query.type, one)
        if found is not None:
            return _collected(found, _without(query, one), leading(scope, one))
    return None


def _chained(scope: Scope, query: Query) -> AccessPath | None:
    """The same of what leads elsewhere. How many there are is told by going there."""
    for one in (one for one in query.filters if one.leads):
        found = collected(scope, query.type, one)
        if found is not None:
            return _collected(found, _without(query, one), found)._replace(dear=True)
    return None


def everything(scope: Scope, query: Query) -> AccessPath:
    where = f"r.space = ? AND r.type = ? AND r.state = {LIVE}"
    return AccessPath("resource r", where, (scope.space, scope.names.word(query.type)), "r.nid", query.filters, row=True)


def _without(query: Query, one: Filter) -> tuple[Filter, ...]:
    return tuple(other for other in query.filters if other is not one)
