"""Writes the exchanges of a running Sickbay to a folder, and a summary of its refusals, for a CI job.

Run it as `python -m sickbay.testing.ci_report FOLDER [--base URL] [--summary FILE]`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import httpx2

from sickbay.kernel import english
from sickbay.testing.failure_report import har
from sickbay.testing.sandbox_client import SandboxClient, SickbayError

PAGES = 50
"""How many refusals get a page of their own, and a row in the summary."""


def report(client: SandboxClient, folder: Path) -> str:
    """Writes exchanges.har and a page for each refusal. Returns the summary in Markdown."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = [exchange["id"] for exchange in client.exchanges()]
    exchanges = [client.admin.get(f"/exchanges/{id}") for id in ids]
    refused = [exchange for exchange in exchanges if _error(exchange) and not exchange.get("injected")]
    (folder / "exchanges.har").write_text(json.dumps(har(exchanges[::-1]), indent=1), encoding="utf-8")
    for exchange in refused[:PAGES]:
        (folder / f"{exchange['id']}.html").write_text(client.page(exchange["id"]), encoding="utf-8")
    return summary(refused, len(exchanges))


def summary(refused: list[dict[str, Any]], total: int) -> str:
    """A heading, a count, and a table with one row for each refusal, the oldest first."""
    lines = ["### Sickbay", "", f"{english.count(total, 'exchange')}, {len(refused)} of them refused."]
    if refused:
        lines += ["", "| request | refused because | fix |", "|---|---|---|"]
        lines += [_row(exchange) for exchange in refused[:PAGES][::-1]]
    if len(refused) > PAGES:
        lines += ["", f"The {len(refused) - PAGES} oldest refusals are only in exchanges.har."]
    return "\n".join(lines) + "\n"


def _error(exchange: dict[str, Any]) -> dict[str, Any] | None:
    """The first finding that is an error."""
    return next((finding for finding in exchange["findings"] if finding["severity"] == "error"), None)


def _row(exchange: dict[str, Any]) -> str:
    request, finding = exchange.get("request") or {}, _error(exchange) or {}
    sent = f"`{request.get('method') or 'GET'} {str(request.get('url') or '').partition('?')[0]}`"
    reason = f"{finding.get('title')} (`{finding.get('id')}`)"
    return "| " + " | ".join(_cell(text) for text in (sent, reason, str(finding.get("fix")))) + " |"


def _cell(text: str) -> str:
    """Text of a request can't break out of its cell, or add HTML."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def main(arguments: list[str] | None = None) -> int:
    """Returns 0 even if requests were refused: whether the job fails is for its tests to decide."""
    parser = argparse.ArgumentParser(prog="sickbay.testing.ci_report", description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write exchanges.har and the pages of the refusals")
    parser.add_argument("--base", default=os.environ.get("SICKBAY_BASE"), help="the address of Sickbay (default: SICKBAY_BASE)")
    parser.add_argument("--summary", type=Path, help="append the summary to this file, such as $GITHUB_STEP_SUMMARY")
    given = parser.parse_args(arguments)
    if not given.base:
        parser.error("set SICKBAY_BASE, or use --base")
    try:
        with SandboxClient({"base": given.base}) as client:
            text = report(client, given.folder)
    except (httpx2.HTTPError, SickbayError) as error:
        print(f"No report, because Sickbay at {given.base} doesn't answer: {error}", file=sys.stderr)
        return 1
    print(text)
    if given.summary:
        with given.summary.open("a", encoding="utf-8") as file:
            file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
