"""Writes docs/reference from the code: checks, commands, settings, policies, /admin, metrics, faults and dialects."""

from __future__ import annotations

from tools.reference import admin, checks, commands, dialects, faults, metrics, policies, schema, settings


def pages() -> dict[str, str]:
    """Maps file names to text."""
    return {
        "admin.md": admin.page(),
        "checks.md": checks.page(),
        "commands.md": commands.page(),
        "dialects.md": dialects.page(),
        "faults.md": faults.page(),
        "metrics.md": metrics.page(),
        "policies.md": policies.page(),
        "settings.md": settings.page(),
        "sickbay-toml.schema.json": schema.text(),
    }
