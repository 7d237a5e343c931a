"""Heart failure: shortness of breath and swelling, an ultrasound of the heart, a diuretic."""

from __future__ import annotations

import datetime

from sickbay.population import drugs, measures, problems, procedure_codes
from sickbay.population.chart import Chart, make_target
from sickbay.population.patient_history import Visit
from sickbay.population.stories.base import Lasting, StoryDefinition, draw_onset
from sickbay.population.vitals import Body


class HeartFailure(Lasting):
    """Heart failure; the diuretic lowers weight and NT-proBNP."""

    chronic = True
    concept = problems.HEART_FAILURE
    no_nsaid = True
    tests = (measures.BNP,)
    signs = (measures.BREATHS, measures.OXYGEN)
    ladder = (drugs.FUROSEMIDE, drugs.METOPROLOL)
    replaces = (False, False)
    care = (procedure_codes.SALT, procedure_codes.SELF_CARE)
    goals = (make_target("No swelling, a steady weight"),)

    def adjust(self, body: Body, day: datetime.date) -> None:
        body["bnp"] = 60.0
        if day >= self.onset:
            retained = 0.0 if self.orders else 3.0
            body["weight"] += retained
            body["oxygen"] -= 2.0 + retained / 3
            body["pulse"] += 7.0 - 4.0 * (len(self.orders) > 1)
            body["breaths"] += 2.0
            body["bnp"] = 900.0 if self.orders else 1900.0

    def needs_next_rung(self, measured: Body) -> bool:
        return len(self.orders) < 2

    def act_on_diagnosis(self, chart: Chart, visit: Visit) -> None:
        request = chart.add_request(procedure_codes.ECHOCARDIOGRAPHY, procedure_codes.IMAGING, visit, self.problem)
        chart.add_procedure(procedure_codes.ECHOCARDIOGRAPHY, visit, self.problem, request)
        number = chart.add_reading(measures.EJECTION, visit, float(chart.rng.pick_integer(32, 44)), after=18)
        chart.add_report(
            procedure_codes.ECHO_STUDY,
            "CUS",
            visit,
            "Reduced ejection fraction, mild mitral regurgitation.",
            request,
            readings=(number,),
            after=20,
        )


STORY = StoryDefinition(
    "heart",
    lambda person, rng: HeartFailure(draw_onset(person, rng, 66)),
    ages=(68, 120),
    women=0.05,
    men=0.06,
    after={"hypertension": 1.8},
    asks=("After discharge, heart failure",),
)
