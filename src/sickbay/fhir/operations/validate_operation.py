"""$validate: what is wrong with a resource, and what could not be looked at, as issues of one OperationOutcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sickbay.fhir.body import Body
from sickbay.fhir.outcome import Issue
from sickbay.fhir.versions import VERSIONS

DEFINITION = "http://hl7.org/fhir/StructureDefinition/"
MODES = ("create", "update", "delete", "profile")


def judged(version: str, type: str, body: Body, mode: str | None, id: str | None, profiles: Sequence[str]) -> list[Issue]:
    """At least one issue: an information where nothing is wrong. id: of the address. profiles: those that are asked for."""
    if body.malformed:
        return [Issue("structure", f"It is no {type}: {body.malformed}.")]
    found = [Issue(one.code, one.text, where=(one.expression,)) for one in body.problems]
    if mode == "update" and id is not None and body.id != id:
        found.append(Issue("value", f"The id is {body.id}, and the address is of {id}.", where=(f"{type}.id",)))
    found += [_unknown(version, one, "error") for one in profiles if one != DEFINITION + type]
    claimed = [one for one in _claimed(body.resource) if one != DEFINITION + type and one not in profiles]
    clean = not found
    found += [_unknown(version, one, "information") for one in claimed]
    if clean:
        text = f"No faults were found by the definition of {type} in FHIR {VERSIONS[version].number}."
        found.insert(0, Issue("informational", text, "information"))
    return found


def _claimed(resource: dict[str, Any]) -> list[str]:
    meta = resource.get("meta")
    listed = meta.get("profile") if isinstance(meta, dict) else None
    return [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []


def _unknown(version: str, profile: str, severity: Any) -> Issue:
    text = (
        f"The profile {profile} is not known here: only the definitions of FHIR {VERSIONS[version].number} itself are, "
        "so nothing is said of what the profile adds."
    )
    return Issue("not-supported", text, severity)
