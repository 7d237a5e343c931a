"""`serve --log-format json`: every line is a JSON object, whatever a request contains."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.test_terminal import obey, texts

from sickbay.cli import json_log, output, terminal
from sickbay.services.context import LogLine
from sickbay.web.middleware.observation import FinishedRequest


def finish(line: LogLine | None, status: int = 200) -> FinishedRequest:
    return FinishedRequest("id-1", "GET", "fhir_read", status, 0.00352, {"authorization": "Bearer secret"}, line)


@given(texts, texts, st.one_of(st.none(), texts))
def test_a_line_is_one_json_object_without_characters_that_a_terminal_obeys(level: str, message: str, id: str | None) -> None:
    text = json_log.format_line(0, level, message, correlation_id=id)
    assert not obey(text, "")
    members = json.loads(text)
    assert members["message"] == message
    assert members["time"] == "1970-01-01T00:00:00.000Z"
    assert members.get("correlation_id") == id


def test_an_exchange_has_its_stage_status_duration_and_rule(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.log_exchange(finish(LogLine(0, "general", "access", "app-1", 403, "fhir-wrong-patient", "id-1"), 403))
    terminal.log_exchange(finish(None))
    members = json.loads(capsys.readouterr().out)
    assert datetime.fromisoformat(members.pop("time"))
    assert members == {
        "level": "info",
        "message": "access 403 fhir-wrong-patient",
        "correlation_id": "id-1",
        "stage": "access",
        "status": 403,
        "ms": 3.5,
        "tenant": "general",
        "app": "app-1",
        "rule": "fhir-wrong-patient",
    }


def test_an_error_has_its_correlation_id_and_its_traceback() -> None:
    try:
        raise RuntimeError("broken\nin two lines")
    except RuntimeError:
        record = logging.LogRecord("sickbay", logging.ERROR, "x", 1, "%s failed", ("id-1",), sys.exc_info())
    record.correlation_id = "id-1"
    text = json_log.JsonFormatter().format(record)
    members = json.loads(text)
    assert (members["level"], members["message"], members["correlation_id"]) == ("error", "id-1 failed", "id-1")
    assert "RuntimeError: broken" in members["exception"]
    assert "\n" not in text


def test_notes_and_errors_are_json_too(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "_note_formats", [])
    monkeypatch.setattr(logging, "lastResort", logging.StreamHandler())
    json_log.choose_format("text")
    output.print_note("text")
    json_log.choose_format("json")
    logging.captureWarnings(False)
    output.print_note("a\nnote")
    output.print_note("an error", "error")
    text, *rest = capsys.readouterr().err.splitlines()
    assert text == "text"
    lines = [json.loads(line) for line in rest]
    assert [(line["level"], line["message"]) for line in lines] == [("info", "a\nnote"), ("error", "an error")]


def serve(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sickbay", "serve", "--port", "0", "--patients", "1", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )


@pytest.mark.parametrize("workers", ["1", "2"])
def test_every_line_of_a_running_server_is_json(tmp_path: Path, workers: str) -> None:
    process = serve("--data", str(tmp_path), "--workers", workers, SICKBAY_LOG_FORMAT="json")
    assert process.stdout
    ready = json.loads(process.stdout.readline())
    assert ready["message"].startswith("Sickbay is ready: http://")
    base = ready["message"].partition(": ")[2]
    answer = httpx2.get(f"{base}/general/r4/Patient/p-0001", trust_env=False)
    exchange = json.loads(process.stdout.readline())
    assert exchange["correlation_id"] == answer.headers["x-correlation-id"]
    assert (exchange["stage"], exchange["status"], exchange["rule"]) == ("access", 401, "fhir-token-missing")
    assert exchange["ms"] > 0
    process.send_signal(signal.SIGTERM)
    out, errors = process.communicate(timeout=60)
    assert [json.loads(line) for line in out.splitlines()] == []
    assert all(set(json.loads(line)) >= {"time", "level", "message"} for line in errors.splitlines())
    assert process.returncode == 0


def test_the_format_can_be_set_in_sickbay_toml_and_a_failed_start_is_json_too(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text('log_format = "json"\npatients = 1\n')
    (tmp_path / "a-file").write_text("")
    process = serve("--data", str(tmp_path / "a-file"), SICKBAY_CONFIG=str(tmp_path / "other.toml"))
    errors = process.communicate(timeout=60)[1]
    lines: list[dict[str, Any]] = [json.loads(line) for line in errors.splitlines()]
    assert process.returncode != 0
    assert lines[0]["message"].startswith("Settings from ")
    assert lines[-1]["level"] == "error"
