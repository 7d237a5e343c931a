"""The pages of docs/, their addresses, and the links between them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sickbay.diagnosis.catalogue import RULES
from sickbay.doctor.pages import PAGES
from sickbay.web.docs import contents, library


def test_every_listed_page_and_section_exists() -> None:
    entries = [entry for section in contents.SECTIONS for entry in section.entries]
    assert {entry.page for entry in entries} <= library.list_names()
    assert [entry for entry in entries if entry.anchor and entry.anchor not in library.render_page(entry.page).anchors] == []


def test_every_page_is_in_the_contents_or_belongs_to_the_rules() -> None:
    linked = {entry.page for section in library.list_sections() for entry in section.entries}
    assert {name for name in library.list_names() - linked if not name.startswith("rules/")} == set()


def test_the_title_of_a_page_is_its_first_line() -> None:
    files = [name for name in library.list_names() if not name.startswith(library.RULES)]
    assert {name: library._title_of_file(name) for name in files} == {name: library.render_page(name).title for name in files}


def test_no_page_shows_a_picture_because_the_site_has_none() -> None:
    assert [name for name in library.list_names() if "<img" in library.render_page(name).html] == []


@pytest.mark.parametrize(
    ("page", "link", "address"),
    [
        ("README", "tutorial.md", "tutorial.html"),
        ("running", "security.md#limits", "security.html#limits"),
        ("reference/settings", "../security.md", "../security.html"),
        ("doctor", "rules", "rules/index.html"),
        ("rules/README", "../../src/sickbay/diagnosis/cases/token/code-expired.md", "token.html#code-expired"),
        ("rules/README", "../../src/sickbay/diagnosis/cases/token/no-such-rule.md", None),
        ("security", "../SECURITY.md", None),
        ("running", "#limits", "#limits"),
        ("README", "https://example.org/", "https://example.org/"),
        ("reference/settings", "sickbay-toml.schema.json", "sickbay-toml.schema.json"),
    ],
)
def test_links_between_pages_lead_to_their_addresses(page: str, link: str, address: str | None) -> None:
    assert library.resolve_link(page, link) == address


def test_every_page_is_found_by_its_address_and_nothing_else_is() -> None:
    assert {library.find_by_address(library.make_address(name)) for name in library.list_names()} == library.list_names()
    assert library.find_by_address("") == contents.HOME
    assert [library.find_by_address(path) for path in ("../pyproject.toml", "running.md", "rules/", "no.html")] == [None] * 4


def test_every_rule_is_on_the_page_of_its_stage() -> None:
    assert [rule.id for rule in RULES if rule.id not in library.render_page(f"rules/{rule.stage}").anchors] == []


def test_the_page_of_the_licence_has_every_paragraph_of_the_notice() -> None:
    notice = (Path(__file__).parents[3] / "NOTICE").read_text(encoding="utf-8").split("\n\n")
    shown = PAGES.read_text("licence.md")
    assert [paragraph for paragraph in notice if paragraph.strip().removeprefix("Sickbay\n") not in shown] == []
