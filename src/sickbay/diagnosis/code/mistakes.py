"""Mistakes that only the code shows."""

from __future__ import annotations

from typing import NamedTuple

from sickbay.diagnosis.code.models import CodeRequest


class Mistake(NamedTuple):
    id: str
    severity: str
    title: str
    why: str
    fix: str
    lines: tuple[int, int]


def mistakes_in(request: CodeRequest, text: str) -> list[Mistake]:
    return []
