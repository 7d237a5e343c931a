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

Finding = dict[str, Any]


def finding(id: str = "aud-missing", severity: str = "error", title: str = "`aud` is missing") -> Finding:
    return {"severity": severity, "id": id, "title": title, "fix": "Send `aud`."}


def exchange(*findings: Finding, id: str = "x", url: str = "http://localhost/authorize?a=b", **more: Any) -> dict[str, Any]:
    return {"id": id, "request": {"method": "GET", "url": url}, "response": {"status": 400}, "findings": [*findings]} | more


def rows(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("| ") and line not in ci_report.HEAD]


def test_the_summary_has_a_row_for_each_finding_of_a_refusal_without_the_query() -> None:
    refused = exchange(finding(), finding("pkce-missing", "warning", "No PKCE"), finding("note", "info", "Note"))
    text = ci_report.format_summary([refused, exchange(), exchange()])
    assert "3 exchanges, 1 of them refused." in text
    assert rows(text) == [
        "| `GET http://localhost/authorize` 400 | ✗ `aud` is missing (`aud-missing`) | Send `aud`. | x.html |",
        "|  | ⚠ No PKCE (`pkce-missing`) | Send `aud`. |  |",
        "|  | · Note (`note`) | Send `aud`. |  |",
    ]


def test_the_page_of_each_exchange_and_of_each_rule_is_linked_if_the_folder_has_an_address() -> None:
    (row,) = rows(ci_report.format_summary([exchange(finding())], "https://ci.example/files/"))
    assert "[`aud-missing`](https://ci.example/files/rules/aud-missing.html)" in row
    assert "[x.html](https://ci.example/files/x.html)" in row


def test_granted_exchanges_with_a_warning_follow_the_refused_ones_and_mere_notes_and_injected_faults_are_left_out() -> None:
    exchanges = [
        exchange(finding("newest", "warning"), id="d"),
        exchange(finding("noted", "info"), id="c"),
        exchange(finding("injected"), id="i", injected={"fault": "f", "kind": "status"}),
        exchange(finding("later"), id="b"),
        exchange(finding("older", "warning"), id="a2"),
        exchange(finding("earlier"), id="a"),
    ]
    text = ci_report.format_summary(exchanges)
    assert [row.rpartition("| ")[2][:-2] for row in rows(text)] == ["a.html", "b.html", "a2.html", "d.html"]
    assert "6 exchanges, 2 of them refused." in text


def test_a_job_without_findings_has_no_table() -> None:
    assert ci_report.format_summary([exchange()]) == "### Sickbay\n\n1 exchange, 0 of them refused.\n"


def test_only_the_newest_exchanges_have_rows_the_oldest_of_them_first() -> None:
    refused = [exchange(finding(title=f"number {number}")) for number in range(ci_report.PAGES_WRITTEN + 2)]  # the newest first
    text = ci_report.format_summary(refused)
    assert len(rows(text)) == ci_report.PAGES_WRITTEN
    assert "number 0 " in rows(text)[-1]
    assert text.splitlines()[-1] == "2 more exchanges with findings are only in exchanges.har."


@given(st.text(), st.text(), st.text())
def test_a_request_cannot_add_a_row_a_cell_or_html(title: str, url: str, id: str) -> None:
    text = ci_report.format_summary([exchange(finding(title=title), url=url)], "https://ci.example")
    *_, row = text.splitlines()
    assert len(text.splitlines()) == 7
    assert row.replace("\\|", "").count("|") == 5
    assert "<" not in row


def test_the_report_of_a_running_sickbay_has_a_har_file_and_a_page_for_each_refusal(
    live: dict[str, Any], tmp_path: Path
) -> None:
    with SandboxClient(live) as client:
        client.reset()
        httpx2.get(f"{client.base}/general/oauth/authorize?client_id=a", trust_env=False)
        (refused,) = client.exchanges()
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    command = [sys.executable, "-m", "sickbay.testing.ci_report", str(tmp_path / "out"), "--summary", str(summary)]
    done = subprocess.run([*command, "--base", live["base"]], capture_output=True, text=True, check=True)
    assert summary.read_text() == f"before\n{done.stdout[:-1]}"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"exchanges.har", "rules", f"{refused['id']}.html"}
    assert (tmp_path / "out" / "rules" / "client-id-unknown.html").is_file()
    assert len(json.loads((tmp_path / "out" / "exchanges.har").read_text())["log"]["entries"]) == 1


def test_a_sickbay_that_is_gone_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ci_report.main([str(tmp_path), "--base", "http://127.0.0.1:1"]) == 1
    assert "doesn't answer" in capsys.readouterr().err


def test_the_address_is_required(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("SICKBAY_BASE", raising=False)
    with pytest.raises(SystemExit):
        ci_report.main([str(tmp_path)])
    assert "set SICKBAY_BASE, or use --base" in capsys.readouterr().err
