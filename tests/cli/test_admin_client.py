"""How a command shows a refusal of the server."""

from __future__ import annotations

import httpx2

from sickbay.cli.admin_client import describe_problem


def test_a_refusal_says_a_title_once() -> None:
    findings = [
        {"id": "first", "title": "`scope` is empty", "fix": "Send one."},
        {"id": "second", "title": "`user` is missing", "fix": "Name one."},
        {"id": "third", "title": "`launch` is missing", "fix": "Add it.", "severity": "warning"},
        {"id": "fourth", "title": "`name` is missing", "fix": "Add one.", "severity": "error"},
    ]
    refusal = httpx2.Response(422, json={"detail": "No token has this scope: `scope` is empty", "findings": findings})
    assert describe_problem(refusal).splitlines() == [
        "No token has this scope: `scope` is empty",
        "  → Send one.  [first]",
        "  `user` is missing  [second]",
        "  → Name one.",
        "  warning: `launch` is missing  [third]",
        "  → Add it.",
        "  `name` is missing  [fourth]",
        "  → Add one.",
    ]
