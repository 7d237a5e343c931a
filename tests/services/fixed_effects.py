"""A clock, tokens and a network that tests control."""

from __future__ import annotations

from dataclasses import dataclass, field

from sickbay.kernel.outbound import Fetched, Unreachable


@dataclass(slots=True)
class FixedEffects:
    """A clock that stands still and tokens that count up."""

    at: float = 1_764_000_000.0
    count: int = 0
    documents: dict[str, Fetched] = field(default_factory=dict)
    """The documents that can be fetched, by URL."""
    fetched: list[str] = field(default_factory=list)

    def now(self) -> float:
        return self.at

    def arrival(self) -> int:
        return int(self.at * 1_000_000)

    def token(self, size: int = 32) -> str:
        self.count += 1
        return f"{self.count:0{size}d}"

    async def fetch(self, url: str, *, loopback: bool = False, page: bool = False, limit: int = 0) -> Fetched:
        self.fetched.append(url)
        if url not in self.documents:
            raise Unreachable("nothing is there")
        return self.documents[url]
