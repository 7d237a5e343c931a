"""Contact dermatitis: an itching rash and a cream, over in two weeks."""

from __future__ import annotations

from sickbay.population import drugs, problems
from sickbay.population.stories.base import Episode, StoryDefinition, random_day


class Dermatitis(Episode):
    concept, days, drug, drug_days = problems.CONTACT_DERMATITIS, 16, drugs.HYDROCORTISONE, 14


STORY = StoryDefinition(
    "dermatitis",
    lambda person, rng: Dermatitis(random_day(person, rng, 3)),
    ages=(3, 120),
    women=0.06,
    men=0.05,
    asks=("Rash on the hands",),
)
