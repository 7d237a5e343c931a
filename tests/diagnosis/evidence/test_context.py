"""Every key that a context may have is read by something."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sickbay.diagnosis import case
from sickbay.diagnosis.evidence import context as read
from sickbay.diagnosis.kinds import KINDS
from sickbay.doctor.diagnose import diagnose


class TrackedContext(dict[str, Any]):
    """A JSON object that adds the names of the members that are read to `seen`; so do the objects in it."""

    seen: set[str]

    @classmethod
    def of(cls, value: Any, seen: set[str]) -> Any:
        if isinstance(value, list):
            return [cls.of(item, seen) for item in value]
        if not isinstance(value, dict):
            return value
        tracked = cls({name: cls.of(member, seen) for name, member in value.items()})
        tracked.seen = seen
        return tracked

    def __getitem__(self, name: str) -> Any:
        self.seen.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.seen.add(str(name))
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.seen.add(name)
        return super().get(name, default)


def document(shared: Path) -> Iterator[str]:
    """The keys in the table of the README, and the members that it lists for each."""
    text = (shared / "cases" / "README.md").read_text(encoding="utf-8")
    table = text.partition("The keys of `input.context`")[2].partition("Beside `url`")[0]
    for row in table.splitlines():
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        if len(cells) == 2 and "`" in cells[0]:
            yield from re.findall(r"`(\w+)`", cells[0])
            yield from re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)|\[`.*?\]", "", cells[1]))


KEYS_FROM_A_URL = {
    "kind": "token_request",
    "url": "https://ehr.example.org/token",
    "body": "grant_type=client_credentials&client_id=a&client_assertion=x",
    "context": {
        "app": {"client_id": "a", "type": "backend", "jwks_uri": "https://app.example.org/jwks"},
        "jwks_fetch": {"https://app.example.org/jwks": {"status": 200, "body": '{"keys": []}'}},
    },
}


def test_every_documented_key_is_read(shared: Path) -> None:
    keys = set(document(shared)) - KINDS.keys()
    assert {"cookie_set_at_launch", "fhir_bases", "seen_jti", "wants_refresh", "client_secret"} <= keys
    seen: set[str] = set()
    lines = [json.loads(line)["input"] for line in (shared / "cases" / "exchanges.jsonl").read_text().splitlines()]
    cases = [case.load(path).refused for path in case.list_paths().values()]
    for evidence in (*lines, *cases, KEYS_FROM_A_URL):
        diagnose(evidence | {"context": TrackedContext.of(evidence.get("context", {}), seen)})
    assert keys - seen == set()


@pytest.mark.parametrize(
    ("context", "lost"),
    [
        ({"cookie_set_at_launch": True, "cookie_at_callback": False}, True),
        ({"cookie_set_at_launch": "sid=1", "cookie_at_callback": None}, True),
        ({"cookie_set_at_launch": "sid=1", "cookie_at_callback": "sid=2"}, True),
        ({"cookie_set_at_launch": "sid=1", "cookie_at_callback": "sid=1"}, False),
        ({"cookie_set_at_launch": "sid=1", "cookie_at_callback": True}, False),
        ({"cookie_set_at_launch": True}, False),
        ({"cookie_set_at_launch": False, "cookie_at_callback": False}, False),
        ({"cookie_at_callback": False}, False),
        ({}, False),
    ],
)
def test_a_cookie_is_lost_if_it_was_set_at_the_launch_and_did_not_come_back(context: dict[str, Any], lost: bool) -> None:
    assert read.is_cookie_lost(context) is lost


REDIRECT = "https://app.example.org/callback?code=Rw4ZtQ9mK2xV7cLp&state=Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E"
LOST = {"cookie_set_at_launch": True, "cookie_at_callback": False}


@pytest.mark.parametrize(
    "evidence",
    [
        {"kind": "redirect_url", "url": REDIRECT},
        {"kind": "redirect_url", "url": REDIRECT, "headers": {"Sec-Fetch-Dest": "iframe"}},
        {"kind": "http_exchange", "request": {"url": REDIRECT}, "response": {"status": 400}},
    ],
)
def test_a_lost_cookie_is_reported_at_the_redirect_uri(evidence: dict[str, Any]) -> None:
    def ids(context: dict[str, Any]) -> set[str]:
        return {finding.id for finding in diagnose(evidence | {"context": context}).explanation.findings}

    assert "cookie-samesite-iframe" in ids(LOST)
    assert "cookie-samesite-iframe" not in ids({})


def test_a_cookie_lost_in_a_tab_is_not_explained_by_a_frame() -> None:
    evidence = {"kind": "redirect_url", "url": REDIRECT, "headers": {"Sec-Fetch-Dest": "document"}, "context": LOST}
    assert "cookie-samesite-iframe" not in {finding.id for finding in diagnose(evidence).explanation.findings}
