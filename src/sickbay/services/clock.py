"""Moves and freezes Sickbay's clock, for all workers. Validity follows this clock; deletion follows real time."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

from sickbay.kernel.effects import SystemEffects
from sickbay.services import runtime_settings
from sickbay.services.context import Runtime
from sickbay.services.runtime_settings import RuntimeSettings

LATEST_TIME: Final = 7258118400
"""The year 2200. Tokens issued at this time still expire in a year that Python can represent."""
BEHIND_SECONDS: Final = 91 * 86400
"""How long expired records are kept after the clock was behind, in seconds: a day longer than a refresh token's lifetime."""


class ClockReading(NamedTuple):
    """real, now: real time and Sickbay's time, in seconds since 1970. offset: the difference in seconds."""

    real: float
    now: float
    offset: float
    frozen: bool

    @property
    def is_real(self) -> bool:
        return not self.frozen and self.offset == 0.0


class ClockOutOfRange(ValueError):
    """Raised if the clock would show a time without a valid date."""


def read(runtime: Runtime) -> ClockReading:
    real, effects = runtime.effects.arrival() / 1e6, runtime.effects
    if not isinstance(effects, SystemEffects):
        return ClockReading(real, effects.now(), 0.0, False)
    if effects.frozen_at is not None:
        return ClockReading(real, effects.frozen_at, effects.frozen_at - real, True)
    return ClockReading(real, real + effects.offset, effects.offset, False)


async def move(
    runtime: Runtime, *, advance: float | None = None, offset: float | None = None, frozen: bool | None = None
) -> ClockReading:
    """Moves the clock by some seconds or to an offset from real time, then stops it or lets it run. Raises ClockOutOfRange."""
    real = runtime.effects.arrival() / 1e6

    def change(settings: RuntimeSettings) -> RuntimeSettings:
        return move_settings(settings, real, advance, offset, frozen)

    await runtime_settings.change_settings(runtime, change)
    return read(runtime)


def move_settings(
    settings: RuntimeSettings, real: float, advance: float | None, offset: float | None, frozen: bool | None
) -> RuntimeSettings:
    """The settings after a move. real: the real time."""
    before = offset_of(settings, real)
    after = before + (advance or 0.0) if offset is None else offset
    if not 0 <= real + after < LATEST_TIME:
        raise ClockOutOfRange("The clock can be moved only to times from 1970 to 2199")
    stands = settings.frozen_at is not None if frozen is None else frozen
    return replace(remember_behind(settings, real), seconds=after, frozen_at=real + after if stands else None)


def remember_behind(settings: RuntimeSettings, real: float) -> RuntimeSettings:
    """Records in the settings how far behind the clock was, before it is moved."""
    before = offset_of(settings, real)
    behind = min(0.0, before, settings.behind if real < settings.behind_until else 0.0)
    until = real + BEHIND_SECONDS if before < 0 else settings.behind_until
    return replace(settings, behind=behind, behind_until=until)


def offset_of(settings: RuntimeSettings, real: float) -> float:
    """Returns the seconds from real time to the clock's time at a moment. A frozen clock falls behind."""
    return settings.seconds if settings.frozen_at is None else settings.frozen_at - real


async def purge_time(runtime: Runtime) -> int:
    """The time before which expired records may be deleted (`earliest_time`)."""
    return int(earliest_time((await runtime_settings.read_runtime_settings(runtime))[0], runtime.effects.arrival() / 1e6))


def earliest_time(settings: RuntimeSettings, real: float) -> float:
    """Returns real time, or an earlier time that the clock shows or recently showed, whose records expire earlier."""
    behind = settings.behind if real < settings.behind_until else 0.0
    return real + min(0.0, behind, offset_of(settings, real))
