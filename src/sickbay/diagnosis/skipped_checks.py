"""Marks the checks of a pasted request as skipped if the text doesn't show what they look at, so they never count as passed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import structs

from sickbay.diagnosis.lists import LISTS
from sickbay.kernel.checks import Checked, Examination

NEEDED = {name: tuple(needed.split(",")) for name, _, needed in (it.partition(":") for it in LISTS["checks_that_need"])}
"""Checks, each with members of the context. At least one must be known, because the request doesn't show what they look at."""
OF_A_SERVER, OF_A_BODY = frozenset(LISTS["checks_of_a_server"]), frozenset(LISTS["checks_of_a_body"])
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
