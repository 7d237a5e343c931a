"""Each cause is found for a text under its own Seen, and for none under Not."""

from __future__ import annotations

from msgspec import structs
from tests.doctor.texts import files, ids, recognise

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


def test_no_other_cause_is_called_likely_for_a_text_whose_cause_is_known() -> None:
    wrong = [(file.cause.id, each.text) for file in files() for each in file.seen if _claims_another(file.cause.id, each.text)]
    assert wrong == []


def _claims_another(cause: str, text: str) -> bool:
    first = next(iter(recognise(text).ranked), None)
    return first is not None and first.cause.id != cause and first.is_supported and not first.is_confirmed
