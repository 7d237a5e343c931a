"""A token that was refused because it lacks a scope, as it is remembered for the next refusal."""

from __future__ import annotations

from msgspec import Struct


class RefusedToken(Struct, frozen=True):
    """A token that was refused because it lacks a scope. needed: all scopes that were missing. at: the time of the first."""

    family: str
    issued_at: int
    scope: str
    needed: tuple[str, ...]
    at: int

    def is_same_token(self, other: RefusedToken) -> bool:
        return (self.family, self.issued_at) == (other.family, other.issued_at)
