"""Queries that explain a search by the data that a token may see. The cost of each answer is limited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol, TypeAlias, TypeVar

from sickbay.fhir.search.parameters import SearchParameter
from sickbay.fhir.search.query import Query

COUNT_LIMIT: Final = 1000
"""Number at which counting stops."""
OCCURRENCE_LIMIT: Final = 50
"""The maximum number of different values of a parameter among the matches that are counted."""
OTHER_VALUES: Final = 250
"""The maximum number of codes in an answer of `other_codes`."""
NEARBY_LIMIT: Final = 300
"""The maximum number of texts with the same beginning in one answer."""


class TooCostly(Exception):
    """Raised if an answer would exceed the cost limit of the explanation."""


class Occurrence(NamedTuple):
    """A value, and the number of matches that have it.

    system: the system of a code, or the type of a reference. It is "" if there is none.
    """

    system: str
    value: str
    matches: int


class Occurrences(NamedTuple):
    """The values of a parameter, most frequent first.

    is_complete: False if there may be other values, and more matches than the numbers say.
    """

    values: list[Occurrence]
    is_complete: bool = True


class Extent(NamedTuple):
    """Starts of the values of a parameter: the first, the last, and the range of the value nearest to a point.

    is_complete: False if only the first matches were read, so there may be others.
    """

    first: int
    last: int
    nearest: tuple[int, int]
    is_complete: bool = True


class Probe(Protocol):
    """Answers questions about the data that a token may see. Every method raises TooCostly."""

    def count(self, query: Query) -> int:
        """Count the matches, up to COUNT_LIMIT."""
        ...

    def has_match(self, query: Query) -> bool:
        """Return whether there is a match. This is often cheaper than counting."""
        ...

    def occurrences(self, query: Query, parameter: SearchParameter) -> Occurrences:
        """Return the codes, texts, URIs or references of a parameter among the first COUNT_LIMIT matches.

        If there are more matches, the values aren't complete. Then, if the first matches have none, those of other resources of
        the type are returned.
        """
        ...

    def other_codes(self, parameter: SearchParameter) -> list[Occurrence]:
        """Return codes of a parameter, up to OTHER_VALUES, including resources that `occurrences` doesn't read. Each count is a
        lower bound.
        """
        ...

    def extent(self, query: Query, parameter: SearchParameter, point: int) -> Extent | None:
        """Return the extent of a parameter's dates or numbers, as in the index. None if no match has one."""
        ...

    def texts_near(self, parameter: SearchParameter, start: str) -> list[str]:
        """Return the texts of a parameter that begin with `start`, in order, up to NEARBY_LIMIT."""
        ...

    def systems_of(self, parameter: SearchParameter, code: str) -> list[str]:
        """Return the systems in which a code occurs in a parameter, in order."""
        ...

    def bodies(self, query: Query, limit: int) -> list[bytes]:
        """Return the bodies of the first matches."""
        ...

    def bodies_with(self, parameter: SearchParameter, limit: int) -> list[bytes]:
        """Return the bodies of some resources that have a value of a parameter, unless it is a reference."""
        ...

    def position(self) -> int:
        """Return a number that grows with every write of a resource of this hospital and version."""
        ...


T = TypeVar("T")
ProbeJob: TypeAlias = Callable[[Probe], T]
