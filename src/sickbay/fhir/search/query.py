"""A search as a value: what was asked, resolved against one version's search parameters, ready for any store.

Structs, since one or more are made for each request: a frozen dataclass takes several times as long to make and to hash.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

Kind: TypeAlias = Literal["token", "reference", "string", "date", "number", "quantity", "uri", "composite", "special"]
Prefix: TypeAlias = Literal["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]


class SearchParameter(Struct, frozen=True, gc=False, cache_hash=True):
    """One search parameter of one version on one type. `number` is stable per (version, type, code): the index's small int."""

    code: str
    type: str
    kind: Kind
    number: int
    expression: str = ""
    targets: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    """Of a composite: the codes of its parts, in the order of a value."""
    held: tuple[int, ...] = ()
    """The numbers under which the index has it, where that is not its own."""

    @property
    def numbers(self) -> tuple[int, ...]:
        return self.held or (self.number,)


class TokenValue(Struct, frozen=True, gc=False):
    """`code` any system; `system|code`; `|code` (system ""); `system|` (code None). `text` for :text."""

    system: str | None
    code: str | None


class ReferenceValue(Struct, frozen=True, gc=False):
    """A relative reference. type None: any of the parameter's targets. Foreign absolute URLs keep `url` and match no id."""

    type: str | None
    id: str
    url: str | None = None


class StringValue(Struct, frozen=True, gc=False):
    """Folded text (lower case, no accents)."""

    text: str
    raw: str


class DateValue(Struct, frozen=True, gc=False):
    """An instant range [low, high) in epoch milliseconds, and the prefix."""

    prefix: Prefix
    low: int
    high: int


class QuantityValue(Struct, frozen=True, gc=False):
    """A number and its optional unit: [low, high) by its written precision; low == high for gt, lt, ge, le, sa, eb."""

    prefix: Prefix
    low: float
    high: float
    system: str | None = None
    code: str | None = None


class UriValue(Struct, frozen=True, gc=False):
    uri: str


class CompositeValue(Struct, frozen=True, gc=False):
    """`a$b`: one value for each part, all true of the same element."""

    parts: tuple[TokenValue | ReferenceValue | StringValue | DateValue | QuantityValue | UriValue, ...]


class NearValue(Struct, frozen=True, gc=False):
    """A circle on the earth: centre in microdegrees, radius in metres."""

    latitude: int
    longitude: int
    radius: int


class WordsValue(Struct, frozen=True, gc=False):
    """Words, folded, each the beginning of one in the text: all of them, wherever they stand."""

    words: tuple[str, ...]


Value: TypeAlias = (
    TokenValue | ReferenceValue | StringValue | DateValue | QuantityValue | UriValue | CompositeValue | NearValue | WordsValue
)


class Filter(Struct, frozen=True, gc=False):
    """One `parameter[:modifier]=a,b`: the values are alternatives; several filters must all hold."""

    parameter: SearchParameter
    values: tuple[Value, ...]
    modifier: str | None = None
    chain: tuple[str, Filter] | None = None
    """(type at the other end, filter on it): `subject:Patient.name=x`. Then values is empty."""
    reverse: bool = False
    """Of a chain: `_has`. `parameter` is the other end's, and leads here."""
    along: tuple[tuple[str, int], ...] = ()
    """Of `:above` and `:below` on references: (type, number of the parameter by which it is part of another)."""
    either: tuple[Filter, ...] = ()
    """Of a chain that says no type, one for each type to which it may lead: `subject.name=x`. One of them must hold."""

    @property
    def leads(self) -> bool:
        """Whether it asks for what lies at the other end of a reference."""
        return self.chain is not None or bool(self.either)

    @property
    def ends(self) -> int:
        """How many filters it has at the ends of all its ways."""
        if self.chain is not None:
            return self.chain[1].ends
        return sum(one.ends for one in self.either) or 1


class Include(Struct, frozen=True, gc=False):
    """`_include` or `_revinclude=Source:parameter[:Target]`; type or code "*" as sent."""

    source: str
    parameter: str
    target: str | None = None
    reverse: bool = False
    iterate: bool = False
    without: frozenset[str] = frozenset()
    """Types that are not brought along."""


class Sort(Struct, frozen=True, gc=False):
    parameter: str
    descending: bool = False


class Within(Struct, frozen=True, gc=False):
    """A compartment (R4, 3.1.1.5.2): what refers to Type/id by one of these parameters, named by their numbers."""

    type: str
    id: str
    parameters: tuple[int, ...]


class Query(Struct, frozen=True, gc=False):
    """A search on one type of one version, or on several: then `type` is "" and `parts` has one search for each.

    ids: from `_id`, None where not asked. updated: from `_lastUpdated`. applied: the parameters as they will stand in
    the self link, in order. ignored: (name, nearest known name) of those left out under lenient handling.
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
    """(name, code, what may be meant) of codes that no resource can hold."""
    within: Within | None = None
    parts: tuple[Query, ...] = ()
    whole: bool = True
    """Whether version, time and facts of the matches are wanted beside their bodies."""
    remembered: bool = False
    """Whether it is short enough to be cached, with what a store makes of it."""

    @property
    def path(self) -> str:
        """Below the base: Observation, Patient/x/Observation, Patient/x/*, "" for the whole server."""
        return self.type if self.within is None else f"{self.within.type}/{self.within.id}/{self.type or '*'}"

    @property
    def narrows(self) -> bool:
        """Whether it says which resources are meant; what only shapes an answer means all."""
        return bool(self.filters or self.updated) or self.ids is not None

    def each(self) -> tuple[Query, ...]:
        """The searches on one type that it consists of."""
        return self.parts if self.type == "" else (self,)
