"""Sets, lists and removes faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import msgspec

from sickbay.faults.fault import MAXIMUM_BYTES, MAXIMUM_FAULTS, Fault, fault_of, find_problems, unknown_preset
from sickbay.faults.kinds import list_presets
from sickbay.services import records, runtime_settings
from sickbay.services.context import Runtime
from sickbay.services.injection import choose
from sickbay.services.runtime_settings import RuntimeSettings
from sickbay.storage.interface import Delete, Step

FaultLimit: TypeAlias = Callable[[Sequence[Fault], int], str]
"""A function of the active faults and the number of new ones: returns why they can't be added, or ""."""


class WrongFault(ValueError):
    """Raised if a fault can't be set. sentences: the problems."""

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__(" ".join(sentences))


async def add_faults(runtime: Runtime, sent: Sequence[Mapping[str, Any]], limit: FaultLimit | None = None) -> list[Fault]:
    """Sets all of these faults or none. limit: the sender's own limit, in addition to the overall one. Raises WrongFault."""
    wrong = [sentence for fault in sent for sentence in find_problems(fault)]
    if wrong:
        raise WrongFault(wrong)
    added = [fault_of(fault, records.digest(runtime.effects.token(6))[:8]) for fault in sent]

    def with_added(settings: RuntimeSettings) -> RuntimeSettings:
        if limit is not None and (excess := limit(settings.faults, len(added))):
            raise WrongFault([excess])
        faults = [*settings.faults, *added]
        if len(faults) > MAXIMUM_FAULTS:
            raise WrongFault([f"At most {MAXIMUM_FAULTS} faults can be active. Remove some first."])
        if len(msgspec.json.encode(faults)) > MAXIMUM_BYTES:
            raise WrongFault([f"All faults together may have at most {MAXIMUM_BYTES // 1_000_000} MB."])
        return replace(settings, faults=faults)

    await runtime_settings.change_settings(runtime, with_added)
    return added


def apply_preset(name: str, filters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The faults of a preset, each with these filters. Raises WrongFault."""
    if name not in list_presets():
        raise WrongFault([unknown_preset(name)])
    return [{**fault, **filters} for fault in list_presets()[name].faults]


async def remove_faults(runtime: Runtime, id: str | None) -> bool:
    """Removes one fault, or all of them if `id` is None. Returns whether there was one."""
    gone = [fault for fault in runtime.faults if id in (None, fault.id)]

    def without(settings: RuntimeSettings) -> RuntimeSettings:
        kept = [fault for fault in settings.faults if id is not None and fault.id != id]
        return settings if len(kept) == len(settings.faults) else replace(settings, faults=kept)

    await runtime_settings.change_settings(runtime, without)
    steps: list[Step] = [Delete("fault", fault.id) for fault in gone]
    if steps:
        await runtime.store.transaction(steps)
    return bool(gone)


async def list_faults(runtime: Runtime) -> list[dict[str, Any]]:
    """Every active fault, with the number of times that it will still happen, if that is limited."""
    entries = []
    for fault in runtime.faults:
        left = None if fault.times is None else max(0, fault.times - await choose.count_occurrences(runtime, fault))
        entries.append(fault.to_json() | ({} if left is None else {"left": left}))
    return entries
