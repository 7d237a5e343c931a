"""Appendicitis: pain, an operation on the same day, two nights in hospital."""

from __future__ import annotations

from sickbay.population import drugs, problems, procedure_codes
from sickbay.population.chart import Chart
from sickbay.population.patient_history import Condition, Visit
from sickbay.population.stories.base import Episode, StoryDefinition, random_day


class Appendicitis(Episode):
    concept, days, fever, drug, drug_days = problems.APPENDICITIS, 14, 1.5, drugs.PARACETAMOL, 5
    kind, setting, minutes = problems.ADMISSION, "inpatient", 2 * 24 * 60

    def record_event(self, chart: Chart, visit: Visit, problem: Condition) -> None:
        request = chart.add_request(procedure_codes.APPENDECTOMY, procedure_codes.SURGICAL, visit, problem)
        chart.add_procedure(procedure_codes.APPENDECTOMY, visit, problem, request, after=240, minutes=55)
        chart.add_note(
            procedure_codes.DISCHARGE,
            visit,
            "Inflamed appendix removed by laparoscopy, not perforated. Eats and walks; stitches out after ten days.",
            printed=True,
        )


STORY = StoryDefinition(
    "appendicitis",
    lambda person, rng: Appendicitis(random_day(person, rng, 7, 45)),
    ages=(8, 45),
    women=0.03,
    men=0.04,
    never=frozenset({"pregnancy"}),
    asks=("Stitches out",),
)
