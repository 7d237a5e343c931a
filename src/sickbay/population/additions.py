"""Adds data to a history after its stories have run. No story depends on these additions.

If possible, the patient's number decides who has what, so that 8 patients have everything that US Core requires, as 50 have.
"""

from __future__ import annotations

from sickbay.population import findings, measures, notes, rare_data, social
from sickbay.population.chart import Chart
from sickbay.population.people import TIMOTHY
from sickbay.population.seeded_random import SeededRandom


def complete_history(chart: Chart, seed: int) -> None:
    """Adds to the chart's history, in place."""
    if not chart.history.visits:
        return
    rng = SeededRandom(seed, "additions", chart.person.number)
    rare_data.add_food_risk(chart)
    findings.add_findings(chart, rng)
    social.add_social_history(chart, rng)
    rare_data.add_recent_visits(chart)
    notes.add_documents(chart)


def add_hs_crp(chart: Chart, seed: int) -> None:
    """Adds an hs-CRP in mg/L to an adult's last lipid panel: apps that compute a cardiac risk need it.

    It comes after everything else, so that all other observations keep their ids and values.
    """
    totals = [reading for reading in chart.history.readings if reading.measure.key == "cholesterol"]
    draws = (reading for reading in totals if chart.person.age(reading.at.date()) >= 18)
    draw = max(draws, key=lambda reading: reading.at, default=None)
    if draw and draw.visit:
        person = chart.person.number
        share = SeededRandom(0 if person == TIMOTHY else seed, "hs-CRP", person).draw_uniform(0, 1)
        value = round(0.2 + 8 * share * share * share, measures.HS_CRP.digits)  # three of ten are above 3
        chart.add_observation(
            measures.HS_CRP, chart.history.visits[draw.visit - 1], draw.at, value=value, performer=draw.performer
        )
