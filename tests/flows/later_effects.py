"""Real time that tests move: what waits for the next step of a launch ignores /admin/clock, and tests don't sleep."""

from __future__ import annotations

from dataclasses import dataclass

from sickbay.kernel.effects import SystemEffects
from sickbay.kernel.outbound import Fetched, Unreachable


@dataclass(slots=True)
class LaterEffects(SystemEffects):
    """later: seconds that are added to real time. answers: what an address answers when it is asked; by default nothing."""

    later: float = 0.0
    answers: int = 0

    def arrival(self) -> int:
        return SystemEffects.arrival(self) + int(self.later * 1e6)

    def now(self) -> float:
        return SystemEffects.now(self) + self.later

    async def fetch(self, url: str, *, loopback: bool = False, page: bool = False, limit: int = 0) -> Fetched:
        if not self.answers:
            raise Unreachable("All connection attempts failed", "no-connection")
        return Fetched(self.answers)
