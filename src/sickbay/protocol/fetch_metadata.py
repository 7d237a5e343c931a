"""Recognises requests of scripts by the headers that browsers add (Fetch Metadata)."""

from __future__ import annotations

from collections.abc import Mapping


def is_fetched(headers: Mapping[str, str]) -> bool:
    """Whether a script in a browser sent the request (Fetch Metadata). False if the headers don't say.

    Browsers send both Sec-Fetch-Site and Sec-Fetch-Mode. Node's fetch sends only the mode, and no user sees its response.
    """
    mode = headers.get("sec-fetch-mode") if "sec-fetch-site" in headers else None
    return mode in ("cors", "no-cors", "same-origin") or headers.get("x-requested-with", "").lower() == "xmlhttprequest"
