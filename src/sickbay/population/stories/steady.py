"""Conditions with at most one drug that don't change any measurement."""

from __future__ import annotations

from sickbay.population import drugs, problems
from sickbay.population.codings import Concept
from sickbay.population.patient_history import Drug
from sickbay.population.stories.base import Steady, StoryDefinition, draw_onset


def _define_story(
    name: str,
    concept: Concept,
    drug: Drug | None,
    youngest: float,
    ages: tuple[float, float],
    women: float,
    men: float,
    *asks: str,
    never: tuple[str, ...] = (),
) -> StoryDefinition:
    return StoryDefinition(
        name,
        lambda person, rng: Steady(draw_onset(person, rng, youngest), concept, drug),
        ages,
        women,
        men,
        asks=asks,
        never=frozenset(never),
    )


_NO_IBUPROFEN = ("kidney", "kidney alone", "fibrillation", "heart", "pregnancy")
"""Stories that exclude long-term ibuprofen."""

MIGRAINE = _define_story(
    "migraine", problems.MIGRAINE, drugs.IBUPROFEN, 17, (19, 70), 0.13, 0.05, "New headaches", never=_NO_IBUPROFEN
)
REFLUX = _define_story("reflux", problems.REFLUX, drugs.OMEPRAZOLE, 25, (28, 120), 0.1, 0.1, "Heartburn")
RHINITIS = _define_story("rhinitis", problems.RHINITIS, drugs.LORATADINE, 7, (18, 120), 0.12, 0.12, "Hay fever")
ECZEMA = _define_story("eczema", problems.ECZEMA, drugs.HYDROCORTISONE, 1, (3, 18), 0.12, 0.12, "Itching skin")
BACK = _define_story("back", problems.CHRONIC_BACK_PAIN, drugs.PARACETAMOL, 30, (34, 120), 0.09, 0.08, "Back pain")
