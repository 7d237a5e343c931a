"""Peanut allergy with anaphylaxis: one visit to the emergency room, and an auto-injector from then on."""

from __future__ import annotations

from sickbay.population import drugs, problems, procedure_codes
from sickbay.population.chart import Chart, make_target
from sickbay.population.patient_history import Condition, Visit
from sickbay.population.stories.base import Episode, StoryDefinition, random_day


class Anaphylaxis(Episode):
    concept, days = problems.ANAPHYLACTIC_REACTION, 1
    kind, setting, minutes = problems.EMERGENCY, "emergency", 420

    def record_event(self, chart: Chart, visit: Visit, problem: Condition) -> None:
        if not chart.is_allergic_to("Peanut"):
            chart.add_allergy(
                problems.PEANUT,
                visit.day,
                problems.ANAPHYLAXIS,
                category="food",
                criticality="high",
                severity="severe",
                since=str(visit.day.year),
            )
        chart.prescribe(drugs.EPINEPHRINE, visit, problem)
        chart.add_plan(
            "Emergency plan, peanut allergy",
            problem,
            (procedure_codes.ALLERGY_EDUCATION,),
            (make_target("Carries the auto-injector"),),
        )
        chart.add_note(
            procedure_codes.DISCHARGE, visit, "Hives and wheezing minutes after peanuts; epinephrine, watched for six hours."
        )


STORY = StoryDefinition(
    "anaphylaxis", lambda person, rng: Anaphylaxis(random_day(person, rng, 10, 40)), ages=(11, 40), women=0.02, men=0.02
)
"""The youngest are 10: the prescribed auto-injector is for a body weight of at least 30 kg."""
