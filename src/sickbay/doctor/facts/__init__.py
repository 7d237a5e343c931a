"""Computes named facts from the evidence. They confirm or exclude causes, and their values fill the texts.

A fact is a function that returns its values ({} if it has none), or None if it isn't true; its docstring is its description.
What a pattern shows is data: knowledge/facts.toml. The ID of a rule that found a fault in a request is a fact too.
"""

from __future__ import annotations

from sickbay.doctor.facts import addresses, messages, requests, resources
from sickbay.doctor.facts.registry import FACTS, TrueFacts

__all__ = ["FACTS", "MODULES", "TrueFacts"]
MODULES = (requests, addresses, messages, resources)
"""The modules that register facts."""
