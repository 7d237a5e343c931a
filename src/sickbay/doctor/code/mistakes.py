"""Finds the mistakes that only code shows."""

from __future__ import annotations

from sickbay.doctor.code.mistake import Mistake
from sickbay.doctor.code.models import CodeRequest
from sickbay.doctor.code.request_mistakes import request_mistakes
from sickbay.doctor.code.text_mistakes import mistakes_in_text


def mistakes_in(request: CodeRequest, text: str) -> list[Mistake]:
    """The mistakes of one request, and those that the text around it shows. `text`: the whole paste.

    If the paste has several requests, the mistakes of the text are the same for each.
    """
    found = request_mistakes(request)
    ids = {mistake.id for mistake in found}
    return [*found, *(mistake for mistake in mistakes_in_text(text, sends_requests=True) if mistake.id not in ids)]
