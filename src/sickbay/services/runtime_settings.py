"""What is chosen while Sickbay runs: how far its clock is moved, and the policies of its hospitals.

One record, which every worker reads with each request where there are several: what is chosen holds on all of them at once, and
after the next start too. A policy that is chosen so stands above sickbay.toml.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sickbay.authorization import policy as policies
from sickbay.kernel.effects import SystemEffects
from sickbay.services import records
from sickbay.services.context import Runtime, Tenant
from sickbay.storage.interface import Conflict, Put, Record

NAME = "clock"
"""The record's key, from when it held nothing else."""
FAR = 7258118400
"""2200: what is given then has to end in a year that can be written."""


@dataclass(frozen=True, slots=True)
class RuntimeSettings:
    """seconds: of the clock, from the real time. policies: by hospital, name -> value."""

    seconds: float = 0.0
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)


async def refresh(runtime: Runtime) -> None:
    """Take over what another worker set."""
    record = await runtime.store.get("meta", NAME)
    revision = record.revision if record else 0
    if revision != runtime.running:
        _hold(runtime, records.parse(RuntimeSettings, record.value) if record else RuntimeSettings(), revision)


async def move(runtime: Runtime, *, advance: float | None = None, offset: float | None = None) -> float | None:
    """The clock, by so many seconds or to this offset; gives the new now, or None where that is a time without dates."""
    if not 0 <= runtime.effects.now() + _by(runtime, advance, offset) < FAR:
        return None

    def moved(now: RuntimeSettings) -> RuntimeSettings:
        return replace(now, seconds=offset if offset is not None else now.seconds + (advance or 0.0))

    await _change(runtime, moved)
    return runtime.effects.now()


def _by(runtime: Runtime, advance: float | None, offset: float | None) -> float:
    held = runtime.effects.offset if isinstance(runtime.effects, SystemEffects) else 0.0
    return offset - held if offset is not None else advance or 0.0


async def choose(runtime: Runtime, tenant: Tenant, given: Mapping[str, Any]) -> list[str]:
    """Policy of a hospital, from the next request on; None takes a choice back.

    Gives what is wrong with it, one sentence each: then nothing is chosen.
    """
    wanted = {name: value for name, value in given.items() if value is not None}
    faults = policies.faults(wanted) + policies.unknown(given)
    if not faults:
        await _change(runtime, lambda now: _chosen(now, tenant.name, given))
    return faults


def _chosen(now: RuntimeSettings, tenant: str, given: Mapping[str, Any]) -> RuntimeSettings:
    every = {**now.policies.get(tenant, {}), **given}
    kept = {name: value for name, value in every.items() if value is not None}
    return replace(now, policies={**now.policies, tenant: kept})


async def forget_policies(runtime: Runtime, tenant: str | None) -> None:
    """Of one hospital or of all: as dialect and sickbay.toml have it."""
    await _change(
        runtime,
        lambda now: replace(now, policies={name: one for name, one in now.policies.items() if tenant not in (None, name)}),
    )


async def _change(runtime: Runtime, change: Callable[[RuntimeSettings], RuntimeSettings]) -> None:
    """Again from what is there, where another worker was first."""
    while True:
        record = await runtime.store.get("meta", NAME)
        revision = record.revision if record else 0
        wanted = change(records.parse(RuntimeSettings, record.value) if record else RuntimeSettings())
        try:
            await runtime.store.transaction([Put(Record("meta", NAME, records.dump(wanted)), revision)])
        except Conflict:
            continue
        return await refresh(runtime)


def _hold(runtime: Runtime, now: RuntimeSettings, revision: int) -> None:
    if isinstance(runtime.effects, SystemEffects):
        runtime.effects.offset = now.seconds
    for tenant in runtime.tenants.values():
        chosen = now.policies.get(tenant.name, {})
        if chosen != tenant.chosen:
            tenant.choose(chosen)
            runtime.token_cache.clear()
    runtime.running = revision
