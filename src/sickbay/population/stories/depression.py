"""Depression, whose PHQ-9 score falls with sertraline and therapy, and generalized anxiety, likewise with the GAD-7."""

from __future__ import annotations

import datetime

from sickbay.population import drugs, measures, problems, procedure_codes
from sickbay.population.chart import make_target
from sickbay.population.codings import Concept
from sickbay.population.patient_history import Measure
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.stories.base import Lasting, StoryDefinition, draw_onset
from sickbay.population.vitals import Body


class Mood(Lasting):
    """A mood disorder: the score is between 12 and 17 at first, and below 10 after some months of treatment."""

    chronic = True
    ladder = (drugs.SERTRALINE,)
    replaces = (False,)
    care = (procedure_codes.PSYCHOTHERAPY, procedure_codes.EXERCISE)

    def __init__(self, onset: datetime.date, rng: SeededRandom, concept: Concept, score: Measure) -> None:
        super().__init__(onset)
        self.concept, self.score, self.tests = concept, score, (score,)
        self.goals = (make_target(f"{score.concept.text} below 5", score, None, 5.0),)
        self.worst = rng.draw_uniform(12, 17)

    def adjust(self, body: Body, day: datetime.date) -> None:
        body[self.score.key] = 3.0
        if day >= self.onset:
            treated = (day - self.orders[0].start).days / 365 if self.orders else 0.0
            body[self.score.key] = max(self.worst - treated * 9, 5.0)


STORY = StoryDefinition(
    "depression",
    lambda person, rng: Mood(draw_onset(person, rng, 19), rng, problems.DEPRESSION, measures.PHQ9),
    ages=(20, 120),
    women=0.13,
    men=0.08,
    asks=("Mood, follow-up",),
)
ANXIETY = StoryDefinition(
    "anxiety",
    lambda person, rng: Mood(draw_onset(person, rng, 18), rng, problems.ANXIETY, measures.GAD7),
    ages=(19, 80),
    women=0.06,
    men=0.03,
    never=frozenset({"depression"}),
    asks=("Anxiety, follow-up",),
)
