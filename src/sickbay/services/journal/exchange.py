"""A request and its response before they are redacted and stored."""

from __future__ import annotations

from typing import Any, NamedTuple

from sickbay.diagnosis.explain import Explanation
from sickbay.services.decision import Decision


class RecordedRequest(NamedTuple):
    """A request as received. headers: names in lower case."""

    method: str
    url: str
    headers: dict[str, str]
    body: str = ""


class RecordedResponse(NamedTuple):
    """Sickbay's response. headers: text, or bytes as sent. body: None if it contains patient data."""

    status: int
    headers: dict[str, str] | list[tuple[bytes, bytes]]
    body: str | None = None

    def told(self) -> dict[str, str]:
        """The headers as text."""
        if isinstance(self.headers, dict):
            return self.headers
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.headers}


class Exchange(NamedTuple):
    """A request and its response before redaction. Cheap to create; all other work happens when it is stored."""

    id: str
    at: float
    tenant: str
    stage: str
    client_id: str
    timeline: str
    wire: RecordedRequest
    answer: RecordedResponse
    decision: Decision[Any, Any] | None = None
    explanation: Explanation | None = None

    @property
    def refused(self) -> bool:
        return self.decision is not None and self.decision.refusal is not None
