"""How far a student is, from the last exchanges of each kind."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.laws import for_each

from sickbay.services import records
from sickbay.services.class_mode import progress
from sickbay.services.class_mode.progress import LastExchange, milestone_of, state_of
from sickbay.services.journal.outcomes import STUDENT, format_line
from sickbay.storage.interface import Record

LINES = (
    ("303 granted @launch get /general/ehr/open =abc ", "launch", "launched"),
    ("400 refused @authorize get /x #aud-missing =abc ", "authorize", "refused"),
    ("200 granted @access get /general/r4/patient =abc ", "access", "working"),
    ("200 granted @access @search get /general/r4/patient =abc ", "access", "working"),
    ("404 failed @access get /general/r4/patient/x =abc ", "access", None),
    ("200 granted @token post /general/oauth/token =abc ", "token", None),
    ("", "token", None),
)


@for_each("line, stage, milestone", LINES)
def test_an_exchange_shows_a_milestone(line: str, stage: str, milestone: str | None) -> None:
    assert milestone_of(line, stage) == milestone


def last(**at: int) -> dict[str, LastExchange]:
    return {name: LastExchange("id", when, "token") for name, when in at.items()}


STATES: tuple[tuple[int, dict[str, int], str], ...] = (
    (0, {}, "joined"),
    (1, {}, "registered"),
    (1, {"launched": 1}, "launched"),
    (0, {"launched": 1}, "launched"),
    (1, {"launched": 1, "refused": 2}, "refused"),
    (1, {"launched": 1, "refused": 2, "working": 3}, "working"),
    (1, {"launched": 1, "working": 2, "refused": 3}, "refused"),
    (1, {"working": 2}, "working"),
)


@for_each("apps, at, state", STATES)
def test_a_refusal_counts_until_a_request_for_data_works(apps: int, at: dict[str, int], state: str) -> None:
    assert state_of(apps, last(**at)) == state


def make_record(key: str, at: int, student: str, status: int = 200, stage: str = "access") -> Record:
    entry = {
        "request": {"method": "GET", "url": "http://x/general/r4/Patient"},
        "response": {"status": status},
        "stage": stage,
        "findings": [{"id": "aud-missing"}] if status >= 400 else [],
        "decided": "aud-missing" if status >= 400 else None,
        "student": student,
    }
    return Record("exchange", key, b"", label=stage, at=at, line=format_line(entry))


def test_of_several_exchanges_the_last_one_is_noted_with_its_rule() -> None:
    exchanges = [make_record("new", 3, "abc", 400), make_record("old", 1, "abc", 400), make_record("good", 2, "abc")]
    noted = {put.record.key: records.parse(LastExchange, put.record.value) for put in progress.list_steps(exchanges)}
    assert noted == {
        "abc/refused": LastExchange("new", 3, "access", "aud-missing"),
        "abc/working": LastExchange("good", 2, "access"),
    }
    assert {put.record.owner for put in progress.list_steps(exchanges)} == {"abc"}


def test_an_exchange_without_a_student_is_not_noted() -> None:
    assert progress.list_steps([make_record("a", 1, ""), make_record("b", 2, "", 400)]) == []


METHODS = st.text("!#$%&'*+-.^_`|~abcXYZ", min_size=1, max_size=20)
"""A method is a token (RFC 9110 9.1), so it has no space."""


@given(st.text(), METHODS)
def test_no_request_can_name_a_student_in_its_line(url: str, method: str) -> None:
    request = {"method": method, "url": f"http://x/{url}"}
    entry = {"request": request, "response": {"status": 200}, "stage": "access", "findings": []}
    assert STUDENT not in format_line(entry)
    assert format_line(entry | {"student": "abc"}).endswith(f"{STUDENT}abc ")
