"""Records how faults changed a response, so that its exchange shows the response that was sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sickbay.faults.responses import SentResponse

SHOWN_HEADERS = (b"content-type", b"content-encoding", b"retry-after")
"""Headers that a fault can set."""


class ChangedResponse(NamedTuple):
    """The response that was sent. headers: those that a fault can set, and content-length. text: says what was changed."""

    status: int
    headers: dict[str, str]
    has_same_body: bool
    text: str

    def replace_response(self, recorded: dict[str, Any]) -> dict[str, Any]:
        """Returns the recorded response with the parts that were actually sent. A changed body isn't shown."""
        faulty = {name.decode() for name in SHOWN_HEADERS}
        headers = {name: value for name, value in recorded["headers"].items() if name.lower() not in faulty}
        return {
            **recorded,
            "status": self.status,
            "headers": headers | self.headers,
            "body": recorded["body"] if self.has_same_body else None,
        }


def find_change(before: SentResponse, after: SentResponse, sent_bytes: int) -> ChangedResponse | None:
    """Returns the change; None if the faults changed nothing. sent_bytes: bytes of the changed body that are sent."""
    sentences = [*_compare_responses(before, after, sent_bytes)]
    if not sentences:
        return None
    has_same_body = before.body == after.body and sent_bytes >= len(after.body)
    return ChangedResponse(after.status, _headers_by_name(after), has_same_body, " ".join(sentences))


def describe_replacement(response: SentResponse) -> ChangedResponse:
    """Describes a response that a fault sent instead of Sickbay's. Its status is 0 if nothing was sent."""
    if response.status == 0:
        return ChangedResponse(0, {}, True, "Sickbay closed the connection without a response.")
    return ChangedResponse(
        response.status, _headers_by_name(response), True, "Sickbay sent this response without handling the request."
    )


def _headers_by_name(response: SentResponse) -> dict[str, str]:
    headers = {name.decode(): response.header(name) for name in SHOWN_HEADERS if response.header(name)}
    return headers | {"content-length": str(len(response.body))}


def _compare_responses(before: SentResponse, after: SentResponse, sent_bytes: int) -> Iterator[str]:
    if before.status != after.status:
        yield f"The fault changed the status from {before.status} to {after.status}."
    for name in SHOWN_HEADERS:
        old, new, title = before.header(name), after.header(name), name.decode().title()
        if old and new and old != new:
            yield f"The fault changed `{title}` from `{old}` to `{new}`."
        elif old != new:
            yield f"The fault added `{title}: {new}`." if new else f"The fault removed `{title}: {old}`."
    if before.body != after.body:
        yield f"The fault changed the body from {len(before.body):,} to {len(after.body):,} bytes."
    if sent_bytes < len(after.body):
        yield f"Only {sent_bytes:,} of the {len(after.body):,} bytes of `Content-Length` were sent."
