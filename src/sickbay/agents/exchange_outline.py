"""Outlines of exchanges: Sickbay's own facts about a request, apart from its untrusted content."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from sickbay.agents import corrected, findings
from sickbay.agents.result import ToolResult
from sickbay.agents.untrusted import Untrusted
from sickbay.kernel import english
from sickbay.protocol.parameters import parse


def format_time(entry: Mapping[str, Any]) -> str:
    """Returns the time of an exchange by Sickbay's clock."""
    return english.format_iso(entry.get("at") or 0)


def is_refused(entry: Mapping[str, Any]) -> bool:
    """Whether a finding of an exchange refused it."""
    return any(found["severity"] == "error" for found in entry.get("findings") or ())


def describe_request(request: Mapping[str, Any], *, headers: bool = False) -> dict[str, Any]:
    """Returns the method, the address without its query, and the parameters. Use it only for `untrusted`."""
    url = str(request.get("url") or "")
    try:
        parts = urlsplit(url)
        address, query = f"{parts.scheme}://{parts.netloc}{parts.path}", parts.query
    except ValueError:
        address, query = url, ""
    body = request.get("body")
    form = body if isinstance(body, str) and "=" in body and not body.lstrip().startswith(("{", "<")) else ""
    described: dict[str, Any] = {"method": request.get("method"), "address": address}
    described |= {"parameters": dict(parse(query))} if query else {}
    described |= {"form": dict(parse(form))} if form else {}
    return described | ({"headers": dict(request.get("headers") or {})} if headers else {})


def describe(entry: Mapping[str, Any], own: Collection[str], app_id: str | None = None, *, is_full: bool = False) -> ToolResult:
    """Returns an outline of an exchange from GET /exchanges/{id}. app_id: that of its app, if it is registered."""
    untrusted = Untrusted()
    shown: dict[str, Any] = {
        "exchange": entry["id"],
        "at": format_time(entry),
        "tenant": entry["tenant"],
        "stage": entry["stage"],
        "status": entry["response"]["status"],
        **({"app": app_id} if app_id else {}),
        **({"launch": entry["launch"]} if entry.get("launch") else {}),
        **({"injected_fault": entry["injected"].get("kind")} if entry.get("injected") else {}),
    }
    limit = findings.LISTED_FINDINGS if is_full else findings.WHOLE_FINDINGS
    shown |= findings.outline(entry.get("findings") or (), own, untrusted, limit)
    sent = corrected.outline(entry.get("corrected"), own, untrusted)
    shown |= {"corrected": sent} if sent else {}
    shown |= _count_checks(entry.get("checks") or ()) if is_full else {}
    untrusted.add("request", describe_request(entry["request"], headers=is_full))
    untrusted.add("client_id", entry.get("app"))
    return ToolResult(shown, untrusted)


def _count_checks(checks: Any) -> dict[str, Any]:
    """Returns the names of the checks that didn't pass, and the number of the others."""
    by_outcome: dict[str, list[str]] = {}
    for check in checks:
        by_outcome.setdefault(check["outcome"], []).append(check["name"])
    passed = len(by_outcome.pop("passed", ()))
    return {"checks": {"passed": passed, **by_outcome}}
