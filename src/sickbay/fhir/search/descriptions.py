"""Describes a search parameter in the words of the specification."""

from __future__ import annotations

from typing import Final

from sickbay.fhir.definitions import parameter_texts
from sickbay.fhir.search.parameters import SearchParameter

DESCRIPTION_CHARACTERS: Final = 130


def describe_parameter(parameter: SearchParameter) -> str:
    """Returns the description, shortened if it is long; if there is none, the elements that the parameter searches."""
    texts = parameter_texts()
    text = texts.get(parameter.type, {}).get(parameter.code) or texts["Resource"].get(parameter.code)
    text = (text or f"Searches {parameter.expression}").replace("**", "")
    return text if len(text) <= DESCRIPTION_CHARACTERS else f"{text[:DESCRIPTION_CHARACTERS].rsplit(' ', 1)[0]}…"
