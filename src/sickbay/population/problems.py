"""Problems, findings, allergens and kinds of visits: concepts with the text that a chart shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sickbay.population.code_tables import read_concepts
from sickbay.population.codings import Concept

globals().update(read_concepts("problems"))

if TYPE_CHECKING:

    def __getattr__(name: str) -> Concept:
        """Every name in the table is an attribute."""
