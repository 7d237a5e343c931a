"""Release notes are the entries of the changelog."""

from __future__ import annotations

import pytest

from tools.release import notes

CHANGELOG = """# Changelog

Text.

## 0.3.0 - 2027-01-15

### Added

- A feature that takes
  two lines.
- Another one.

## 0.2.0 (not released yet)

- The first.
"""


def test_the_notes_are_the_entries_of_that_version_only() -> None:
    assert notes.extract_notes(CHANGELOG, "0.2.0") == "# Sickbay 0.2.0\n\n- The first.\n"


def test_the_lines_of_an_entry_are_joined() -> None:
    text = notes.extract_notes(CHANGELOG, "0.3.0")
    assert "### Added\n\n- A feature that takes two lines.\n- Another one.\n" in text


@pytest.mark.parametrize("version", ["0.2", "0.4.0", "0"])
def test_a_version_without_entries_is_an_error(version: str) -> None:
    with pytest.raises(ValueError, match=f"no entries for {version}"):
        notes.extract_notes(CHANGELOG, version)


def test_a_heading_without_text_is_an_error() -> None:
    with pytest.raises(ValueError, match="no entries"):
        notes.extract_notes("# Changelog\n\n## 1.0.0\n\n## 0.9.0\n\n- Old.\n", "1.0.0")


def test_only_a_heading_with_a_date_is_released() -> None:
    assert notes.is_dated(CHANGELOG, "0.3.0")
    assert not notes.is_dated(CHANGELOG, "0.2.0")
