"""Restores parameters of an authorization request, which the journal masks, and the grant, from the stored code.

Only for the administrator. A value that contains a live secret stays masked, and nothing more is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from sickbay.authorization.models import AuthorizationCode
from sickbay.services import records
from sickbay.services.context import Runtime
from sickbay.services.redaction import live_secrets
from sickbay.services.redaction.masking import describe_length, mask_secret

COMPARED_CODES: Final = 32
"""The number of an app's newest authorization codes that may have been issued for an exchange."""


async def restore_parameters(runtime: Runtime, entry: dict[str, Any]) -> dict[str, Any]:
    """Returns a granted authorization request with its own `nonce`, `code_challenge` and `login_hint`, and with the granted
    scopes.

    entry: with masked values. It is returned unchanged if its code has been deleted.
    """
    code = await _find_code(runtime, entry)
    if code is None:
        return entry
    values = {"nonce": code.nonce, "code_challenge": code.code_challenge, "login_hint": code.hint}
    sent = {name: value for name, value in values.items() if value}
    live = await live_secrets.load_live_secrets(runtime, sent.values())
    known = dict(_pair_with_recorded(name, value) for name, value in sent.items() if not live.are_in(value))
    request = entry["request"]
    shown = {name: _unmask_parameters(request[name], known) for name in ("url", "body") if isinstance(request.get(name), str)}
    scopes = [dict(zip(("asked", "granted", "reason"), row, strict=True)) for row in code.negotiated]
    return entry | {"request": request | shown} | ({"scopes": scopes} if scopes and "scopes" not in entry else {})


async def _find_code(runtime: Runtime, entry: Mapping[str, Any]) -> AuthorizationCode | None:
    """The code of the launch that the exchange belongs to, if only one was issued."""
    if entry.get("stage") != "authorize" or entry.get("decided") or not entry.get("launch") or not entry.get("app"):
        return None
    stored = await runtime.store.find("code", owner=entry["app"], limit=COMPARED_CODES)
    codes = [records.parse(AuthorizationCode, record.value) for record in stored]
    issued = [code for code in codes if code.timeline == entry["launch"]]
    return issued[0] if len(issued) == 1 else None


def _pair_with_recorded(name: str, value: str) -> tuple[str, str]:
    """Returns the parameter as recorded in the journal, and as it was sent."""
    mask = describe_length(value) if name == "login_hint" else mask_secret(value)
    return f"{name}={mask}", f"{name}={quote(value, safe='')}"


def _unmask_parameters(text: str, known: Mapping[str, str]) -> str:
    """The URL or form with these parameters. An authorize request can be either."""
    path, mark, query = text.rpartition("?") if "?" in text else ("", "", text)
    return path + mark + "&".join(known.get(piece, piece) for piece in query.split("&"))
