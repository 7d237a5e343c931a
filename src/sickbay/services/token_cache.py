"""What is known about the holders of access tokens, until anything is written to the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from sickbay.authorization.models import AccessToken, Client, Server, User
from sickbay.fhir.visibility import NOTHING, Visibility

MOST: Final = 4096
"""Token contexts that are kept at the same time."""
Key: TypeAlias = tuple[str, str, str]
"""Hospital, FHIR version and the text of the token."""


class BearerContext(NamedTuple):
    """A token, its client and its user, and what it may see. server: the one that accepts the token; None if none does."""

    token: AccessToken | None = None
    client: Client | None = None
    user: User | None = None
    visibility: Visibility = NOTHING
    server: Server | None = None


ANONYMOUS: Final = BearerContext()


@dataclass(slots=True)
class TokenCache:
    """Token contexts as they were when the store had this stamp. Any write makes it start again, so that a revocation counts
    at once.
    """

    stamp: int | None = None
    contexts: dict[Key, BearerContext] = field(default_factory=dict)

    def at(self, stamp: int | None) -> dict[Key, BearerContext]:
        """The contexts that are still true if the store has this stamp. None: the store can't tell, so nothing is."""
        if stamp is None or stamp != self.stamp:
            self.clear(stamp)
        return self.contexts

    def clear(self, stamp: int | None = None) -> None:
        """Replaces the dictionary: a request that is loading a context must not add it to a later state."""
        self.stamp, self.contexts = stamp, {}
