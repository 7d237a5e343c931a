"""Discovery documents, manifests of exports and other JSON objects with a fault."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

MARK = "injected-fault-"
"""Prefix of every ID and file name that a fault invents, so that requests for them are recognised."""


def set_and_remove_members(document: dict[str, Any], set_members: Mapping[str, Any], removed: Iterable[str]) -> dict[str, Any]:
    without = set(removed)
    return {name: value for name, value in {**document, **set_members}.items() if name not in without}


def break_endpoints(document: dict[str, Any], value: str, base: str, fault: str) -> dict[str, Any]:
    """Returns a discovery document with endpoints that don't work. value: stale, http or other-endpoints. fault: its id."""
    return {
        name: _misleading_url(text, value, base, fault) if isinstance(text, str) and text.startswith(base) else text
        for name, text in document.items()
    }


def _misleading_url(url: str, value: str, base: str, fault: str) -> str:
    match value:
        case "http":
            return _downgrade_to_http(url)
        case "stale":
            return url.replace("/oauth/", f"/{MARK}{fault}/")
        case _:
            return f"{base}/{MARK}{fault}{url.removeprefix(base)}"


def _downgrade_to_http(url: str) -> str:
    """Returns the URL with http and without a port, as a server behind a proxy that terminates TLS writes it."""
    rest = url.partition("://")[2]
    host, slash, path = rest.partition("/")
    return f"http://{host.partition(':')[0]}{slash}{path}"


def measure_age(manifest: Mapping[str, Any] | None, now: float) -> float:
    """Returns seconds since the export began, by the manifest's transactionTime; very many if it has none."""
    try:
        began = datetime.fromisoformat(str((manifest or {})["transactionTime"]))
    except (KeyError, ValueError):
        return float("inf")
    return now - (began if began.tzinfo else began.replace(tzinfo=UTC)).timestamp()


def add_error_file(manifest: dict[str, Any], fault: str) -> dict[str, Any]:
    """Returns the manifest with one more error file, in the folder of the other files."""
    files = [*manifest.get("output", ()), *manifest.get("error", ())]
    folder = str(files[0]["url"]).rpartition("/")[0] if files else ""
    error = {"type": "OperationOutcome", "url": f"{folder}/{MARK}{fault}.ndjson"}
    return {**manifest, "error": [*manifest.get("error", ()), error]}
