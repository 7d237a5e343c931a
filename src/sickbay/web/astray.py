"""A browser that came below a FHIR base to ask for an OAuth endpoint: it gets a page, as at any address that there is not."""

from __future__ import annotations

from collections.abc import Mapping


class Astray(Exception):
    """This is no FHIR request at all."""


def is_astray(path: str, headers: Mapping[str, str]) -> bool:
    last = path.partition("&")[0].rstrip("/").rpartition("/")[2].lower()
    return last.startswith(("auth", "token")) and "text/html" in headers.get("accept", "")
