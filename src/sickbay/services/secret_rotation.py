"""Replaces the secret of an app, and creates the secrets of forms."""

from __future__ import annotations

import base64
import hmac

from sickbay.authorization.models import Client
from sickbay.services.context import Runtime
from sickbay.services.registration import save_app, set_secret


async def rotate_secret(runtime: Runtime, client: Client) -> tuple[Client, str]:
    """Replaces the secret and returns the new one, shown only here. The old secret stops working immediately."""
    secret = runtime.effects.token()
    new = set_secret(client, secret)
    await save_app(runtime, new, client)
    return new, secret


def secret_of_form(runtime: Runtime, app_id: str, *form: str) -> str:
    """The secret that a form gives an app: the same one however often the form is sent. form: what only its sender knows."""
    return _derive_secret(runtime, "secret", app_id, *form)


def has_secret(client: Client, secret: str) -> bool:
    return hmac.compare_digest(set_secret(client, secret).secret_hash or "", client.secret_hash or "")


def secret_stamp(runtime: Runtime, client: Client) -> str:
    """Identifies the current secret in a form that replaces it, and reveals nothing about it."""
    return _derive_secret(runtime, "secret-stamp", client.secret_hash or "")


async def rotate_once(runtime: Runtime, client: Client, stamp: str, form: str) -> tuple[Client, str] | None:
    """Like `rotate`, for a form that replaces the secret with this stamp. The same form gives the same secret, however often it
    is sent. None if the secret was replaced since the form was shown. form: what only the sender of the form knows.
    """
    secret = secret_of_form(runtime, client.app_id, stamp, form)
    if has_secret(client, secret):
        return client, secret
    if not hmac.compare_digest(stamp.encode(), secret_stamp(runtime, client).encode()):
        return None
    new = set_secret(client, secret)
    await save_app(runtime, new, client)
    return new, secret


def _derive_secret(runtime: Runtime, *parts: str) -> str:
    digest = hmac.digest(runtime.keys.refresh, "\0".join(parts).encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
