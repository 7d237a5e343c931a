"""Adds data to a history after its stories have run. No story depends on these additions.

If possible, the patient's number decides who has what, so that 8 patients have everything that US Core requires, as 50 have.
"""

from __future__ import annotations

from sickbay.population import findings, notes, rare_data, social
from sickbay.population.chart import Chart
from sickbay.population.seeded_random import SeededRandom


def add(chart: Chart, seed: int) -> None:
    """Adds to the chart's history, in place."""
    if not chart.history.visits:
        return
    rng = SeededRandom(seed, "additions", chart.person.number)
    rare_data.prepare(chart)
    findings.add(chart, rng)
    social.add(chart, rng)
    rare_data.add(chart)
    notes.add(chart)
