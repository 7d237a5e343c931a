"""The record of how far a population is written, and the estimate that is made from it."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.sandbox.population_progress import PopulationProgress, WrittenPortions, forget, parse
from sickbay.storage.interface import Record, ResourceSpace

SPACE = ResourceSpace("general", "r4")
DAY = datetime.date(2026, 11, 24)


@given(st.integers(0, 10**6), st.floats(0, 1e6), st.integers(0, 10**6))
def test_the_record_is_read_as_it_was_written(portions: int, pace: float, revision: int) -> None:
    state = WrittenPortions(DAY, portions, round(pace, 3), revision)
    put = state.put(SPACE)
    assert parse(put.record)._replace(revision=revision) == state
    assert put.if_revision == revision
    assert (put.record.kind, put.record.key) == (forget(SPACE).kind, forget(SPACE).key)


def test_the_record_of_an_older_sickbay_is_understood() -> None:
    record = Record("meta", "filling/general/r4", b"2026-11-24 11 2000 50.000", revision=3)
    assert parse(record) == WrittenPortions(DAY, 11, 50.0, 3)


def test_nothing_is_estimated_before_something_was_measured() -> None:
    assert WrittenPortions(DAY).progress(50) == PopulationProgress(0, 50, None)
    assert WrittenPortions(DAY, portions=4).progress(50) == PopulationProgress(3, 50, None)


def test_the_hospital_is_no_patient_and_the_last_portion_is_none_either() -> None:
    done = [WrittenPortions(DAY, portions=portions).progress(2).done for portions in range(5)]
    assert done == [0, 0, 1, 2, 2]


def test_the_estimate_is_the_remaining_patients_at_the_measured_pace() -> None:
    state = WrittenPortions(DAY).add_portions(11).measure(10, 0.5)
    assert state.progress(5000) == PopulationProgress(10, 5000, 250)


@given(st.floats(0.001, 10), st.floats(0.001, 10))
def test_the_pace_approaches_what_is_measured(first: float, then: float) -> None:
    state = WrittenPortions(DAY).measure(1, first)
    assert state.pace == pytest.approx(first * 1000)
    for _ in range(40):
        state = state.measure(1, then)
    assert state.pace == pytest.approx(then * 1000, rel=0.01)
