"""`sickbay fault`: injects faults through /admin/faults."""

from __future__ import annotations

import shlex
from typing import Annotated, Any

import orjson
from cyclopts import App, Parameter

from sickbay.cli import admin_client
from sickbay.cli.argument_types import CountOrNone, Data, ShareOrNone, SomeOrNone
from sickbay.cli.output import format_json, format_table, help_epilogue, print_note, print_result, reject_argument
from sickbay.faults.fault import FILTERS
from sickbay.faults.kinds import Member, list_kinds, list_presets

EXAMPLE = "sickbay fault add status --status 503 --retry-after 5 --stage access --times 3"
fault = App(name="fault", help="Make Sickbay misbehave as real EHRs do.", help_epilogue=help_epilogue(EXAMPLE))
Json = Annotated[bool, Parameter(help="Print JSON.")]


@fault.command(help_epilogue=help_epilogue(EXAMPLE))
def add(
    kind: Annotated[str, Parameter(name="KIND", help="A kind of fault, or a preset. `sickbay fault kinds` lists them.")],
    /,
    *,
    app: str | None = None,
    tenant: str | None = None,
    stage: str | None = None,
    step: str | None = None,
    path: str | None = None,
    type: str | None = None,
    times: SomeOrNone = None,
    probability: ShareOrNone = None,
    seed: CountOrNone = None,
    json: Json = False,
    data: Data = None,
    **members: Annotated[str, Parameter(help="What the kind needs, such as --seconds 5. `sickbay fault kinds KIND` lists it.")],
) -> None:
    """Inject a fault, from the next request on.

    Parameters
    ----------
    app
        Only for requests of this app: its app_id, client_id or name.
    tenant
        Only at this hospital, such as general.
    stage
        Only at this stage: discovery, authorize, token, refresh, access (FHIR), search, introspection, revocation, userinfo or
        registration.
    step
        Only at this step of a launch: discovery, authorize, token, refresh or access.
    path
        Only for paths that begin like this.
    type
        Only for this type of FHIR resource.
    times
        Only this many times.
    probability
        Only with this probability, from 0 to 1.
    seed
        With a probability: the same seed gives the same sequence.
    """
    filters: dict[str, Any] = {"app": app, "tenant": tenant, "stage": stage, "step": step, "path": path, "type": type}
    filters |= {"times": times, "probability": probability, "seed": seed}
    sent = {name: value for name, value in filters.items() if value is not None}
    if kind in list_presets() and kind not in list_kinds():
        if members:
            reject_argument(f"{kind} is a preset, which has no --{next(iter(members)).replace('_', '-')}.")
        sent["preset"] = kind
    else:
        sent |= {"kind": kind} | {
            (member := name.replace("-", "_")): _parse_member(kind, member, text) for name, text in members.items()
        }
    added = admin_client.ask(data, "POST", "/admin/faults", sent)
    faults = added.get("faults", [added])
    print_result(format_json(added) if json else "\n".join(describe(fault) for fault in faults))


@fault.command(name="list", help_epilogue=help_epilogue("sickbay fault list"))
def list_(*, json: Json = False, data: Data = None) -> None:
    """List the active faults."""
    faults = admin_client.ask(data, "GET", "/admin/faults")
    if json:
        print_result(format_json(faults))
    elif faults:
        print_result("\n".join(describe(fault) for fault in faults))
    else:
        print_note("No faults are active.")


@fault.command(help_epilogue=help_epilogue("sickbay fault remove all"))
def remove(id: Annotated[str, Parameter(name="ID", help="The fault's ID, or all.")], /, *, data: Data = None) -> None:
    """End a fault, or all of them."""
    admin_client.ask(data, "DELETE", "/admin/faults" if id == "all" else f"/admin/faults/{id}")
    print_note("No faults are active." if id == "all" else f"Ended the fault {id}.")


@fault.command(name="presets", help_epilogue=help_epilogue("sickbay fault presets"))
def presets_() -> None:
    """List the presets, which inject several faults at once."""
    print_result(format_table([(name, preset.title) for name, preset in list_presets().items()], ("PRESET", "WHAT IT IS")))


@fault.command(name="kinds", help_epilogue=help_epilogue("sickbay fault kinds delay"))
def kinds_(kind: Annotated[str | None, Parameter(name="KIND")] = None, /) -> None:
    """List the kinds of faults, or explain one.

    Parameters
    ----------
    kind
        The kind to explain.
    """
    if kind is None:
        rows: list[tuple[str, ...]] = [(name, found.at, found.title) for name, found in list_kinds().items()]
        print_result(format_table(rows, ("KIND", "AT", "WHAT IT DOES")))
        return
    found = list_kinds().get(kind)
    if found is None:
        reject_argument(f"There is no kind of fault named {kind}. `sickbay fault kinds` lists them.")
    options: list[tuple[str, ...]] = [
        (f"--{name.replace('_', '-')}", _describe_member(member)) for name, member in found.members.items()
    ]
    lines = [found.title, "", f"In practice: {found.seen}", f"What a good app does: {found.advice}"]
    print_result("\n".join([*lines, *(["", format_table(options, ("OPTION", "VALUE"))] if options else [])]))


def describe(fault: dict[str, Any]) -> str:
    """A fault in one line: its ID, kind, members, and for which requests it is meant."""
    more = " ".join(f"{name}={_format_value(value)}" for name, value in fault.items() if name not in ("id", "kind"))
    return f"{fault['id']}  {fault['kind']}  {more}".rstrip()


def _format_value(value: Any) -> str:
    return value if isinstance(value, str) else format_json(value, pretty=False)


def _describe_member(member: Member) -> str:
    needed = "" if member.required else " (optional)"
    if member.values:
        return f"{', '.join(member.values)}{needed}"
    if member.type in ("integer", "number"):
        return f"{member.minimum:g} to {member.maximum:g}{needed}"
    names = {"string": "text", "object": "a JSON object", "names": "a list, separated by commas", "expiry": "a number, or null"}
    return f"{names.get(member.type, 'JSON')}{needed}"


def _parse_member(kind: str, name: str, text: str) -> Any:
    """The text of an option as the JSON value that the kind's member has."""
    found = list_kinds().get(kind)
    member = found.members.get(name) if found else FILTERS.get(name)
    match member.type if member else "string":
        case "names":
            return [part for part in text.split(",") if part]
        case "object":
            return _parse_object(name, text)
        case "integer" | "number" | "any":
            return _json_or_text(text)
        case "expiry":
            return None if text == "null" else _json_or_text(text)
        case _:
            return text


def _parse_object(name: str, text: str) -> dict[str, Any]:
    """Parses a JSON object. The example in the error has the member that NAME=VALUE names."""
    value = _json_or_text(text)
    if isinstance(value, dict):
        return value
    member, _, of_member = text.partition("=")
    example = {member: _json_or_text(of_member)} if member.isidentifier() and of_member else {"patient": "123"}
    corrected = f"--{name} {shlex.quote(format_json(example, pretty=False))}"
    reject_argument(f"--{name} must be a JSON object, such as {corrected}, not {text or 'an empty text'}.")


def _json_or_text(text: str) -> Any:
    """Returns the JSON value; a text that isn't JSON stays a text, and /admin reports it."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
