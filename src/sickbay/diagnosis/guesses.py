"""Marks the refusals that rest on a guess, so that their findings are only probable and say what was assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from msgspec import structs

from sickbay.diagnosis.rule import GUESS
from sickbay.kernel.checks import Check, Checked, Examination


def mark_guesses(checks: Sequence[Check[Any, Any]], context: object, examination: Examination) -> Examination:
    """Adds the sentence to the facts of each refusal that is a guess itself, or whose check needs a guessed attribute."""
    guesses = dict(getattr(context, "guesses", ()))
    if not guesses or examination.granted:
        return examination
    results = zip(checks, examination.checked, strict=True)
    return Examination(tuple(_mark_guess(check, result, guesses) for check, result in results))


def _mark_guess(check: Check[Any, Any], result: Checked, guesses: dict[str, str]) -> Checked:
    if result.refusal is None:
        return result
    needed = (result.refusal.name, *check.requires, *(("version",) if result.refusal.name in OF_A_VERSION else ()))
    sentence = " ".join(guesses[name] for name in needed if name in guesses)
    if not sentence:
        return result
    facts = {**result.refusal.facts, GUESS: sentence} | ({"at_most": "info"} if result.refusal.name in OPTIONAL else {})
    return structs.replace(result, refusal=replace(result.refusal, facts=facts))


OPTIONAL = ("backend-scope-missing", "response-mode-unsupported", "scope-malformed", "token-wrong-content-type")
"""Refusals for what only some servers require."""
OF_A_VERSION = ("fhir-resource-wrong-version", "fhir-resource-unknown")
"""Refusals that depend on the FHIR version of the base URL. Other faults of a search are the same in each version."""

POLICY: dict[str, Any] = {
    GUESS: "Sickbay doesn't know what this server allows: many servers allow it, others don't.",
    "at_most": "info",
}
"""Facts for advice about what some servers refuse."""
MASKED: dict[str, Any] = {GUESS: "If it was masked before it was pasted, ignore this.", "at_most": "info"}
"""Facts for advice about a value that may have been masked in a paste."""


def fact_about(context: object, attribute: str) -> dict[str, Any]:
    """The fact about a guessed attribute, for advice; empty if it isn't guessed."""
    sentence = dict(getattr(context, "guesses", ())).get(attribute)
    return {GUESS: sentence} if sentence else {}
