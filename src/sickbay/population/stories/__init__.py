"""The stories: which threads run through whose life.

Each file declares one or a few (`base.StoryDefinition`): what happens is a `Story`, who lives it a share by sex and age.
`STORY_DEFINITIONS` is their order: a story may look at those before it (`after`, `never`). Each throws dice of its own, so that
a new one changes no other.
"""

from __future__ import annotations

from sickbay.population import additions, data_quality, tasks
from sickbay.population.chart import Chart
from sickbay.population.patient_history import PatientHistory, Person
from sickbay.population.people import CAST, person
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.stories import (
    anaemia,
    anaphylaxis,
    appendicitis,
    asthma,
    copd,
    dementia,
    depression,
    dermatitis,
    diabetes,
    fibrillation,
    fractures,
    gout,
    heart_failure,
    hypertension,
    infections,
    kidney,
    knee,
    lipids,
    pregnancy,
    screening,
    smoking,
    steady,
    stroke,
    thyroid,
    timothy,
)
from sickbay.population.stories.base import StoryDefinition
from sickbay.population.stories.immunizations import Immunizations
from sickbay.population.stories.walk import tell

STORY_DEFINITIONS: tuple[StoryDefinition, ...] = (
    hypertension.STORY,
    diabetes.STORY,
    lipids.STORY,
    pregnancy.STORY,
    smoking.STORY,
    kidney.STORY,
    kidney.ALONE,
    heart_failure.STORY,
    fibrillation.STORY,
    stroke.STORY,
    dementia.STORY,
    thyroid.STORY,
    asthma.CHILD,
    asthma.STORY,
    copd.STORY,
    depression.STORY,
    depression.ANXIETY,
    gout.STORY,
    anaemia.STORY,
    knee.STORY,
    fractures.BONES,
    fractures.HIP,
    fractures.STORY,
    screening.MAMMOGRAPHY,
    screening.COLONOSCOPY,
    screening.STOOL,
    screening.BREAST,
    anaphylaxis.STORY,
    appendicitis.STORY,
    infections.BLADDER,
    infections.FLU,
    infections.COVID,
    infections.LUNGS,
    dermatitis.STORY,
    steady.MIGRAINE,
    steady.REFLUX,
    steady.RHINITIS,
    steady.ECZEMA,
    steady.BACK,
)
STORIES = {story.name: story for story in STORY_DEFINITIONS}


def live(seed: int, number: int, messiness: float = 0.0) -> PatientHistory:
    """The life of the `number`-th patient, from the seed alone, as badly written as asked (`data_quality.py`)."""
    who = data_quality.person(person(seed, number), seed, messiness)
    chart = Chart(who, SeededRandom(seed, "life", number))
    names = threads_of(seed, number)
    if names == ("timothy",):
        timothy.tell(chart)
    else:
        threads = [STORIES[name].make(who, SeededRandom(seed, "story", number, name)) for name in names]
        tell(chart, [*threads, Immunizations(who, SeededRandom(seed, "story", number, "immunizations"))])
    additions.add(chart, seed)
    chart.life.errands = tasks.of(chart.life, seed)
    return data_quality.life(chart.life, seed, messiness)


def threads_of(seed: int, number: int) -> tuple[str, ...]:
    """The names of the stories of a patient, without telling them."""
    role = CAST.get(number)
    return role.stories if role else _chosen(seed, person(seed, number))


def _chosen(seed: int, who: Person) -> tuple[str, ...]:
    """As common as they are at that age."""
    found: list[str] = []
    for story in STORY_DEFINITIONS:
        share = story.share(who, frozenset(found))
        if share and SeededRandom(seed, "lives", who.number, story.name).chance(share):
            found.append(story.name)
    return tuple(found)
