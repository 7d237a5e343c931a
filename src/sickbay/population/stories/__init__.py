"""The stories, and which of them run through a patient's history.

Each file declares one or a few (`base.StoryDefinition`): a `Story` decides what happens, a share by sex and age how common it
is. `STORY_DEFINITIONS` fixes their order: a story may depend on those before it (`after`, `never`). Each has a random stream of
its own, so that a new story doesn't change the others.
"""

from __future__ import annotations

from sickbay.population import additions, data_quality, tasks
from sickbay.population.chart import Chart
from sickbay.population.patient_history import PatientHistory, Person
from sickbay.population.people import CAST, make_person
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
from sickbay.population.stories.walk import build_history

STORY_DEFINITIONS: tuple[StoryDefinition, ...] = (
    hypertension.STORY,
    diabetes.STORY,
    lipids.STORY,
    pregnancy.STORY,
    smoking.STORY,
    kidney.STORY,
    kidney.WITHOUT_HYPERTENSION,
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


def simulate_life(seed: int, number: int, messiness: float = 0.0) -> PatientHistory:
    """Returns the history of the `number`-th patient, which depends only on the seed, with errors added (`data_quality.py`)."""
    patient = data_quality.add_person_errors(make_person(seed, number), seed, messiness)
    chart = Chart(patient, SeededRandom(seed, "life", number))
    names = story_names(seed, number)
    if names == ("timothy",):
        timothy.build_history(chart)
    else:
        stories = [STORIES[name].make(patient, SeededRandom(seed, "story", number, name)) for name in names]
        build_history(chart, [*stories, Immunizations(patient, SeededRandom(seed, "story", number, "immunizations"))])
    additions.complete_history(chart, seed)
    chart.history.app_tasks = tasks.find_task(chart.history, seed)
    data_quality.add_errors(chart.history, seed, messiness)
    additions.add_hs_crp(chart, seed)
    return chart.history


def story_names(seed: int, number: int) -> tuple[str, ...]:
    """Returns the names of a patient's stories, without running them."""
    role = CAST.get(number)
    return role.stories if role else _choose_stories(seed, make_person(seed, number))


def _choose_stories(seed: int, patient: Person) -> tuple[str, ...]:
    """Chooses stories with the frequency that they have at the patient's age."""
    chosen: list[str] = []
    for story in STORY_DEFINITIONS:
        share = story.share(patient, frozenset(chosen))
        if share and SeededRandom(seed, "lives", patient.number, story.name).chance(share):
            chosen.append(story.name)
    return tuple(chosen)
