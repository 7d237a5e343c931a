"""The tool token: an access token for a script, which no result contains."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from sickbay.agents.addresses import find_app
from sickbay.agents.api import SickbayApi, ask
from sickbay.agents.harmless import is_harmless
from sickbay.agents.result import ToolResult
from sickbay.agents.tools.explain import EXAMPLE_PATIENT
from sickbay.services.redaction import vocabulary

_TYPE: Final = re.compile(r"(?:^| )(?:patient|user|system)/(\w+|\*)\.")
"""Matches the resource type in a scope."""


async def run(api: SickbayApi, arguments: Mapping[str, Any]) -> ToolResult:
    app = await find_app(api, arguments["app"])
    body = {"app": app["app_id"], "tenant": app["tenant"], "scope": arguments["scope"]}
    body |= {name: arguments[name].removeprefix("Patient/") for name in ("patient", "user") if arguments.get(name)}
    issued = await ask(api, "POST", "/admin/tokens", body)
    kept = await api.keep_token(issued["access_token"])
    shown: dict[str, Any] = {"token": kept.handle, "expires_in": issued.get("expires_in")}
    shown |= {"file": kept.file} if kept.file else {}
    result = ToolResult(shown)
    texts = {name: issued[name] for name in ("scope", "warnings") if name in issued}
    if is_harmless(issued.get("scope")):
        shown |= texts
    else:
        for name, text in texts.items():
            result.untrusted.add(name, text)
    scope, patient = issued.get("scope") or "", issued.get("patient") or body.get("patient")
    if not patient and "patient/" in scope and is_harmless(scope):
        again = {"app": app["app_id"], "scope": scope, "user": arguments.get("user"), "patient": EXAMPLE_PATIENT}
        result.add_next("token", "The same for a patient, because patient/ scopes show no data without one.", **again)
    path = _find_path(scope, patient or EXAMPLE_PATIENT)
    return result.add_next(
        "fhir", "Reads data with it.", path=path, token=kept.handle, tenant=app["tenant"], version=app["fhir"]
    )


def _find_path(scope: str, patient: str) -> str:
    """Returns a path that the scopes permit: the patient, otherwise the first scope's type, otherwise `metadata`."""
    types = dict.fromkeys(name for name in _TYPE.findall(scope) if name == "*" or name in vocabulary.TYPES)
    if {"Patient", "*"} & types.keys():
        return f"Patient/{quote(patient, safe='')}"
    return f"{next(iter(types))}?patient={quote(patient, safe='')}" if types else "metadata"
