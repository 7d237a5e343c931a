"""Takes the release notes of a version from CHANGELOG.md."""

from __future__ import annotations

import re


def extract_notes(changelog: str, version: str) -> str:
    """The entries below the heading of this version. Raises ValueError if there is no such heading, or nothing below it."""
    for section in changelog.split("\n## ")[1:]:
        heading, _, text = section.partition("\n")
        if heading.split()[0].strip("[]") == version and text.strip():
            return f"# Sickbay {version}\n\n{_unwrap_entries(text.strip())}\n"
    raise ValueError(f"CHANGELOG.md has no entries for {version}.")


def is_dated(changelog: str, version: str) -> bool:
    """Whether the heading of this version has a date, which it gets on the day of the release."""
    return re.search(rf"^## \[?{re.escape(version)}\]?.*\d{{4}}-\d\d-\d\d", changelog, re.M) is not None


def _unwrap_entries(text: str) -> str:
    """Joins the lines of each entry: pages with release notes often show every line break."""
    return re.sub(r"\n +(?=\S)", " ", text)
