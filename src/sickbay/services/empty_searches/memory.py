"""The newest searches of this worker that found nothing, as they were sent. They are kept in memory only.

The journal masks the values of a search. Here they are complete, so `explain` shows them only to readers with access.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec import Struct

from sickbay.authorization.models import AccessToken
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import Visibility
from sickbay.kernel.memory import ResetScope
from sickbay.storage.interface import ResourceSpace

if TYPE_CHECKING:  # they load the rules, which a command that explains nothing doesn't need
    from sickbay.diagnosis.explain import Explanation
    from sickbay.services.empty_searches.examine import Answer

KEPT_SEARCHES: Final = 200
"""The maximum number of searches in memory."""
SEARCH_CHARACTERS: Final = 4_000
"""Maximum length in characters of a search's URL. Longer searches aren't kept."""


class Holder(NamedTuple):
    """The app, user, hospital and patient of a token."""

    issuer: str
    client_id: str
    user: str | None
    patient: str | None


def holder_of(token: AccessToken) -> Holder:
    return Holder(token.issuer, token.client_id, token.user, token.patient)


class EmptySearch(Struct):
    """A search that found nothing, or whose includes added nothing (then `matched` is true).

    id: that of its exchange. token: the hash of its token; "" if a user searched in the explorer. request: without headers.
    answer, explanation: None until it is explained.
    """

    id: str
    at: float
    space: ResourceSpace
    base: str
    query: Query
    request: AccessRequest
    visibility: Visibility
    holder: Holder
    token: str
    matched: bool = False
    answer: Answer | None = None
    explanation: Explanation | None = None


class EmptySearches:
    """A part of `Runtime.memory`. The oldest ones are dropped, explained or not."""

    def __init__(self) -> None:
        self._searches: OrderedDict[str, EmptySearch] = OrderedDict()

    def add(self, search: EmptySearch) -> None:
        if len(search.request.url) > SEARCH_CHARACTERS:
            return
        self._searches[search.id] = search
        if len(self._searches) > KEPT_SEARCHES:
            self._searches.popitem(last=False)

    def get(self, id: str) -> EmptySearch | None:
        return self._searches.get(id)

    def remove(self, id: str) -> None:
        self._searches.pop(id, None)

    def find_unexplained(self) -> EmptySearch | None:
        """Return the oldest search that isn't explained yet."""
        return next((search for search in self._searches.values() if search.answer is None), None)

    def forget(self, reset: ResetScope) -> None:
        for id, search in tuple(self._searches.items()):
            if reset.tenant in (None, search.space.tenant):
                del self._searches[id]
