"""Settings that can be changed while Sickbay runs: the offset of its clock, its faults, and its hospitals and their policies.

All of them are in one record. With several workers, each worker reads it at every request, so a change takes effect on all of
them at once and persists after a restart. A policy that was chosen here overrides sickbay.toml. The record also says whether
someone is throttled, and every reset writes it, so that all workers notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sickbay.authorization import policy as policies
from sickbay.authorization.models import ProtectedResource
from sickbay.faults.fault import Fault
from sickbay.kernel.effects import SystemEffects
from sickbay.services import records, reset_revisions
from sickbay.services.context import Runtime, Tenant
from sickbay.services.hospitals import stored
from sickbay.services.reset_revisions import ResetRevisions
from sickbay.services.throttle import ANNOUNCED
from sickbay.services.token_cache import TokenCache
from sickbay.storage.interface import Conflict, Put, Record
from sickbay.storage.resets import WasReset

NAME = "clock"
"""The record's key. It dates from when the record contained only the clock."""


@dataclass(frozen=True, slots=True)
class RuntimeSettings:
    """seconds: offset of the clock from real time. policies: hospital -> name -> value. throttled_until: `Throttle.until`."""

    seconds: float = 0.0
    frozen_at: float | None = None
    """The time that the clock shows while it stands still."""
    behind: float = 0.0
    behind_until: float = 0.0
    """How far the clock was behind real time, in negative seconds, and until when expired records are kept for that long."""
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    throttled_until: int = 0
    faults: list[Fault] = field(default_factory=list)
    injected_until: int = 0
    """Until then, codes and tokens may be used that a fault made useless."""
    resources: dict[str, list[ProtectedResource]] = field(default_factory=dict)
    """The protected resources that were added: hospital -> resources."""
    hospitals: dict[str, str] = field(default_factory=dict)
    """The hospitals that were added: name -> digest of the file."""


async def refresh_settings(runtime: Runtime) -> None:
    """Applies what another worker set, and forgets what another worker reset."""
    record = await runtime.store.get("meta", NAME)
    revision = record.revision if record else 0
    if revision != runtime.settings_revision:
        settings = records.parse(RuntimeSettings, record.value) if record else RuntimeSettings()
        await stored.update_tenants(runtime, settings.hospitals)
        runtime.last_versions = await runtime.store.last_versions()
        _apply_settings(runtime, settings, revision, await reset_revisions.read_reset_revisions(runtime.store, runtime.tenants))


async def check_reset(runtime: Runtime) -> None:
    """Raises WasReset if the data was reset after the current request had begun."""
    if runtime.shared:
        await refresh_settings(runtime)
    if reset_revisions.is_over(runtime.resets):
        raise WasReset("the data was reset while this request arrived")


async def choose_policy(runtime: Runtime, tenant: Tenant, changes: Mapping[str, Any]) -> list[str]:
    """Changes a hospital's policy from the next request on. None as a value resets a setting.

    Returns the problems, one sentence each. If there are any, nothing is changed.
    """
    values = {name: value for name, value in changes.items() if value is not None}
    faults = policies.find_problems(values) + policies.explain_unknown(changes)
    if not faults:
        await change_settings(runtime, lambda settings: _change_policy(settings, tenant.name, changes))
    return faults


def _change_policy(settings: RuntimeSettings, tenant: str, changes: Mapping[str, Any]) -> RuntimeSettings:
    merged = {**settings.policies.get(tenant, {}), **changes}
    set_values = {name: value for name, value in merged.items() if value is not None}
    return replace(settings, policies={**settings.policies, tenant: set_values})


async def announce_throttling(runtime: Runtime, until: int) -> None:
    """Lets all workers know that someone has to wait until this time. Says so for longer, so that it is rarely written."""

    def extend(settings: RuntimeSettings) -> RuntimeSettings:
        return settings if settings.throttled_until >= until else replace(settings, throttled_until=runtime.now() + ANNOUNCED)

    if runtime.throttle.until < until or not runtime.throttle.is_active(runtime.now()):
        await change_settings(runtime, extend, aside=True)


async def make_reset_step(runtime: Runtime, tenant: str | None, everything: bool = False) -> Put:
    """The settings after a reset: the clock and all policies as configured, or only the policy of one hospital.

    everything: hospitals that were added are removed too.
    """
    settings, revision = await read_runtime_settings(runtime)
    if tenant is None:
        hospitals, resources = ({}, {}) if everything else (settings.hospitals, settings.resources)
        faults = _faults_of(runtime, hospitals)
        return store_settings(RuntimeSettings(faults=faults, resources=resources, hospitals=hospitals), revision)
    kept = {name: value for name, value in settings.policies.items() if name != tenant}
    faults = [fault for fault in settings.faults if fault.tenant != tenant]
    if everything:
        settings = replace(settings, resources=remove_resources(settings.resources, tenant))
    return store_settings(replace(settings, policies=kept, faults=[*faults, *_faults_of(runtime, (tenant,))]), revision)


def remove_resources(resources: Mapping[str, list[ProtectedResource]], tenant: str) -> dict[str, list[ProtectedResource]]:
    """The resources of all other hospitals."""
    return {name: listed for name, listed in resources.items() if name != tenant}


def _faults_of(runtime: Runtime, names: Iterable[str]) -> list[Fault]:
    """The faults in the files of these hospitals."""
    return [fault for name in names if name in runtime.tenants for fault in runtime.tenants[name].faults]


async def change_settings(
    runtime: Runtime, modify: Callable[[RuntimeSettings], RuntimeSettings], *, aside: bool = False
) -> None:
    """Changes the record. Retries if another worker changed it first. aside: no cache depends on the change."""
    while True:
        settings, revision = await read_runtime_settings(runtime)
        changed = modify(settings)
        if changed is settings:
            return await refresh_settings(runtime)
        try:
            await runtime.store.transaction([store_settings(changed, revision, aside=aside)])
        except Conflict:
            continue
        return await refresh_settings(runtime)


async def read_runtime_settings(runtime: Runtime) -> tuple[RuntimeSettings, int]:
    """The stored settings and the revision of their record."""
    record = await runtime.store.get("meta", NAME)
    return (records.parse(RuntimeSettings, record.value), record.revision) if record else (RuntimeSettings(), 0)


def store_settings(settings: RuntimeSettings, revision: int, *, aside: bool = False) -> Put:
    """Store the settings, if they still have this revision; 0 if none are stored."""
    return Put(Record("meta", NAME, records.dump(settings)), revision, aside=aside)


def _apply_settings(runtime: Runtime, settings: RuntimeSettings, revision: int, resets: ResetRevisions) -> None:
    if isinstance(runtime.effects, SystemEffects):
        runtime.effects.offset, runtime.effects.frozen_at = settings.seconds, settings.frozen_at
    for name, tenant in runtime.tenants.items():
        chosen, added = settings.policies.get(name, {}), tuple(settings.resources.get(name, ()))
        if chosen != tenant.chosen or added != tenant.added_resources:
            runtime.tenants[name] = tenant.apply_settings(chosen, added)
            runtime.token_cache = TokenCache()
    forgotten, runtime.resets = reset_revisions.compare_revisions(runtime.resets, resets), resets
    for reset in forgotten:
        runtime.memory.forget(reset)
    runtime.throttle.until = settings.throttled_until
    runtime.faults, runtime.injected_until = tuple(settings.faults), settings.injected_until
    runtime.settings_revision = revision
