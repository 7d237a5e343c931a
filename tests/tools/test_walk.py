"""A walk records the functions and the calls of one request, and its figures are counted from them and held by ceilings."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.laws import for_each
from tools.checks.files import ROOT
from tools.walks import figures
from tools.walks.figures import Ceilings, measure
from tools.walks.recorder import Recorder, Walk

from sickbay.protocol import basic, scopes
from tools import walk


async def answer(scope: Any, receive: Any, send: Any) -> None:
    basic.write("app", "secret")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})
    scopes.parse("openid")


async def ignore(message: Any) -> None: ...


if sys.version_info >= (3, 12):

    def test_functions_are_recorded_from_the_call_to_the_end_of_the_response() -> None:
        recorder = Recorder(answer)
        scopes.parse("openid")
        asyncio.run(recorder({}, ignore, ignore))
        assert recorder.walk.functions["protocol/basic.py"].keys() >= {"write"}
        assert "protocol/scopes.py" not in recorder.walk.functions


def test_an_older_python_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 11, 7))
    assert walk.main([]) == 2
    assert "3.12" in capsys.readouterr().out


def test_an_unknown_walk_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert walk.main(["stroll"]) == 2
    assert "Unknown: stroll. Choose from refused-authorize" in capsys.readouterr().out


def make_walk(*stacks: str) -> Walk:
    """Each stack is a chain of calls: files and functions, outermost first."""
    recorded = Walk()
    for stack in stacks:
        names = [(file, function) for file, _, function in (frame.partition(":") for frame in stack.split())]
        for number in range(1, len(names) + 1):
            recorded.enter(names[:number][::-1])
    return recorded


def test_the_depth_is_that_of_the_files_that_decide_explain_record_show_or_store() -> None:
    recorded = make_walk(
        "web/app.py:call web/oauth/token.py:token services/token.py:f services/decision.py:decide protocol/scopes.py:parse",
        "web/app.py:call web/oauth/token.py:token services/sessions.py:load services/records.py:read",
    )
    assert measure(recorded).stack == ("services/decision.py", "protocol/scopes.py")
    assert measure(recorded).calls == 9


def test_a_table_and_its_rows_count_once() -> None:
    measured = measure(make_walk("authorization/token/code.py:f", "authorization/token/pkce.py:g"))
    assert (measured.files, measured.small) == (1, ["authorization/token/"])
    assert (
        measure(make_walk("authorization/token/code.py:f authorization/token/pkce.py:g authorization/origin.py:h")).depth == 2
    )


@pytest.mark.parametrize(
    ("back", "pairs"),
    [
        ("services/b.py:g services/a.py:h", [("services/a.py", "services/b.py")]),
        ("services/b.py:g services/c.py:h", []),
        ("services/b.py:g services/b.py:h", []),
    ],
)
def test_files_that_call_each_other_are_a_pair(back: str, pairs: list[tuple[str, str]]) -> None:
    assert measure(make_walk("services/a.py:f services/b.py:g", back)).pairs == pairs


def test_a_table_and_its_rows_are_no_pair() -> None:
    there_and_back = make_walk("doctor/facts/registry.py:all doctor/facts/pkce.py:fact doctor/facts/registry.py:ask")
    assert measure(there_and_back).pairs == []


def test_what_a_decorator_calls_back_is_no_pair() -> None:
    remembering = make_walk("fhir/a.py:f kernel/memoize.py:wrapper", "fhir/a.py:f kernel/memoize.py:wrapper fhir/a.py:g")
    assert measure(remembering).pairs == []


def test_a_file_with_three_functions_is_not_small() -> None:
    three = ("services/a.py:f", "services/a.py:g", "services/a.py:h")
    assert measure(make_walk(*three[:2], *three[:2])).small == ["services/a.py"]
    assert measure(make_walk(*three)).small == []


def test_every_file_of_the_sources_has_a_phase() -> None:
    files = [path.relative_to(ROOT / "src" / "sickbay").as_posix() for path in (ROOT / "src" / "sickbay").rglob("*.py")]
    of_requests = [file for file in files if "/" in file and not file.startswith(("cli/", "testing/"))]
    assert {figures.phase_of(file) for file in of_requests} == set(figures.NAMES)


@for_each("start", [*figures.PHASES, *figures.TABLES, *filter(None, figures.TABLES.values()), *sorted(figures.DECORATORS)])
def test_a_folder_or_file_of_the_figures_exists(start: str) -> None:
    assert any((ROOT / "src" / "sickbay" / f"{start.rstrip('/')}{suffix}").exists() for suffix in ("", ".py"))


def test_figures_above_a_ceiling_are_faults() -> None:
    measured = measure(make_walk("services/decision.py:f services/journal/write.py:g services/decision.py:h"))
    assert [*figures.find_problems("a", measured, Ceilings(depth=2, pairs=1, small=1))] == []
    found = [*figures.find_problems("a", measured, Ceilings(depth=1, pairs=0, small=0.5))]
    assert [fault.partition(" (")[0] for fault in found] == [
        "a: decision depth 2",
        "a: 1 pairs of files call each other",
        "a: 2 of 2 files are entered for at most two functions",
    ]


def test_a_walk_is_passed_on_between_processes_unchanged(tmp_path: Path) -> None:
    recorded = make_walk("services/a.py:f services/b.py:g services/a.py:h")
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(recorded), type=Walk) == recorded


def test_a_description_names_the_files() -> None:
    text = walk.describe("a", measure(make_walk("services/a.py:f services/b.py:g services/a.py:h")))
    assert text.startswith("a: 2 files, 3 calls\n")
    assert "services/a.py and services/b.py" in text
