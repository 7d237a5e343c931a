"""Saves the page of an exchange as a file that can be opened after Sickbay has stopped, with the pages of its rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

from .http_client import HttpClient

PAGES_KEPT = 200
"""Above this number, the oldest pages of exchanges in a folder are deleted."""
RULES = "rules"
"""The folder of the rules' pages, below the folder of the exchanges' pages."""
_SHEET = re.compile(r'<link rel="stylesheet" href="(/[^"]+)">')
_LEFT_OUT = re.compile(
    r'<script\b.*?</script>|<link rel="icon"[^>]*>|<header class="bar">.*?</header>|<footer\b.*?</footer>|<form\b.*?</form>',
    re.S,
)
"""Elements that work only while Sickbay runs. Forms also contain a secret of the session."""
_STYLES = (
    "<style>a:not([href]) { color: inherit; text-decoration: none }",
    "a.button:not([href]), nav.crumb { display: none }</style>",
)
"""Links that became plain text look like text, and those that look like buttons disappear."""
_LINK = re.compile(r' href="(/[^"]*)"')
_RULE = re.compile(r"/rules/([\w-]+)")


class SavedPages:
    """Saves pages to a folder, which is created when the first one is saved."""

    def __init__(self, http: HttpClient, folder: Path) -> None:
        self._http, self._folder = http, folder

    def save_exchange(self, id: str) -> Path:
        """Writes ID.html and the pages of the rules that it refers to. Deletes the oldest pages."""
        file = self._folder / f"{id}.html"
        html = self._read_page(f"/exchanges/{id}")
        self._write_page(file, embed_styles(html, self._http, _rule_file))
        for rule in {match[1] for match in map(_RULE.fullmatch, _LINK.findall(html)) if match}:
            self._save_rule(rule)
        _delete_oldest(self._folder)
        return file

    def _save_rule(self, rule: str) -> None:
        file = self._folder / RULES / f"{rule}.html"
        if not file.exists():
            self._write_page(file, embed_styles(self._read_page(f"/rules/{rule}"), self._http, lambda path: None))

    def _read_page(self, path: str) -> str:
        return self._http.get(path, Accept="text/html").text

    def _write_page(self, file: Path, html: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(html, encoding="utf-8")


def embed_styles(html: str, http: HttpClient, place: Callable[[str], str | None]) -> str:
    """The page with its style sheets inside, and without what needs the server.

    place: the saved file for a path of the server; None if there is none, and then the link becomes plain text.
    """
    html = _SHEET.sub(lambda match: f"<style>{http.get(match[1]).text}</style>", html).replace(
        "</head>", " ".join(_STYLES) + "</head>", 1
    )
    return _LINK.sub(lambda match: _link_attribute(place(unescape(match[1]))), _LEFT_OUT.sub("", html))


def _link_attribute(target: str | None) -> str:
    return f' href="{target}"' if target else ""


def _rule_file(path: str) -> str | None:
    rule = _RULE.fullmatch(path)
    return f"{RULES}/{rule[1]}.html" if rule else None


def _delete_oldest(folder: Path) -> None:
    """Other processes, such as workers of pytest-xdist, may delete the same files."""
    files = [(path.stat().st_mtime, path) for path in folder.glob("*.html") if path.exists()]
    for _, path in sorted(files)[:-PAGES_KEPT]:
        path.unlink(missing_ok=True)
