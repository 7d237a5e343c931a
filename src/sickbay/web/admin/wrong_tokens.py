"""Counts wrong admin tokens by the address that sent them. A correct one is always accepted, even if others guess from there.

The guard decides without waiting for the database. So the sender of a token is looked up before it decides, and a wrong token
is counted afterwards.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from sickbay.services import failed_attempts
from sickbay.services.context import Runtime
from sickbay.services.throttle import Kind, Throttled, ThrottleKey
from sickbay.web.http_request import get_peer, state_of


async def note_wait(runtime: Runtime, scope: Mapping[str, Any]) -> None:
    """Note in the request's state how long the sender of a token has to wait."""
    state_of(scope).admin_throttled = await failed_attempts.seconds_to_wait(runtime, _throttle_key(scope))


async def count_wrong_token(runtime: Runtime, scope: Mapping[str, Any]) -> None:
    """Count the wrong token that the guard noted in the request's state, once."""
    state_of(scope).is_wrong_admin_token = False
    await count_wrong(runtime, scope)


async def count_wrong(runtime: Runtime, scope: Mapping[str, Any], kind: Kind = "admin") -> int:
    """Count a wrong token. Returns the seconds until the next try if there were too many, else 0.

    kind: "class" for a wrong code of a class or a student.
    """
    key = _throttle_key(scope, kind)
    try:
        await failed_attempts.check_throttle(runtime, key)
        await failed_attempts.count_failure(runtime, key)
    except Throttled as throttled:
        return throttled.seconds
    return 0


async def seconds_to_wait(runtime: Runtime, scope: Mapping[str, Any], kind: Kind) -> int:
    """Returns the seconds until a token or code of this sender is checked; 0 if it is checked now."""
    return await failed_attempts.seconds_to_wait(runtime, _throttle_key(scope, kind))


def _throttle_key(scope: Mapping[str, Any], kind: Kind = "admin") -> ThrottleKey:
    return ThrottleKey(kind, "", "", extract_network(get_peer(scope)))


def extract_network(address: str) -> str:
    """Returns the /64 of an IPv6 address, because its owner usually has all of it."""
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(read, ipaddress.IPv4Address) or read.ipv4_mapped:
        return str(read)
    return str(ipaddress.IPv6Network((int(read), 64), strict=False).network_address)
