"""A search as a value, resolved against the search parameters of a version and ready for any store.

Uses structs, because each request creates several: a frozen dataclass takes several times as long to create and to hash.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from sickbay.fhir.search.parameters import SearchParameter

Prefix: TypeAlias = Literal["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]


class TokenValue(Struct, frozen=True, gc=False):
    """`code` (any system); `system|code`; `|code` (system ""); `system|` (code None). `text` for :text."""

    system: str | None
    code: str | None


class ReferenceValue(Struct, frozen=True, gc=False):
    """A relative reference. type None: any of the parameter's targets. An absolute URL on another server is in `url`."""

    type: str | None
    id: str
    url: str | None = None


class StringValue(Struct, frozen=True, gc=False):
    """Folded text (lower case, no accents), and the original."""

    text: str
    raw: str


class DateValue(Struct, frozen=True, gc=False):
    """A range [low, high) in epoch milliseconds, and the prefix."""

    prefix: Prefix
    low: int
    high: int


class QuantityValue(Struct, frozen=True, gc=False):
    """A number and its optional unit: [low, high) by written precision; low == high for gt, lt, ge, le, sa, eb."""

    prefix: Prefix
    low: float
    high: float
    system: str | None = None
    code: str | None = None


class UriValue(Struct, frozen=True, gc=False):
    uri: str


class CompositeValue(Struct, frozen=True, gc=False):
    """`a$b`: a value for each part, all matched by the same element."""

    parts: tuple[TokenValue | ReferenceValue | StringValue | DateValue | QuantityValue | UriValue, ...]


class NearValue(Struct, frozen=True, gc=False):
    """A circle on the earth: centre in microdegrees, radius in metres."""

    latitude: int
    longitude: int
    radius: int


class WordsValue(Struct, frozen=True, gc=False):
    """Folded words. Each must be the beginning of a word in the text, in any order."""

    words: tuple[str, ...]


Value: TypeAlias = (
    TokenValue | ReferenceValue | StringValue | DateValue | QuantityValue | UriValue | CompositeValue | NearValue | WordsValue
)


class Filter(Struct, frozen=True, gc=False):
    """A `parameter[:modifier]=a,b`. The values are alternatives; several filters must all match."""

    parameter: SearchParameter
    values: tuple[Value, ...]
    modifier: str | None = None
    chain: tuple[str, Filter] | None = None
    """(type of the target, filter on it): `subject:Patient.name=x`. `values` is then empty."""
    reverse: bool = False
    """For a chain: whether it is `_has`. `parameter` is then a parameter of the other type that refers to this one."""
    along: tuple[tuple[str, int], ...] = ()
    """For `:above` and `:below` on references: (type, number of the parameter that makes it part of another)."""
    either: tuple[Filter, ...] = ()
    """For a chain without a type, a filter for each type it may lead to: `subject.name=x`. One of them must match."""

    @property
    def leads(self) -> bool:
        """Whether it filters on the target of a reference."""
        return self.chain is not None or bool(self.either)

    @property
    def ends(self) -> int:
        """Counts the filters at the ends of all its chains."""
        if self.chain is not None:
            return self.chain[1].ends
        return sum(filter.ends for filter in self.either) or 1


class Include(Struct, frozen=True, gc=False):
    """`_include` or `_revinclude=Source:parameter[:Target]`; type or code "*" as sent."""

    source: str
    parameter: str
    target: str | None = None
    reverse: bool = False
    iterate: bool = False
    without: frozenset[str] = frozenset()
    """Types that are not included."""


class Sort(Struct, frozen=True, gc=False):
    parameter: str
    descending: bool = False


class Within(Struct, frozen=True, gc=False):
    """A compartment (R4, 3.1.1.5.2): resources that refer to Type/id in one of these parameters, given by number."""

    type: str
    id: str
    parameters: tuple[int, ...]


class Query(Struct, frozen=True, gc=False, cache_hash=True):
    """A search on one type of a version. For several types, `type` is "" and `parts` has a search for each, else nothing.

    ids: from `_id`; None if it wasn't sent. updated: from `_lastUpdated`. applied: the parameters for the self link,
    in order. ignored: (name, nearest known name) of parameters ignored under lenient handling.
    """

    version: str
    type: str
    filters: tuple[Filter, ...] = ()
    ids: tuple[str, ...] | None = None
    updated: tuple[DateValue, ...] = ()
    includes: tuple[Include, ...] = ()
    sort: tuple[Sort, ...] = ()
    count: int = 50
    cursor: str | None = None
    total: Literal["none", "estimate", "accurate"] | None = None
    summary: str | None = None
    elements: tuple[str, ...] = ()
    applied: tuple[tuple[str, str], ...] = ()
    ignored: tuple[tuple[str, str | None], ...] = ()
    doubted: tuple[tuple[str, str, str], ...] = ()
    """(name, code, similar codes) for codes that no resource can have."""
    within: Within | None = None
    parts: tuple[Query, ...] = ()
    whole: bool = True
    """Whether version, time and index entries of the matches are needed in addition to their bodies."""
    remembered: bool = False
    """Whether it is short enough to be cached, together with what a store computes from it."""

    @property
    def narrows(self) -> bool:
        """Whether it selects resources. Without a filter, a search returns all of them."""
        return bool(self.filters or self.updated) or self.ids is not None
