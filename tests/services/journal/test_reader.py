"""Who may read what of an exchange."""

from __future__ import annotations

from typing import Any

from sickbay.services.decision import HIDDEN
from sickbay.services.journal.reader import public


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


def test_what_was_sent_is_for_everybody() -> None:
    told = entry(finding(received="a", expected="b"))
    assert public(told) == told


def test_what_is_registered_is_for_the_owner_and_so_is_a_correction_that_would_tell_it() -> None:
    told = public(entry(finding(received="a", registered=["http://localhost:8100/callback"])))
    assert told["corrected"] is None
    assert told["findings"][0]["facts"] == {"received": "a", "registered": HIDDEN}
    assert told["findings"][0]["fix"] == ""


def test_a_fact_that_repeats_what_is_registered_is_hidden_too() -> None:
    told = public(entry(finding(received="http://a/cb/", registered=["http://a/cb"], expected="http://a/cb", note="kept")))
    assert told["findings"][0]["facts"] == {
        "received": "http://a/cb/",
        "registered": HIDDEN,
        "expected": HIDDEN,
        "note": "kept",
    }
