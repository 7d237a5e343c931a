"""Writes the exchanges of a running Sickbay to a folder, and a summary of its findings, for a CI job.

Run it as `python -m sickbay.testing.ci_report FOLDER [--base URL] [--summary FILE] [--pages URL]`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .har import make_har
from .http_client import SickbayError
from .sandbox_client import SandboxClient
from .saved_page import RULES
from .sent_requests import count

PAGES_WRITTEN = 50
"""Maximum number of exchanges with their own page, and of rows in the summary."""
MARKS = {"error": "✗", "warning": "⚠"}
HEAD = ("| request | finding | fix | page |", "|---|---|---|---|")


def report(client: SandboxClient, folder: Path, pages: str = "") -> str:
    """Writes exchanges.har and a page for each exchange with a finding. Returns the summary in Markdown.

    pages: the address at which the folder can be opened; "" if it has none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ids = [exchange["id"] for exchange in client.exchanges()]
    exchanges = [client.admin.get(f"/exchanges/{id}") for id in ids]
    (folder / "exchanges.har").write_text(json.dumps(make_har(exchanges[::-1]), indent=1), encoding="utf-8")
    for exchange in select_explained_exchanges(exchanges)[:PAGES_WRITTEN]:
        client.save_page(exchange["id"], folder)
    return format_summary(exchanges, pages)


def select_explained_exchanges(exchanges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Exchanges with an error or a warning: refused ones first, each group from new to old. Injected faults don't count."""
    having = [exchange for exchange in exchanges if _severities_of(exchange) & MARKS.keys() and not exchange.get("injected")]
    return sorted(having, key=lambda exchange: not is_refused(exchange))


def is_refused(exchange: dict[str, Any]) -> bool:
    return "error" in _severities_of(exchange)


def _severities_of(exchange: dict[str, Any]) -> set[str]:
    return {finding["severity"] for finding in exchange["findings"]}


def format_summary(exchanges: list[dict[str, Any]], pages: str = "") -> str:
    """A heading, a count, and a table with one row for each finding of the refused exchanges and of those with a warning.

    Refused exchanges come first, and among them the oldest.
    """
    having = select_explained_exchanges(exchanges)
    refused = sum(map(is_refused, having))
    lines = ["### Sickbay", "", f"{count(len(exchanges), 'exchange')}, {refused} of them refused."]
    shown = having[:PAGES_WRITTEN]
    if shown:
        lines += ["", *HEAD, *(row for exchange in _sort_oldest_first(shown) for row in _rows_of_exchange(exchange, pages))]
    if left_out := len(having) - len(shown):
        lines += [
            "",
            f"{count(left_out, 'more exchange')} with findings {'is' if left_out == 1 else 'are'} only in exchanges.har.",
        ]
    return "\n".join(lines) + "\n"


def _sort_oldest_first(exchanges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Reverses the order to oldest first, with refused exchanges still first."""
    groups = ([exchange for exchange in exchanges if is_refused(exchange) is refused] for refused in (True, False))
    return [exchange for group in groups for exchange in reversed(group)]


def _rows_of_exchange(exchange: dict[str, Any], pages: str) -> Iterator[str]:
    """A row for each finding. Only the first one names the request and its page."""
    request, response = exchange.get("request") or {}, exchange.get("response") or {}
    sent = (
        f"`{request.get('method') or 'GET'} {str(request.get('url') or '').partition('?')[0]}` {response.get('status') or ''}"
    )
    page = _link_to_file(f"{exchange['id']}.html", f"{exchange['id']}.html", pages)
    for finding in exchange["findings"]:
        mark, id = MARKS.get(finding["severity"], "·"), str(finding.get("id"))
        rule = _link_to_file(f"`{id}`", f"{RULES}/{id}.html", pages)
        cells = (
            _escape_cell(sent),
            f"{mark} {_escape_cell(str(finding.get('title')))} ({rule})",
            _escape_cell(str(finding.get("fix"))),
            page,
        )
        yield f"| {' | '.join(cells)} |"
        sent = page = ""


def _link_to_file(text: str, file: str, pages: str) -> str:
    return f"[{text}]({pages.rstrip('/')}/{file})" if pages else text


def _escape_cell(text: str) -> str:
    """Text of a request can't break out of its cell, or add HTML."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def main(arguments: list[str] | None = None) -> int:
    """Returns 0 even if requests were refused: whether the job fails is for its tests to decide."""
    given = _parse_arguments(arguments)
    try:
        with SandboxClient({"base": given.base}) as client:
            text = report(client, given.folder, given.pages)
    except SickbayError as error:
        print(f"No report: {error}", file=sys.stderr)
        return 1
    print(text)
    if given.summary:
        with given.summary.open("a", encoding="utf-8") as file:
            file.write(text)
    return 0


def _parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m {__package__}.ci_report", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where to write exchanges.har and the pages of the findings")
    parser.add_argument("--base", default=os.environ.get("SICKBAY_BASE"), help="the address of Sickbay (default: SICKBAY_BASE)")
    parser.add_argument("--summary", type=Path, help="append the summary to this file, such as $GITHUB_STEP_SUMMARY")
    parser.add_argument(
        "--pages", default="", metavar="URL", help="the address at which the folder will be, for links in the summary"
    )
    given = parser.parse_args(arguments)
    if not given.base:
        parser.error("set SICKBAY_BASE, or use --base")
    return given


if __name__ == "__main__":
    sys.exit(main())
