"""The report of a CI job: exchanges as files, refusals as a table in which a request can't add markup."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.testing import ci_report
from sickbay.testing.sandbox_client import SandboxClient


def refusal(title: str = "`aud` is missing", url: str = "http://localhost/authorize?a=b") -> dict[str, Any]:
    finding = {"severity": "error", "id": "aud-missing", "title": title, "fix": "Send `aud`."}
    return {"id": "x", "request": {"method": "GET", "url": url}, "findings": [{"severity": "advice"}, finding]}


def test_the_summary_has_a_row_for_each_refusal_without_the_query() -> None:
    text = ci_report.summary([refusal()], 3)
    assert "3 exchanges, 1 of them refused." in text
    assert "| `GET http://localhost/authorize` | `aud` is missing (`aud-missing`) | Send `aud`. |" in text


def test_a_job_without_refusals_has_no_table() -> None:
    assert ci_report.summary([], 1) == "### Sickbay\n\n1 exchange, 0 of them refused.\n"


def test_only_the_newest_refusals_have_a_row_the_oldest_of_them_first() -> None:
    refused = [refusal(title=f"number {number}") for number in range(ci_report.PAGES + 2)]  # the newest first
    lines = ci_report.summary(refused, 100).splitlines()
    rows = [line for line in lines if line.startswith("| `GET")]
    assert len(rows) == ci_report.PAGES
    assert "number 0 " in rows[-1]
    assert lines[-1] == "The 2 oldest refusals are only in exchanges.har."


@given(st.text(), st.text())
def test_a_request_cannot_add_a_row_a_cell_or_html(title: str, url: str) -> None:
    text = ci_report.summary([refusal(title=title, url=url)], 1)
    *_, row = text.splitlines()
    assert len(text.splitlines()) == 7
    assert row.replace("\\|", "").count("|") == 4
    assert "<" not in row


def test_the_report_of_a_running_sickbay_has_a_har_file_and_a_page_for_each_refusal(
    live: dict[str, Any], tmp_path: Path
) -> None:
    with SandboxClient(live) as client:
        client.reset()
        httpx2.get(f"{client.base}/general/oauth/authorize?client_id=a", trust_env=False)
        (exchange,) = client.exchanges()
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    command = [sys.executable, "-m", "sickbay.testing.ci_report", tmp_path / "out", "--summary", summary]
    done = subprocess.run([*command, "--base", live["base"]], capture_output=True, text=True, check=True)
    assert summary.read_text() == f"before\n{done.stdout[:-1]}"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"exchanges.har", f"{exchange['id']}.html"}
    assert len(json.loads((tmp_path / "out" / "exchanges.har").read_text())["log"]["entries"]) == 1


def test_a_sickbay_that_is_gone_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ci_report.main([str(tmp_path), "--base", "http://127.0.0.1:1"]) == 1
    assert "doesn't answer" in capsys.readouterr().err


def test_the_address_is_required(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("SICKBAY_BASE", raising=False)
    with pytest.raises(SystemExit):
        ci_report.main([str(tmp_path)])
    assert "set SICKBAY_BASE, or use --base" in capsys.readouterr().err
