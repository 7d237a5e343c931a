"""Settings that can be changed while Sickbay runs: the offset of its clock and the policies of its hospitals.

All of them are in one record. With several workers, each worker reads it at every request, so a change takes effect on all of
them at once and persists after a restart. A policy that was chosen here overrides sickbay.toml.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sickbay.authorization import policy as policies
from sickbay.kernel.effects import SystemEffects
from sickbay.services import records
from sickbay.services.context import Runtime, Tenant
from sickbay.services.token_cache import TokenCache
from sickbay.storage.interface import Conflict, Put, Record

NAME = "clock"
"""The record's key. It dates from when the record contained only the clock."""
FAR = 7258118400
"""The year 2200. Tokens issued at this time still expire in a year that can be represented."""


@dataclass(frozen=True, slots=True)
class RuntimeSettings:
    """seconds: offset of the clock from real time. policies: hospital -> name -> value."""

    seconds: float = 0.0
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)


async def refresh(runtime: Runtime) -> None:
    """Applies what another worker set."""
    record = await runtime.store.get("meta", NAME)
    revision = record.revision if record else 0
    if revision != runtime.settings_revision:
        _apply(runtime, records.parse(RuntimeSettings, record.value) if record else RuntimeSettings(), revision)


async def move(runtime: Runtime, *, advance: float | None = None, offset: float | None = None) -> float | None:
    """Moves the clock by some seconds or to an offset. Returns the new time, or None if it would have no valid date."""
    if not 0 <= runtime.effects.now() + _offset_change(runtime, advance, offset) < FAR:
        return None

    def moved(settings: RuntimeSettings) -> RuntimeSettings:
        return replace(settings, seconds=offset if offset is not None else settings.seconds + (advance or 0.0))

    await _change(runtime, moved)
    return runtime.effects.now()


def _offset_change(runtime: Runtime, advance: float | None, offset: float | None) -> float:
    current_offset = runtime.effects.offset if isinstance(runtime.effects, SystemEffects) else 0.0
    return offset - current_offset if offset is not None else advance or 0.0


async def choose(runtime: Runtime, tenant: Tenant, changes: Mapping[str, Any]) -> list[str]:
    """Changes a hospital's policy from the next request on. None as a value resets a setting.

    Returns the problems, one sentence each. If there are any, nothing is changed.
    """
    values = {name: value for name, value in changes.items() if value is not None}
    faults = policies.faults(values) + policies.unknown(changes)
    if not faults:
        await _change(runtime, lambda settings: _with_policy(settings, tenant.name, changes))
    return faults


def _with_policy(settings: RuntimeSettings, tenant: str, changes: Mapping[str, Any]) -> RuntimeSettings:
    merged = {**settings.policies.get(tenant, {}), **changes}
    set_values = {name: value for name, value in merged.items() if value is not None}
    return replace(settings, policies={**settings.policies, tenant: set_values})


async def forget_policies(runtime: Runtime, tenant: str | None) -> None:
    """Resets the policy of one hospital, or of all, to its dialect and sickbay.toml."""
    await _change(
        runtime,
        lambda settings: replace(
            settings, policies={name: policy for name, policy in settings.policies.items() if tenant not in (None, name)}
        ),
    )


async def _change(runtime: Runtime, change: Callable[[RuntimeSettings], RuntimeSettings]) -> None:
    """Changes the record. Retries if another worker changed it first."""
    while True:
        record = await runtime.store.get("meta", NAME)
        revision = record.revision if record else 0
        settings = change(records.parse(RuntimeSettings, record.value) if record else RuntimeSettings())
        try:
            await runtime.store.transaction([Put(Record("meta", NAME, records.dump(settings)), revision)])
        except Conflict:
            continue
        return await refresh(runtime)


def _apply(runtime: Runtime, settings: RuntimeSettings, revision: int) -> None:
    if isinstance(runtime.effects, SystemEffects):
        runtime.effects.offset = settings.seconds
    for name, tenant in runtime.tenants.items():
        chosen = settings.policies.get(name, {})
        if chosen != tenant.chosen:
            runtime.tenants[name] = tenant.with_chosen(chosen)
            runtime.token_cache = TokenCache()
    runtime.settings_revision = revision
