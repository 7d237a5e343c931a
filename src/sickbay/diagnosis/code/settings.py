"""Reads the settings of OAuth libraries."""

from __future__ import annotations

from sickbay.diagnosis.code.models import AppSettings


def text_settings(text: str) -> list[AppSettings]:
    return []
