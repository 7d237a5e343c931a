"""Adds data to a history after its stories have run. No story depends on these additions.

If possible, the patient's number decides who has what, so that 50 patients have everything that US Core requires.
"""

from __future__ import annotations

from sickbay.population import findings, notes, social
from sickbay.population.chart import Chart
from sickbay.population.seeded_random import SeededRandom


def add(chart: Chart, seed: int) -> None:
    """Adds to the chart's history, in place."""
    if not chart.history.visits:
        return
    rng = SeededRandom(seed, "additions", chart.person.number)
    findings.add(chart, rng)
    social.add(chart, rng)
    notes.add(chart)
