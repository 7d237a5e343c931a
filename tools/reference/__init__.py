"""Writes docs/reference from the code: checks, commands, settings, policies, /admin, metrics, faults and dialects."""

from __future__ import annotations

from tools.reference import admin, checks, commands, dialects, faults, metrics, policies, schema, settings


def make_pages() -> dict[str, str]:
    """Maps file names to text."""
    return {
        "admin.md": admin.make_page(),
        "checks.md": checks.make_page(),
        "commands.md": commands.make_page(),
        "dialects.md": dialects.make_page(),
        "faults.md": faults.make_page(),
        "metrics.md": metrics.make_page(),
        "policies.md": policies.make_page(),
        "settings.md": settings.make_page(),
        "sickbay-toml.schema.json": schema.write_schema(),
    }
