"""Fractures, treated in the emergency room; hip fractures, with an operation and a week in hospital; and osteoporosis."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from sickbay.population import drugs, measures, problems, procedure_codes
from sickbay.population.chart import Chart
from sickbay.population.codings import Concept
from sickbay.population.patient_history import Condition, Setting, Visit
from sickbay.population.stories.base import Episode, Lasting, Planned, StoryDefinition, draw_onset, random_day
from sickbay.population.vitals import Body

_BONES = (
    (problems.FOREARM_FRACTURE, procedure_codes.FOREARM_XRAY, 42),
    (problems.ANKLE_FRACTURE, procedure_codes.ANKLE_XRAY, 49),
    (problems.CLAVICLE_FRACTURE, procedure_codes.CLAVICLE_XRAY, 35),
)


class Fracture(Episode):
    kind, minutes, drug = problems.EMERGENCY, 150, drugs.PARACETAMOL
    setting: Setting = "emergency"

    def __init__(self, day: datetime.date, concept: Concept, image: Concept, days: int) -> None:
        super().__init__(day)
        self.concept, self.image, self.days = concept, image, days

    def plan(self) -> Iterable[Planned]:
        yield from super().plan()
        yield Planned(self.day + datetime.timedelta(days=12), problems.FOLLOW_UP, self.concept, None, self)

    def record_event(self, chart: Chart, visit: Visit, problem: Condition) -> None:
        request = chart.add_request(self.image, procedure_codes.IMAGING, visit, problem)
        chart.add_procedure(self.image, visit, problem, request, after=30)
        chart.add_report(procedure_codes.IMAGE, "RAD", visit, f"{self.concept.text}, not displaced.", request, after=50)
        if visit.setting == "emergency":
            chart.add_procedure(procedure_codes.FRACTURE_CARE, visit, problem, after=80, minutes=25)


class Hip(Fracture):
    kind, setting, minutes = problems.ADMISSION, "inpatient", 7 * 24 * 60

    def record_event(self, chart: Chart, visit: Visit, problem: Condition) -> None:
        super().record_event(chart, visit, problem)
        device = chart.add_implant(procedure_codes.HIP_PROSTHESIS, visit.day)
        chart.add_procedure(procedure_codes.HIP_REPLACEMENT, visit, problem, after=600, minutes=85, device=device)
        chart.add_note(
            procedure_codes.DISCHARGE,
            visit,
            "Fell at home, broken hip replaced. Home with physiotherapy, full weight.",
            printed=True,
        )


class Osteoporosis(Lasting):
    """Osteoporosis, diagnosed with a bone density scan."""

    concept, ladder, replaces = problems.OSTEOPOROSIS, (drugs.ALENDRONATE,), (False,)
    care = (procedure_codes.EXERCISE,)

    def act_on_diagnosis(self, chart: Chart, visit: Visit) -> None:
        body: Body = {"t_score": -2.9}
        number = chart.add_reading(measures.T_SCORE, visit, chart.draw_value(measures.T_SCORE, body), after=18)
        chart.add_procedure(procedure_codes.BONE_DENSITY, visit, self.problem)
        chart.add_report(procedure_codes.IMAGE, "RAD", visit, "Bone density of osteoporosis.", readings=(number,), after=20)


STORY = StoryDefinition(
    "fracture",
    lambda person, rng: Fracture(random_day(person, rng, 5), *rng.pick(_BONES)),
    ages=(5, 120),
    women=0.05,
    men=0.06,
    asks=("Cast off",),
)
HIP = StoryDefinition(
    "hip",
    lambda person, rng: Hip(random_day(person, rng, 70), problems.HIP_FRACTURE, procedure_codes.HIP_XRAY, 90),
    ages=(72, 120),
    women=0.06,
    men=0.03,
    after={"osteoporosis": 2.5},
    asks=("After the hip operation",),
)
BONES = StoryDefinition(
    "osteoporosis",
    lambda person, rng: Osteoporosis(draw_onset(person, rng, 62)),
    ages=(65, 120),
    women=0.22,
    men=0.04,
    asks=("Bone density results",),
)
