"""What the public may read of an exchange."""

from __future__ import annotations

from typing import Any

from sickbay.services.decision import HIDDEN
from sickbay.services.journal.exchange_json import hide_private


def entry(*findings: dict[str, Any]) -> dict[str, Any]:
    return {"id": "x", "findings": list(findings), "corrected": {"url": "http://localhost:8100/callback"}}


def finding(**facts: Any) -> dict[str, Any]:
    return {
        "id": "no-such-rule",
        "severity": "error",
        "title": "T",
        "why": "W",
        "fix": "F",
        "facts": facts,
        "refused": True,
    }


def test_anyone_may_read_what_was_sent() -> None:
    exchange = entry(finding(received="a", expected="b"))
    assert hide_private(exchange) == exchange


def test_registered_values_and_corrections_that_reveal_them_are_hidden() -> None:
    exchange = hide_private(entry(finding(received="a", registered=["http://localhost:8100/callback"])))
    assert exchange["corrected"] is None
    assert exchange["findings"][0]["facts"] == {"received": "a", "registered": HIDDEN}
    assert exchange["findings"][0]["fix"] == ""


def test_a_fact_that_repeats_a_registered_value_is_hidden_too() -> None:
    exchange = hide_private(
        entry(finding(received="http://a/cb/", registered=["http://a/cb"], expected="http://a/cb", note="kept"))
    )
    assert exchange["findings"][0]["facts"] == {
        "received": "http://a/cb/",
        "registered": HIDDEN,
        "expected": HIDDEN,
        "note": "kept",
    }
