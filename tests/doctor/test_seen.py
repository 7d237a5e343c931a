"""Each cause is found for a text under its own Seen, and for none under Not."""

from __future__ import annotations

from msgspec import structs
from tests.doctor.texts import files, ids

from sickbay.doctor.source import CauseFile

LAST = {"usual": 1, "possible": 3, "rare": 100}
"""The last place in the answer that proves a weight."""


def is_proved(file: CauseFile) -> bool:
    last = min(LAST[weight] for weight in file.cause.behind.values())
    return any(file.cause.id in ids(example.text)[:last] for example in file.seen)


def test_each_cause_is_found_for_one_of_its_texts_where_its_weight_says() -> None:
    assert [file.cause.id for file in files() if not is_proved(file)] == []


def test_no_cause_is_found_for_its_counterexamples() -> None:
    wrong = [(file.cause.id, example.text) for file in files() for example in file.never if file.cause.id in ids(example.text)]
    assert wrong == []


def test_each_text_names_its_origin() -> None:
    assert [file.cause.id for file in files() if not all(example.origin for example in file.seen)] == []


def test_a_cause_without_a_text_is_not_proved() -> None:
    file = files()[0]
    assert not is_proved(file._replace(seen=()))
    assert not is_proved(file._replace(cause=structs.replace(file.cause, id="another")))
