"""The steps of the doctor grow no faster than the text, whatever the text is.

A step is a call of a function, Python's own or a built-in one, so the number doesn't depend on the machine. What a regular
expression does in one call is bounded by `tools/checks/patterns.py`. The last test counts the instructions of everything.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.diagnosis.hostile import pairs

from sickbay.cli import doctor as command
from sickbay.doctor.text import diagnose_text
from sickbay.web.portal.diagnosis_views import examine

GROWTH = 2.2
"""The largest ratio of the steps for a text of twice the length."""
LEAST_STEPS = 12_000
"""What a text may take however short it is: twice the text may be the first that is also read as code, for example."""
INSTANCES = (
    ("HTTP/1.1 200 OK\n", "X-Header-Name: some value\n"),
    ("", '\\"'),
    ("", "$a="),
    ("let b = `x`\n", "b = `${b}${b}`\n"),
    ("", "POST /a\na: b\n"),
    ('curl -X POST https://a/token -d "grant_type=a', "]'"),
)
"""What was slow before: a response without a Content-Type, and regular expressions and an evaluator without a limit."""


def steps(text: str) -> int:
    """The calls that the command and the page need for this text."""
    count = 0

    def profile(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        examine(text, "")
        try:
            evidence, diagnosis = diagnose_text(text)
        except ValueError:
            return count
        command._format_diagnosis(evidence, diagnosis)
    finally:
        sys.setprofile(None)
    return count


@pytest.fixture(scope="module", autouse=True)
def warm() -> None:
    """Imports and compiles what is needed only once."""
    told = "The server answers this request with an error.\n"
    for text in (
        "curl https://a.example/b",
        'fetch("https://a.example/token")\n',
        '{"error": "invalid_client"}',
        "a",
        told,
        "$a=",
    ):
        examine(text, "")


@pytest.fixture(scope="module")
def pastes() -> list[str]:
    folder = Path(os.environ.get("SICKBAY_SHARED") or Path(__file__).parents[2].parent / "shared") / "cases" / "realworld"
    files = sorted(folder.glob("*.jsonl")) if folder.is_dir() else []
    return [json.loads(line)["paste"] for file in files for line in file.read_text(encoding="utf-8").splitlines() if line]


@pytest.mark.parametrize(("beginning", "unit"), INSTANCES)
def test_what_was_slow_takes_linear_time(beginning: str, unit: str) -> None:
    text, twice = (beginning + unit * (size // len(unit)) for size in (3_000, 6_000))
    assert steps(twice) < GROWTH * steps(text)


def test_the_steps_grow_no_faster_than_the_text(pastes: list[str]) -> None:
    faster = [(ratio, text) for ratio, text in ratios(pairs(1, 40, pastes, 1_000)) if ratio > GROWTH]
    assert not faster


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_the_steps_of_ten_thousand_texts_grow_no_faster_than_the_text(pastes: list[str]) -> None:
    faster = [(ratio, text[:200]) for ratio, text in ratios(pairs(2, 10_000, pastes, 2_000)) if ratio > GROWTH]
    assert not faster


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_the_steps_of_very_long_texts_grow_no_faster_than_the_text(pastes: list[str]) -> None:
    faster = [(ratio, text[:200]) for ratio, text in ratios(pairs(3, 50, pastes, 1_000_000)) if ratio > GROWTH]
    assert not faster


def ratios(texts: Any) -> Any:
    """The ratio of the steps for each pair. A high one is measured again, because a module may have been imported meanwhile."""
    for text, twice in texts:
        ratio = _ratio(text, twice)
        yield (ratio if ratio <= GROWTH else _ratio(text, twice)), text


def _ratio(text: str, twice: str) -> float:
    return steps(twice) / max(steps(text), LEAST_STEPS)


COUNTED = """
import sys
from sickbay.web.portal.diagnosis_views import examine

for text in ("curl https://a.example/b", 'fetch("https://a.example/token")\\n', "a", *sys.argv[1:]):
    examine(text, "")
"""


@pytest.mark.prove
@pytest.mark.timeout(3600)
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind counts the instructions")
def test_the_instructions_grow_no_faster_than_the_text() -> None:
    """Counts what happens inside built-in functions too."""
    fixed = instructions()
    faster = {}
    for beginning, unit in INSTANCES:
        once, twice = (instructions(beginning + unit * (size // len(unit))) - fixed for size in (10_000, 20_000))
        if twice > GROWTH * once:
            faster[beginning, unit] = twice / once
    assert not faster


def instructions(*texts: str) -> int:
    """The instructions of a process that examines these texts."""
    callgrind = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null")
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [*callgrind, sys.executable, "-c", COUNTED, *texts]
    output = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stderr
    return int(output.rpartition("Collected : ")[2].split()[0])
