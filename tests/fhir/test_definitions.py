"""The tables of the FHIR versions."""

from __future__ import annotations

from sickbay.fhir.definitions import load_names
from tools import definitions


def test_the_names_are_those_in_the_tables() -> None:
    """If this fails, run tools/definitions.py without arguments."""
    assert load_names() == definitions.make_names(definitions.OUT)
    assert all(load_names().values())
