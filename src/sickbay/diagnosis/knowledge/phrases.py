"""Phrases that show an HTTP status or the code of an OperationOutcome's issue, in the forms that people paste."""

from __future__ import annotations

from http import HTTPStatus


def status_phrases(status: int) -> tuple[str, ...]:
    """For 401: "http 401", "401 unauthorized", "status code 401" and others. A bare number would also match identifiers."""
    reason = HTTPStatus(status).phrase.lower()
    before = ("http", "status", "status:", "status code", "status code:", "statuscode:", "code", "code:", "error", "error:")
    after = (
        reason,
        f"({reason})",
        f": {reason}",
        f"- {reason}",
        f", {reason}",
        "error",
        "response",
        "client error",
        "server error",
    )
    verbs = ("returns", "returned", "return", "returning", "get", "gets", "got", "getting", "a", "with", "receive", "received")
    headers = ("http/1.1", "http/1.0", "http/2", "http/2.0", '"status":', '"statuscode":', "status=", "status =", '"code":')
    return tuple(f"{word} {status}" for word in (*before, *headers, *verbs)) + tuple(f"{status} {word}" for word in after)


def issue_phrases(code: str) -> tuple[str, ...]:
    """The code of an issue in JSON, in JavaScript's notation and in XML."""
    return (f'"code": "{code}"', f'"code":"{code}"', f'"code" : "{code}"', f"code: '{code}'", f'code value="{code}"')
