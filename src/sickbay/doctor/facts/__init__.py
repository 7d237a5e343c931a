"""Computes named facts from the evidence. They confirm or exclude causes, and their values fill the texts.

A fact is a function that returns its values ({} if it has none), or None if it isn't true. Its docstring is its description.
The id of a rule that found a fault in a request is a fact too.
"""

from __future__ import annotations

from sickbay.doctor.evidence import Evidence
from sickbay.doctor.facts import addresses, clients, messages, pkce, requests, resources, scopes
from sickbay.doctor.facts.registry import FACTS, Values

MODULES = (requests, scopes, addresses, messages, clients, pkce, resources)
"""The modules that register facts."""


def compute(evidence: Evidence) -> dict[str, Values]:
    """The facts that are true, with their values."""
    found = {name: fact(evidence) for name, fact in FACTS.items()}
    return {name: {} for name in evidence.rules} | {name: values for name, values in found.items() if values is not None}
