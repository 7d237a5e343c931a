"""Joining a class: keys, personal codes, names and limits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.flows.flow import Flow, run
from tests.flows.two_workers import run_two

from sickbay.services.class_mode import clearing, members


def test_a_key_and_a_code_are_found_in_upper_case_with_spaces_and_with_lookalike_letters(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        runtime = flow.sandbox.runtime
        key = await members.load_join_key(runtime)
        assert key == await members.load_join_key(runtime)
        joined = await members.join(runtime, "Ada")
        for change in (str, str.upper, lambda text: text.replace("0", "O").replace("1", "l"), lambda text: f" {text}\n"):
            assert await members.is_join_key(runtime, change(key))
            assert await members.find_by_code(runtime, change(joined.code)) == joined.student
        assert await members.find_by_code(runtime, joined.code.replace("-", "")) == joined.student
        assert joined.code.replace("-", "") not in (await runtime.store.find("student"))[0].value.decode()

    run(steps, tmp_path)


def test_a_new_key_and_a_new_code_end_the_old_ones(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        runtime = flow.sandbox.runtime
        key, joined = await members.load_join_key(runtime), await members.join(runtime, "Ada")
        await members.change_key(runtime)
        code = await members.renew_code(runtime, joined.student)
        assert not await members.is_join_key(runtime, key)
        assert await members.find_by_code(runtime, joined.code) is None
        found = await members.find_by_code(runtime, code)
        assert found is not None
        assert (found.id, found.name) == (joined.student.id, "Ada")

    run(steps, tmp_path)


@pytest.mark.parametrize("sent", ["", "-", "wrong", "0" * 16, "\0", "é" * 1000])
def test_a_wrong_code_finds_no_student(sent: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        joined = await members.join(flow.sandbox.runtime, "Ada")
        assert await members.find_by_code(flow.sandbox.runtime, sent) is None
        assert await members.find_by_code(flow.sandbox.runtime, joined.student.id + sent) is None
        assert not await members.is_join_key(flow.sandbox.runtime, sent)

    run(steps, tmp_path)


def test_a_class_that_is_full_takes_no_one_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "MAXIMUM_STUDENTS", 3)

    async def steps(flow: Flow) -> None:
        for number in range(3):
            await members.join(flow.sandbox.runtime, f"Student {number}")
        with pytest.raises(members.ClassIsFull):
            await members.join(flow.sandbox.runtime, "One more")
        names = [student.name for student in await members.list_students(flow.sandbox.runtime)]
        assert names == ["Student 0", "Student 1", "Student 2"]

    run(steps, tmp_path)


def test_a_form_that_is_sent_several_times_at_once_makes_one_student(engine: Callable[[], str | None], tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        runtimes = worker.sandbox.runtime, other.sandbox.runtime
        forms = [(name, form) for name in ("Ada", "Ben") for form in ("f1", "f2")]
        sent = await asyncio.gather(
            *(members.join(runtime, name, form) for name, form in forms for runtime in runtimes for _ in range(2))
        )
        assert len({joined.code for joined in sent}) == len({joined.student.id for joined in sent}) == len(forms)
        assert [len({joined.code for joined in sent[start : start + 4]}) for start in range(0, len(sent), 4)] == [1] * len(
            forms
        )
        assert len(await members.list_students(runtimes[0])) == len(forms)
        await members.renew_code(runtimes[0], sent[0].student)
        assert (await members.join(runtimes[1], *forms[0])).student.id != sent[0].student.id
        await other.http.post("/admin/clock", json={"advance": members.SAME_FORM_SECONDS})
        assert (await members.join(runtimes[1], *forms[1])).student.id not in {joined.student.id for joined in sent}

    run_two(steps, engine(), tmp_path, patients=0)


def test_students_with_one_name_are_told_apart_by_a_number(tmp_path: Path) -> None:
    long = "W" * members.NAME_CHARACTERS
    names = {"Ada": "Ada", "ADA": "ADA (2)", "Ada (2)": "Ada (2) (2)", long: long, long.lower(): f"{long[:-4].lower()} (2)"}

    async def steps(flow: Flow) -> None:
        runtime = flow.sandbox.runtime
        for sent, expected in names.items():
            assert (await members.join(runtime, sent)).student.name == expected
        joined = await asyncio.gather(*(members.join(runtime, "Ben") for _ in range(4)))
        assert {each.student.name for each in joined} == {"Ben", "Ben (2)", "Ben (3)", "Ben (4)"}
        listed = [student.name for student in await members.list_students(runtime)]
        assert listed[: len(names)] == list(names.values())
        await clearing.remove(runtime, flow.sandbox.journal, joined[0].student)
        assert (await members.join(runtime, "Ben")).student.name == joined[0].student.name

    run(steps, tmp_path, patients=0)


def test_a_new_code_brings_no_student_back_who_was_removed_at_the_same_time(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        runtime = flow.sandbox.runtime
        student = (await members.join(runtime, "Ada")).student
        await clearing.remove(runtime, flow.sandbox.journal, student)
        assert await members.renew_code(runtime, student) == ""
        assert await members.list_students(runtime) == []

    run(steps, tmp_path)
