"""An error of /admin, as an exception."""

from __future__ import annotations

from typing import Any

from sickbay.web.error_responses import respond_problem


class Wrong(Exception):
    """An error to respond with as a problem."""

    def __init__(self, status: int, title: str, findings: list[dict[str, Any]] | None = None, detail: str = "") -> None:
        super().__init__(title)
        self.response = respond_problem(status, title, findings, detail)
