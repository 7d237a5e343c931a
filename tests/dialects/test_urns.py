"""Every name of an error that a vendor published, or that was seen live, is said where it can arise, or it is said why not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sickbay.diagnosis.catalogue import BY_ID, RULES
from sickbay.dialects import load

ROOT = Path(__file__).parents[2]
SPELT_OTHERWISE = {
    "oauth2:token:code:invalid": "oauth2:token:code-invalid-or-expired",
    "oauth2:token:code:tenant-invalid": "oauth2:token:invalid-tenant",
    "smart-v1:grant:launch:launch-code-required": "smart-v1:grant:launch:code-required",
    "smart-v1:grant:launch:invalid-code": "smart-v1:grant:launch:invalid-launch-code",
    "smart-v1:grant:launch:mismatchted-identity": "smart-v1:grant:launch:mismatched-identity",
}
"""As published in 2016 -> as seen live since."""
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


def said() -> set[str]:
    dialect = load("cerner")
    tables = (dialect.words, dialect.at_token, dialect.defaults)
    return {words.urn for table in tables for words in table.values() if words.urn}


def unsaid() -> dict[str, str]:
    """Name -> why it cannot come, from the table of docs/dialects.md."""
    rows = re.findall(r"^\| ([\w:-]+) \| (.+) \|$", (ROOT / "docs" / "dialects.md").read_text(encoding="utf-8"), re.M)
    return dict(rows)


def test_every_published_name_is_said_or_it_is_said_why_not(shared: Path) -> None:
    text = (shared / "facts" / "cerner-error-urns.md").read_text(encoding="utf-8")
    published = re.findall(r"^\| ([\w:-]+) \|[^|]+\|[^|]+\|[^|]+\|$", text, re.M)
    published = [one for one in published if one not in ("name", "---")]
    assert len(published) == 48
    names = {SPELT_OTHERWISE.get(one, one.replace("_", "-")) for one in (*published, *SEEN_LIVE)}
    assert names - said() - set(unsaid()) == set()


def test_no_name_is_both_said_and_said_never_to_come() -> None:
    assert not said() & set(unsaid())


@pytest.mark.parametrize("table", ["words", "at_token"])
def test_words_are_of_findings_or_refusals_that_there_are(table: str) -> None:
    known = {*BY_ID, *(rule.explains for rule in RULES), "server-error"}
    for name in ("cerner", "epic"):
        assert set(getattr(load(name), table)) <= known
