"""Parses references: relative, absolute on the server's base, or external."""

from __future__ import annotations

import re

from sickbay.kernel.memoize import memoize

ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)


@memoize(16_384)
def target(reference: str, base: str) -> tuple[str, str] | None:
    """(type, id) of `Type/id` or `{base}/Type/id`, without a version. None if it is contained, logical or external."""
    local = reference.removeprefix(base + "/") if reference.startswith(base + "/") else reference
    parts = local.split("/")
    if len(parts) == 4 and parts[2] == "_history":
        parts = parts[:2]
    if len(parts) != 2 or not parts[0].isalpha() or not ID.fullmatch(parts[1]):
        return None
    return parts[0], parts[1]


def is_absolute(reference: str) -> bool:
    """Whether the reference is a URL or a URN."""
    return "://" in reference or reference.startswith("urn:")
