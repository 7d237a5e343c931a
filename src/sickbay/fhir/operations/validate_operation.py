"""$validate: reports what is wrong with a resource, and what couldn't be checked, in one OperationOutcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sickbay.fhir.body import Body
from sickbay.fhir.outcome import Issue
from sickbay.fhir.versions import VERSIONS

DEFINITION = "http://hl7.org/fhir/StructureDefinition/"
MODES = ("create", "update", "delete", "profile")


def judge(version: str, type: str, body: Body, mode: str | None, id: str | None, profiles: Sequence[str]) -> list[Issue]:
    """Returns at least one issue; an information if nothing is wrong. id: in the URL. profiles: requested profiles."""
    if body.malformed:
        return [Issue("structure", f"This isn't a valid {type}: {body.malformed}.")]
    issues = [Issue(problem.code, problem.text, where=(problem.expression,)) for problem in body.problems]
    if mode == "update" and id is not None and body.id != id:
        issues.append(Issue("value", f"The id is {body.id}, but the URL is for {id}.", where=(f"{type}.id",)))
    issues += [_report_unknown(version, profile, "error") for profile in profiles if profile != DEFINITION + type]
    claimed = [
        profile for profile in _list_claimed_profiles(body.resource) if profile != DEFINITION + type and profile not in profiles
    ]
    clean = not issues
    issues += [_report_unknown(version, profile, "information") for profile in claimed]
    if clean:
        text = f"No problems found, according to the definition of {type} in FHIR {VERSIONS[version].number}."
        issues.insert(0, Issue("informational", text, "information"))
    return issues


def _list_claimed_profiles(resource: dict[str, Any]) -> list[str]:
    meta = resource.get("meta")
    listed = meta.get("profile") if isinstance(meta, dict) else None
    return [profile for profile in listed if isinstance(profile, str)] if isinstance(listed, list) else []


def _report_unknown(version: str, profile: str, severity: Any) -> Issue:
    text = (
        f"The profile {profile} isn't available: this server has only the definitions of FHIR {VERSIONS[version].number}, "
        "so the additional constraints of the profile weren't checked."
    )
    return Issue("not-supported", text, severity)
