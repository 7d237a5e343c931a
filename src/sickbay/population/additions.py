"""What is added to a life after its stories: it follows from the life, and no story depends on it.

Who has what follows from the number of the patient where it can, so that fifty patients have everything that US Core asks for.
"""

from __future__ import annotations

from sickbay.population import findings, notes, social
from sickbay.population.chart import Chart
from sickbay.population.seeded_random import SeededRandom


def add(chart: Chart, seed: int) -> None:
    """Adds to the chart's life, in place."""
    if not chart.life.visits:
        return
    dice = SeededRandom(seed, "additions", chart.person.number)
    findings.add(chart, dice)
    social.add(chart, dice)
    notes.add(chart)
