"""The stories: which threads run through whose life.

Each file declares one or a few (`base.Told`): what happens is a `Story`, who lives it a share by sex and age. `TOLD` is their
order: a story may look at those before it (`after`, `never`). Each throws dice of its own, so that a new one changes no other.
"""

from __future__ import annotations

from sickbay.population import additions, errands, mess
from sickbay.population.chart import Chart
from sickbay.population.dice import Dice
from sickbay.population.life import Life, Person
from sickbay.population.people import CAST, person
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
from sickbay.population.stories.base import Told
from sickbay.population.stories.immunizations import Immunizations
from sickbay.population.stories.walk import tell

TOLD: tuple[Told, ...] = (
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
STORIES = {story.name: story for story in TOLD}


def live(seed: int, number: int, messiness: float = 0.0) -> Life:
    """The life of the `number`-th patient, from the seed alone, as badly written as asked (`mess.py`)."""
    who = mess.person(person(seed, number), seed, messiness)
    chart = Chart(who, Dice(seed, "life", number))
    names = threads_of(seed, number)
    if names == ("timothy",):
        timothy.tell(chart)
    else:
        threads = [STORIES[name].make(who, Dice(seed, "story", number, name)) for name in names]
        tell(chart, [*threads, Immunizations(who, Dice(seed, "story", number, "immunizations"))])
    additions.add(chart, seed)
    chart.life.errands = errands.of(chart.life, seed)
    return mess.life(chart.life, seed, messiness)


def threads_of(seed: int, number: int) -> tuple[str, ...]:
    """The names of the stories of a patient, without telling them."""
    role = CAST.get(number)
    return role.stories if role else _chosen(seed, person(seed, number))


def _chosen(seed: int, who: Person) -> tuple[str, ...]:
    """As common as they are at that age."""
    found: list[str] = []
    for story in TOLD:
        share = story.share(who, frozenset(found))
        if share and Dice(seed, "lives", who.number, story.name).chance(share):
            found.append(story.name)
    return tuple(found)
