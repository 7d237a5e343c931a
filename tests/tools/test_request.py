"""tools/request.py shows the SQL of a request with its plan, and where the time of a request goes."""

from __future__ import annotations

import pytest

from tools import request


def test_each_statement_is_shown_with_its_values_and_its_plan(capsys: pytest.CaptureFixture[str]) -> None:
    assert request.main(["sql", "/general/r4/Patient?name=peters", "--patients", "3"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("GET /general/r4/Patient?name=peters: 200\n")
    search = next(block for block in shown.split("\n\n") if "FROM shown_string" in block)
    assert "\nvalues: (" in search
    assert "SEARCH string_index USING PRIMARY KEY (space=? AND parameter=? AND value>? AND value<?)" in search


def test_a_write_shows_its_insert_and_its_commit(capsys: pytest.CaptureFixture[str]) -> None:
    body = '{"resourceType": "Basic", "code": {"text": "x"}}'
    request.main(["sql", "/general/r4/Basic", "--method", "POST", "--body", body, "--patients", "1"])
    blocks = capsys.readouterr().out.split("\n\n")
    assert any(block.startswith("INSERT INTO resource_history") for block in blocks)
    assert blocks[-1].strip() == "COMMIT"


def test_a_profile_lists_functions_of_sickbay_by_their_time(capsys: pytest.CaptureFixture[str]) -> None:
    request.main(["profile", "/general/r4/Patient/p-0001", "--patients", "1"])
    shown = capsys.readouterr().out
    assert "sickbay/web/fhir/endpoint.py:" in shown
    assert "sickbay/web/fhir/interactions/read.py:" in shown


def test_what_can_be_shown_is_named_if_something_else_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        request.main(["plan", "/general/r4/Patient"])
    assert "choose from sql, profile" in capsys.readouterr().err.replace("'", "")
