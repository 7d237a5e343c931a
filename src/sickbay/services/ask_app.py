"""Checks whether anything responds at an app's address, and decides which addresses may be checked."""

from __future__ import annotations

from urllib.parse import urlsplit

from sickbay.diagnosis.silence.declare import NOTHING
from sickbay.kernel.outbound import DEFAULT_PORTS, Unreachable
from sickbay.protocol import urls
from sickbay.services.context import Runtime
from sickbay.services.launch_progress import LaunchProgress


def address_to_ask(runtime: Runtime, found: LaunchProgress) -> str:
    """The address of the app that the launch waits for, if Sickbay may ask it; "" otherwise."""
    current = found.status
    if current.awaited == "discovery":
        uri = found.trail.app.launch_uri
    elif current.awaited == "token" and current.since is not None and current.since.step == "code":
        uri = current.since.url
    else:
        return ""
    return uri if may_ask(runtime, uri) else ""


def may_ask(runtime: Runtime, uri: str) -> bool:
    """Whether Sickbay may send a request to this address. It must be on this machine, only this machine may be able to reach
    Sickbay, and it can't be one of Sickbay's own ports.
    """
    own = {_port_of_url(base) for base in (runtime.base, runtime.sample_base) if base}
    return runtime.loopback and urls.is_web(uri) and urls.is_loopback(uri) and _port_of_url(uri) not in own


def _port_of_url(url: str) -> int | None:
    parts = urlsplit(url)
    return parts.port or DEFAULT_PORTS.get(parts.scheme)


async def ask_redirect_uri(runtime: Runtime, uri: str) -> str:
    """Returns the response of the address: "status 200", or "nothing: " and the reason. Ignores parameters and body."""
    try:
        fetched = await runtime.effects.fetch(uri, loopback=True, page=True)
    except Unreachable as error:
        return f"{NOTHING}{error}"
    return f"status {fetched.status}"
