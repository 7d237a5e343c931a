"""The lines that say how far the creation of sample patients is."""

from __future__ import annotations

import json

import pytest

from sickbay.cli import population_report
from sickbay.cli.population_report import EVERY_SECONDS, FIRST_SECONDS, PopulationReport, describe_population
from sickbay.sandbox.population_progress import PopulationProgress
from sickbay.settings import Settings
from sickbay.storage.interface import ResourceSpace

SPACE, OTHER = ResourceSpace("general", "r4"), ResourceSpace("epic", "dstu2")


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (PopulationProgress(320, 5000, 221), "320 of 5,000 sample patients created (R4), about 4 minutes left"),
        (PopulationProgress(0, 50), "0 of 50 sample patients created (R4)"),
        (PopulationProgress(5000, 5000, 0), "5,000 sample patients created (R4)"),
    ],
)
def test_a_line_says_how_many_exist_and_how_long_the_rest_takes(progress: PopulationProgress, line: str) -> None:
    assert describe_population(SPACE, progress) == line


def lines(*moments: tuple[float, ResourceSpace, int]) -> list[str]:
    """What is printed for the progress at these seconds, of 100 patients."""
    printed, now = list[str](), [0.0]
    report = PopulationReport(lambda space, line: printed.append(f"{space.tenant}: {line.split(' sample')[0]}"), lambda: now[0])
    for now[0], space, done in moments:
        report(space, PopulationProgress(done, 100, 1))
    return printed


def test_a_short_creation_is_not_mentioned() -> None:
    assert lines((0, SPACE, 50), (FIRST_SECONDS - 0.1, SPACE, 100)) == []


def test_a_long_creation_is_mentioned_now_and_then_and_at_its_end() -> None:
    seconds = [step / 2 for step in range(100)]
    printed = lines(*((second, SPACE, int(second)) for second in seconds), (51, SPACE, 100), (52, SPACE, 100))
    assert printed[0] == f"general: {FIRST_SECONDS:.0f} of 100"
    assert printed[-1] == "general: 100"
    assert len(printed) == 2 + int((50 - FIRST_SECONDS) / EVERY_SECONDS)


def test_two_hospitals_have_lines_of_their_own() -> None:
    assert lines((0, SPACE, 1), (0, OTHER, 1), (3, SPACE, 2), (3, OTHER, 4)) == ["general: 2 of 100", "epic: 4 of 100"]


@pytest.mark.parametrize(
    "settings", [Settings(), Settings(log_format="json"), Settings(json=True)], ids=["text", "log as JSON", "--json"]
)
def test_each_kind_of_log_gets_the_line(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(population_report, "FIRST_SECONDS", 0)
    report = population_report.report_of_server(settings)
    report(SPACE, PopulationProgress(1, 100, 60))
    output, errors = capsys.readouterr()
    wanted = "1 of 100 sample patients created (R4), about 1 minute left"
    if settings.json:
        assert (output, errors) == ("", f"general: {wanted}\n")
    elif settings.log_format == "json":
        line = json.loads(output)
        assert (line["message"], line["tenant"], line["stage"], line["level"]) == (wanted, "general", "population", "info")
    else:
        assert output[8:] == f"  general  population     {wanted}\n"
