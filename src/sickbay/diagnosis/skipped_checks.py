"""Marks the checks of a pasted request as skipped if the text doesn't show what they look at, so they never count as passed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import structs

from sickbay.kernel.checks import Checked, Examination

NEEDED: dict[str, tuple[str, ...]] = {
    "assertion_is_used_once": ("seen_jti",),
    "guesses_are_few": ("waits",),
    "address_is_of_a_tenant": ("server", "elsewhere"),
    "grant_type_is_supported": ("server",),
    "code_challenge_is_sent_where_required": ("server", "app"),
    "scopes_are_registered": ("app",),
    "person_is_who_launched_the_app": ("launches",),
    "patient_is_open_to_the_person": ("launches",),
    "scope_types_exist": ("server",),
}
"""Checks, each with members of the context. At least one must be known, because the request doesn't show what they look at."""
OF_A_SERVER = frozenset(
    (
        "path_has_no_double_slash",
        "path_ends_without_a_slash",
        "representation_is_there",
        "values_are_well_formed",
        "parameters_are_known",
        "modifiers_are_understood",
        "parameters_are_answered",
        "search_is_simple_enough",
        "operation_is_offered",
        "parameters_of_the_operation_fit",
    )
)
"""Checks of a search whose faults aren't in evidence.access.EVERYWHERE, because they depend on what the server supports."""
OF_A_BODY = frozenset(
    ("body_is_such_a_resource", "body_has_the_id_of_its_address", "resource_is_valid", "state_keeps_to_the_profile")
)
"""Checks of a resource that only find what is wrong at every server (`evidence.access`), if the server isn't known."""
LABELS = {"seen_jti": "earlier", "waits": "earlier", "app": "client", "launches": "launch"}
"""The attribute that the page names as missing, if it isn't the member itself."""


def skip_unknown(examination: Examination, known: Mapping[str, Any], context: object) -> Examination:
    """known: the context that was pasted or given. context: what was made of it.

    `known["assumed"]` names the checks for which a value was assumed.
    """
    guessed = {name for name, _ in getattr(context, "guesses", ())}
    return Examination(tuple(_skip_if_unknown(result, known, guessed) for result in examination.checked))


def _skip_if_unknown(result: Checked, known: Mapping[str, Any], guessed: set[str]) -> Checked:
    if result.outcome != "passed" or result.refusal is not None:
        return result
    if result.name in known.get("assumed", ()):
        return structs.replace(result, outcome="skipped", waits_for="client")
    needed = NEEDED.get(result.name, ())
    if needed and not any(name in known for name in needed):
        return structs.replace(result, outcome="skipped", waits_for=LABELS.get(needed[0], needed[0]))
    if (result.name in OF_A_SERVER and "version" in guessed) or (result.name in OF_A_BODY and "body" in guessed):
        return structs.replace(result, outcome="skipped", waits_for="server")
    return result
