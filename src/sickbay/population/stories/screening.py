"""Cancer screening: mammography every two years, colonoscopy every ten years or a stool test; and what some of them find."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from sickbay.population import drugs, measures, problems, procedure_codes
from sickbay.population.chart import Chart
from sickbay.population.codings import Concept
from sickbay.population.patient_history import Person, Visit
from sickbay.population.stories.base import FIRST_YEAR, Lasting, Planned, Story, StoryDefinition, day_at, draw_onset, random_day
from sickbay.population.vitals import Body


class Mammography(Story):
    """Mammography every two years from 50 to 75."""

    def __init__(self, person: Person, month: int) -> None:
        years = range(FIRST_YEAR + person.number % 2, person.last.year + 1, 2)
        days = [datetime.date(year, month, 17) for year in years]
        self.days = {day for day in days if 50 <= person.age(day) < 75}

    def plan(self) -> Iterable[Planned]:
        return (
            Planned(day, problems.SCREENING, procedure_codes.MAMMOGRAPHY, None, self, minutes=40) for day in sorted(self.days)
        )

    def decide(self, chart: Chart, visit: Visit, measured: Body) -> None:
        if visit.day in self.days:
            _add_screening(chart, visit, procedure_codes.MAMMOGRAPHY, procedure_codes.IMAGE, "No sign of cancer (BI-RADS 1).")


class Colonoscopy(Story):
    """One colonoscopy in the record. One patient in four has a polyp, which is removed."""

    def __init__(self, day: datetime.date, polyp: bool) -> None:
        self.day, self.polyp = day, polyp

    def plan(self) -> Iterable[Planned]:
        yield Planned(self.day, problems.SCREENING, procedure_codes.COLONOSCOPY, None, self, "ambulatory", 90)

    def decide(self, chart: Chart, visit: Visit, measured: Body) -> None:
        if visit.day != self.day:
            return
        finding = "A polyp of 6 mm, removed; next in five years." if self.polyp else "No polyps; next in ten years."
        _add_screening(chart, visit, procedure_codes.COLONOSCOPY, procedure_codes.COLONOSCOPY_STUDY, finding)
        if self.polyp:
            polyp = chart.add_problem(problems.POLYP, visit.day, visit.day, visit, lasting=False, over=visit.day)
            chart.add_procedure(procedure_codes.POLYPECTOMY, visit, polyp, after=40, minutes=10)
        chart.add_note(procedure_codes.PROCEDURE_NOTE, visit, finding, printed=True)


class StoolTest(Story):
    """A stool test at the check-ups from 50 on."""

    def __init__(self, person: Person) -> None:
        self.person = person

    def decide(self, chart: Chart, visit: Visit, measured: Body) -> None:
        if visit.kind is problems.CHECK_UP and visit.day >= day_at(self.person, 50):
            chart.add_reading(measures.STOOL, visit, concept=problems.NEGATIVE, after=14)


class BreastCancer(Lasting):
    """Breast cancer that is found early and operated on, then treated with anastrozole."""

    concept, ladder, replaces = problems.BREAST_CANCER, (drugs.ANASTROZOLE,), (False,)
    care = (procedure_codes.EDUCATION, procedure_codes.MAMMOGRAPHY)

    def __init__(self, onset: datetime.date) -> None:
        super().__init__(onset)
        self.operation = onset + datetime.timedelta(days=21)

    def plan(self) -> Iterable[Planned]:
        yield Planned(self.operation, problems.ADMISSION, self.concept, None, self, "inpatient", 24 * 60)

    def decide(self, chart: Chart, visit: Visit, measured: Body) -> None:
        super().decide(chart, visit, measured)
        if visit.day == self.operation and visit.setting == "inpatient":
            request = chart.add_request(procedure_codes.LUMPECTOMY, procedure_codes.SURGICAL, visit, self.problem)
            chart.add_procedure(procedure_codes.LUMPECTOMY, visit, self.problem, request, after=150, minutes=70)
            chart.add_note(
                procedure_codes.PROCEDURE_NOTE,
                visit,
                "Tumour of 11 mm removed with clear margins; no lymph nodes.",
                printed=True,
            )


def _add_screening(chart: Chart, visit: Visit, procedure: Concept, study: Concept, finding: str) -> None:
    request = chart.add_request(
        procedure, procedure_codes.IMAGING if procedure is procedure_codes.MAMMOGRAPHY else procedure_codes.EVALUATION, visit
    )
    chart.add_procedure(procedure, visit, None, request, minutes=20)
    chart.add_report(study, "RAD" if procedure is procedure_codes.MAMMOGRAPHY else "OTH", visit, finding, request, after=35)


MAMMOGRAPHY = StoryDefinition(
    "mammography", lambda person, rng: Mammography(person, rng.pick_integer(2, 11)), ages=(50, 78), women=0.7
)
COLONOSCOPY = StoryDefinition(
    "colonoscopy",
    lambda person, rng: Colonoscopy(random_day(person, rng, 46, 76), rng.chance(0.25)),
    ages=(48, 76),
    women=0.45,
    men=0.45,
    never=frozenset({"dementia"}),
)
STOOL = StoryDefinition(
    "stool test", lambda person, rng: StoolTest(person), ages=(50, 76), women=0.5, men=0.5, never=frozenset({"colonoscopy"})
)
BREAST = StoryDefinition(
    "breast cancer",
    lambda person, rng: BreastCancer(draw_onset(person, rng, 52, years=5)),
    ages=(55, 120),
    women=0.03,
    never=frozenset({"osteoporosis"}),
    asks=("After the operation",),
)
