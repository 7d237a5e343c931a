"""An exchange as Markdown for an agent: in Sickbay's words, with text that strangers wrote in separate JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import orjson

from sickbay.agents import exchange_outline
from sickbay.agents.addresses import urls_of
from sickbay.sandbox.sandbox import Sandbox
from sickbay.web.admin.hospitals import describe_hospital


def format_markdown(sandbox: Sandbox, entry: Mapping[str, Any]) -> str:
    """entry: as GET /exchanges/{id} returns it to the same reader."""
    hospitals = (msgspec.to_builtins(describe_hospital(tenant)) for tenant in sandbox.runtime.tenants.values())
    own = frozenset(url for hospital in hospitals for url in urls_of(hospital))
    outline = exchange_outline.describe(entry, own, is_full=True).to_json()["structuredContent"]
    return "\n\n".join(_markdown_parts(outline, sandbox.runtime.base)) + "\n"


def _markdown_parts(outline: Mapping[str, Any], base: str) -> Iterator[str]:
    refused = any(finding["severity"] == "error" for finding in outline["findings"])
    yield f"# {'Refused' if refused else 'Exchange'}: {outline['stage']}, status {outline['status']}"
    facts = ("exchange", "at", "tenant", "launch", "injected_fault")
    yield "\n".join(f"- {name}: {outline[name]}" for name in facts if name in outline)
    for number, finding in enumerate(outline["findings"], 1):
        yield f"## {number}. {finding['title']} ({finding['severity']})"
        yield finding["why"]
        yield f"Fix: {finding['fix']}"
        yield f"Rule: {base}/rules/{finding['id']}.md. Specification: {finding['spec']}"
    if corrected := outline.get("corrected"):
        yield "## Corrected request"
        yield _json_fence(corrected)
    yield f"All checks: {base}/exchanges/{outline['exchange']}?as=json"
    if untrusted := outline.get("untrusted"):
        yield "## What the request contains"
        yield f"{untrusted['note']} A text above that contains ‹name› means values.name here."
        yield _json_fence(untrusted)


def _json_fence(value: Any) -> str:
    """JSON in a fence that nothing in it can close."""
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode().replace("`", "\\u0060")
    return f"```json\n{text}\n```"
