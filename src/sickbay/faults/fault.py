"""A fault as the administrator sets it, and its validation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias, get_args

from msgspec import Struct

from sickbay.faults.kinds import FaultKind, Member, list_kinds, list_presets
from sickbay.kernel import english
from sickbay.kernel.similar_names import find_closest

MAXIMUM_FAULTS = 100
"""Maximum number of faults that can be active at the same time."""
MAXIMUM_BYTES = 16_000_000
"""Maximum total size of the members of all active faults, in bytes."""
FaultStage: TypeAlias = Literal[
    "discovery", "authorize", "token", "refresh", "access", "search", "introspection", "revocation", "userinfo", "registration"
]
"""Stages of requests that a fault can select. access: every FHIR request, including searches. token: includes refresh."""
STEPS = ("discovery", "authorize", "token", "refresh", "access")
"""Steps of a launch."""
TEXT = Member("string", maximum=500)
FILTERS: Mapping[str, Member] = {
    "tenant": TEXT,
    "app": TEXT,
    "stage": Member("string", values=get_args(FaultStage)),
    "path": TEXT,
    "type": Member("string", maximum=64),
    "step": Member("string", values=STEPS),
    "times": Member("integer", minimum=1, maximum=1_000_000),
    "probability": Member("number", minimum=0, maximum=1),
    "seed": Member("integer", minimum=0, maximum=2**53),
}
"""Members of every kind that select the requests for a fault."""


class Fault(Struct, frozen=True, omit_defaults=True):
    """An active fault. members: those of its kind. app: a client_id. path: a prefix, below the base URL."""

    id: str
    kind: str
    members: dict[str, Any] = {}
    tenant: str | None = None
    app: str | None = None
    stage: str | None = None
    path: str | None = None
    type: str | None = None
    step: str | None = None
    times: int | None = None
    probability: float | None = None
    seed: int | None = None

    @property
    def is_counted(self) -> bool:
        """Whether the fault depends on the number of requests, so that the workers share a counter."""
        return self.times is not None or self.seed is not None

    def to_json(self) -> dict[str, Any]:
        """Return the fault as `/admin/faults` shows it."""
        filters = {name: getattr(self, name) for name in FILTERS}
        return {"id": self.id, "kind": self.kind, **self.members, **{name: v for name, v in filters.items() if v is not None}}


def find_problems(sent: Mapping[str, Any]) -> list[str]:
    """Returns one sentence for each problem of a fault as sent; empty if it can be set."""
    name = sent.get("kind")
    if not isinstance(name, str):
        return [f"A fault needs a kind. Kinds: {english.join(sorted(list_kinds()))}."]
    kind = list_kinds().get(name)
    if kind is None:
        return [f"There is no kind of fault named {name}.{_suggest_name(name, list_kinds())}"]
    return [*_wrong_members(name, kind, sent)]


def _wrong_members(name: str, kind: FaultKind, sent: Mapping[str, Any]) -> Iterator[str]:
    known = {**kind.members, **FILTERS}
    for member, value in sent.items():
        if member in ("kind", "id"):
            continue
        if member not in known:
            yield f"A fault of kind {name} has no member {member}.{_suggest_name(member, known)}"
        elif (value is not None or member in kind.members) and (wrong := known[member].find_mistake(value)):
            yield f"{member} {wrong}."
    for member in (required for required, description in kind.members.items() if description.required):
        if member not in sent:
            yield f"A fault of kind {name} needs a value for {member}."
    if name == "member" and not sent.get("set") and not sent.get("remove"):
        yield "A fault of kind member needs set or remove."


def fault_of(sent: Mapping[str, Any], id: str) -> Fault:
    """Returns the fault that was sent. It must have no problems."""
    members = {name: sent[name] for name in list_kinds()[str(sent["kind"])].members if name in sent}
    return Fault(id, str(sent["kind"]), members, **{name: sent[name] for name in FILTERS if sent.get(name) is not None})


def unknown_preset(name: str) -> str:
    """Returns the error message for a preset that doesn't exist."""
    return f"There is no preset {name}.{_suggest_name(name, list_presets())}"


def _suggest_name(name: str, known: Mapping[str, Any]) -> str:
    near = find_closest(name, known)
    return f" Did you mean {near}?" if near else f" There are {english.join(sorted(known))}."
