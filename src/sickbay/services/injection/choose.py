"""Decides which faults a request gets."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from msgspec import Struct

from sickbay.faults.asked import AskedRequest, select_faults
from sickbay.faults.changes import ChangedResponse
from sickbay.faults.fault import Fault
from sickbay.services import records
from sickbay.services.context import Runtime
from sickbay.storage.interface import Conflict, Put, Record

KIND = "fault"
"""The kind of the record that counts a fault."""


class Injected(Struct):
    """The fault of a request, as its exchange shows it."""

    fault: str
    kind: str
    refuses: bool = False
    """Whether the fault is the reason for a refusal, such as a code that it made useless."""
    causes: tuple[str, ...] = ()
    """The names of the refusals that follow from it, if only some do. Then other requests aren't marked."""
    changed: ChangedResponse | None = None
    """Set when the response is sent. By then the exchange is in the journal's queue, and most exchanges are written later."""

    def is_reason_for(self, refusal: str) -> bool:
        """Whether a refusal with this name isn't the app's mistake."""
        return self.refuses and (not self.causes or refusal in self.causes)

    def to_json(self) -> dict[str, str]:
        members = {"fault": self.fault, "kind": self.kind}
        return members | {"changed": self.changed.text} if self.changed else members


class Counted(Struct, frozen=True):
    """considered: requests for which the fault was meant. happened: how many of them got it."""

    considered: int = 0
    happened: int = 0


async def faults_for(runtime: Runtime, asked: AskedRequest, wanted: Callable[[Fault], bool]) -> list[Fault]:
    """Returns the faults that happen to this request, and counts them. wanted: whether the caller can inject the fault."""
    chosen = [fault for fault in select_faults(runtime.faults, asked) if wanted(fault)]
    return [fault for fault in chosen if await _fault_happens(runtime, fault)]


def describe_injected_fault(faults: Sequence[Fault]) -> Injected | None:
    """The first of the faults, as the exchange shows it."""
    if not faults:
        return None
    first = faults[0]
    return Injected(first.id, first.kind, refuses=first.kind == "refresh" and first.members["value"] == "revoked")


async def count_occurrences(runtime: Runtime, fault: Fault) -> int:
    """How often the fault has happened; 0 if nothing counts it."""
    return (await _load_count(runtime, fault))[0].happened


async def _fault_happens(runtime: Runtime, fault: Fault) -> bool:
    if not fault.is_counted:
        return fault.probability is None or _is_below(fault.probability, runtime.effects.token(8))
    while True:  # the workers share the counter, so only one of them gets each number
        counted, revision = await _load_count(runtime, fault)
        if fault.times is not None and counted.happened >= fault.times:
            return False
        draw = f"{fault.seed} {counted.considered}" if fault.seed is not None else runtime.effects.token(8)
        happens = fault.probability is None or _is_below(fault.probability, draw)
        now = Counted(counted.considered + 1, counted.happened + happens)
        if now.happened == counted.happened and fault.seed is None:
            return False
        try:
            await runtime.store.transaction([Put(Record(KIND, fault.id, records.dump(now)), revision, aside=True)])
        except Conflict:
            continue
        return happens


async def _load_count(runtime: Runtime, fault: Fault) -> tuple[Counted, int]:
    record = await runtime.store.get(KIND, fault.id)
    return (records.parse(Counted, record.value), record.revision) if record else (Counted(), 0)


def _is_below(probability: float, text: str) -> bool:
    """Whether a number between 0 and 1, derived from the text, is below the probability."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return number < probability * 2**64
