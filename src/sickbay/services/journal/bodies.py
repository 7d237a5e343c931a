"""Adds the bodies that `--keep-bodies` keeps to an exchange, masked, for the administrator."""

from __future__ import annotations

import asyncio
from typing import Any

from sickbay.services.context import Runtime
from sickbay.services.kept_bodies import BODY_BYTES, KeptBody, KeptExchange
from sickbay.services.redaction import kept_bodies, live_secrets
from sickbay.services.redaction.live_secrets import LiveSecrets


async def add_bodies(runtime: Runtime, entry: dict[str, Any]) -> dict[str, Any]:
    """Returns the exchange with its bodies; unchanged if they weren't kept."""
    kept = runtime.kept_bodies.find(entry["id"]) if runtime.kept_bodies is not None else None
    if kept is None or runtime.kept_bodies is None:
        return entry
    async with runtime.kept_bodies.masking:
        live = await live_secrets.load_strict(runtime)
        sent, received = await asyncio.to_thread(_mask_bodies, kept, live)
    request, response = entry["request"] | {"body": sent}, entry["response"] | {"body": received}
    return entry | {"request": request, "response": response, "bodies_kept": True}


def _mask_bodies(kept: KeptExchange, live: LiveSecrets) -> tuple[str | None, str | None]:
    return _mask_body(kept.request, kept.version, live), _mask_body(kept.response, kept.version, live)


def _mask_body(body: KeptBody, version: str, live: LiveSecrets) -> str | None:
    """None if there was no body."""
    if not body.size:
        return None
    if not body.content:
        return f"‹not kept: {body.size:,} bytes. At most {BODY_BYTES:,} are kept›"
    return kept_bodies.mask_body(body.content.decode("utf-8", "replace"), body.content_type, version, live)
