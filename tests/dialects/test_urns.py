"""Every error name that a vendor published, or that was seen live, is either used or listed with a reason why not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sickbay.diagnosis.catalogue import BY_ID, RULES
from sickbay.dialects import load

ROOT = Path(__file__).parents[2]
OTHER_SPELLINGS = {
    "oauth2:token:code:invalid": "oauth2:token:code-invalid-or-expired",
    "oauth2:token:code:tenant-invalid": "oauth2:token:invalid-tenant",
    "smart-v1:grant:launch:launch-code-required": "smart-v1:grant:launch:code-required",
    "smart-v1:grant:launch:invalid-code": "smart-v1:grant:launch:invalid-launch-code",
    "smart-v1:grant:launch:mismatchted-identity": "smart-v1:grant:launch:mismatched-identity",
}
"""Maps names as published in 2016 to the spelling seen live since then."""
SEEN_LIVE = (
    "oauth2:grant:missing-patient",
    "oauth2:grant:client-persona-mismatch",
    "oauth2:token:code-invalid-or-expired",
    "oauth2:token:invalid-authorization-header",
    "oauth2:token:invalid-client-credentials",
    "oauth2:token:invalid-tenant",
    "smart-v1:grant:launch:invalid-launch-code",
    "smart-v1:grant:launch:code-required",
    "smart-v1:grant:launch:mismatched-identity",
    "client-assertion:jwt-bearer:invalid-signature",
)


def used_names() -> set[str]:
    dialect = load("cerner")
    tables = (dialect.words, dialect.at_token, dialect.defaults)
    return {words.urn for table in tables for words in table.values() if words.urn}


def unused_names() -> dict[str, str]:
    """Maps names to the reasons why they are never sent, from the table in docs/dialects.md."""
    rows = re.findall(r"^\| ([\w:-]+) \| (.+) \|$", (ROOT / "docs" / "dialects.md").read_text(encoding="utf-8"), re.M)
    return dict(rows)


def test_every_published_name_is_used_or_listed_as_unused(shared: Path) -> None:
    text = (shared / "facts" / "cerner-error-urns.md").read_text(encoding="utf-8")
    published = re.findall(r"^\| ([\w:-]+) \|[^|]+\|[^|]+\|[^|]+\|$", text, re.M)
    published = [name for name in published if name not in ("name", "---")]
    assert len(published) == 48
    names = {OTHER_SPELLINGS.get(name, name.replace("_", "-")) for name in (*published, *SEEN_LIVE)}
    assert names - used_names() - set(unused_names()) == set()


def test_no_name_is_both_used_and_listed_as_unused() -> None:
    assert not used_names() & set(unused_names())


@pytest.mark.parametrize("table", ["words", "at_token"])
def test_every_wording_is_for_an_existing_finding_or_refusal(table: str) -> None:
    known = {*BY_ID, *(rule.explains for rule in RULES), "server-error"}
    for name in ("cerner", "epic"):
        assert set(getattr(load(name), table)) <= known
