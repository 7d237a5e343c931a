"""Expected values of a healthy body by sex and age, which the stories change."""

from __future__ import annotations

import datetime
import math

from msgspec import Struct

from sickbay.population.patient_history import Person
from sickbay.population.seeded_random import SeededRandom

Body = dict[str, float]
"""Expected value by the key of a measure."""

_AGES = (0, 0.5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)
_GROWTH = {
    "male": (
        (50, 67, 76, 87, 95, 102, 109, 115, 122, 128, 133, 138, 143, 149, 156, 164, 170, 173, 175, 176),
        (3.5, 7.9, 10.3, 12.7, 14.3, 16.3, 18.5, 20.8, 23.1, 25.6, 28.6, 32, 36, 40.5, 45.6, 51, 56, 61, 64.5, 67),
    ),
    "female": (
        (49.5, 65.5, 74.5, 85.5, 94, 101, 108, 115, 121.5, 127.5, 133, 138, 144, 151, 157, 160, 162, 162.5, 163, 163),
        (3.4, 7.3, 9.6, 12, 13.9, 15.9, 18, 20.2, 22.8, 25.6, 29, 33, 37, 41.5, 45.8, 49.5, 52, 54, 55.5, 56.5),
    ),
}
"""Median height (cm) and weight (kg) by age, rounded from the usual growth charts."""


class Build(Struct, frozen=True):
    """Traits of a person that stay the same for life."""

    stature: float
    bulk: float
    gain: float
    systolic: float
    pulse: float
    creatinine: float
    ldl: float
    hdl: float
    triglycerides: float
    glucose: float
    hemoglobin: float


def draw_build(person: Person, rng: SeededRandom) -> Build:
    man = person.sex == "male"
    return Build(
        stature=rng.draw_normal(1.0, 0.035),
        bulk=max(rng.draw_normal(1.15, 0.16), 0.88),
        gain=rng.draw_uniform(-0.1, 0.5),
        systolic=rng.draw_normal(0, 6),
        pulse=rng.draw_normal(72, 6),
        creatinine=rng.draw_normal(0.95 if man else 0.75, 0.09),
        ldl=rng.draw_normal(108, 17),
        hdl=rng.draw_normal(47 if man else 57, 7),
        triglycerides=max(rng.draw_normal(115, 30), 85),
        glucose=rng.draw_normal(88, 4),
        hemoglobin=rng.draw_normal(15.2 if man else 13.6, 0.6),
    )


def expected_body(person: Person, own: Build, day: datetime.date) -> Body:
    """Returns the expected values on a day, before any story changes them."""
    age = person.age(day)
    body = _child_body(person, own, age) if age < 18 else _adult_body(person, own, age, (day.year - 2020) * own.gain)
    body.update(
        temperature=36.7,
        oxygen=98.0,
        glucose=own.glucose,
        a1c=5.0 + (own.glucose - 80) / 30,
        potassium=4.2,
        sodium=140.0,
        creatinine=own.creatinine * (1.0 if age >= 18 else 0.35 + age * 0.032),
        urea=13.0,
        ldl=own.ldl,
        hdl=own.hdl,
        triglycerides=own.triglycerides,
        hemoglobin=own.hemoglobin,
        leukocytes=6.8,
        platelets=250.0,
        tsh=1.9,
        albumin_ratio=9.0,
        ferritin=70.0,
    )
    return body


def _adult_body(person: Person, own: Build, age: float, gained: float) -> Body:
    height = _GROWTH[person.sex][0][-1] * own.stature
    frame = 22.0 * height * height / 10_000
    grown = min((age - 18) / 6, 1.0)  # the weight moves from the median at 18 to the adult weight within six years
    light = _GROWTH[person.sex][1][-1] * own.stature * own.stature * (1.02 + (own.bulk - 1.15) * 0.5)
    systolic = 113 + max(age - 30, 0) * 0.32 + own.systolic
    return {
        "height": height,
        "weight": light + (frame * own.bulk + gained - light) * grown,
        "systolic": systolic,
        "diastolic": 50 + systolic * 0.2,
        "pulse": own.pulse,
        "breaths": 15.0,
    }


def _child_body(person: Person, own: Build, age: float) -> Body:
    tall, heavy = _GROWTH[person.sex]
    return {
        "height": _interpolate_curve(tall, age) * own.stature,
        "weight": _interpolate_curve(heavy, age) * own.stature * own.stature * (1.02 + (own.bulk - 1.15) * 0.5),
        "systolic": 88 + age * 1.5 + own.systolic / 2,
        "diastolic": 52 + age * 0.9,
        "pulse": 132 - age * 3.4 if age > 1 else 132,
        "breaths": 30 - age * 0.8 if age > 1 else 34,
        "head": _interpolate_curve((34.5, 43, 46, 48, 49, 50, *(51.0,) * 14), age) * (0.75 + own.stature / 4),
    }


def bmi_percentile(person: Person, age: float, bmi: float) -> float:
    """Returns the approximate BMI percentile of a child for age and sex, from 1 to 99."""
    tall, heavy = _GROWTH[person.sex]
    median = _interpolate_curve(heavy, age) * 10_000 / _interpolate_curve(tall, age) ** 2
    deviation = (bmi / median - 1) / (0.08 + age * 0.004)
    return min(max(round(100 / (1 + math.exp(-1.702 * deviation))), 1), 99)


def _interpolate_curve(curve: tuple[float, ...], age: float) -> float:
    for index in range(1, len(_AGES)):
        if age <= _AGES[index]:
            low, high = _AGES[index - 1], _AGES[index]
            return curve[index - 1] + (curve[index] - curve[index - 1]) * (age - low) / (high - low)
    return curve[-1]
