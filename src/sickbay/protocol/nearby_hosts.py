"""Names by which emulators, containers and other machines in a local network reach the machine that a server runs on."""

from __future__ import annotations

import ipaddress
from typing import Final, NamedTuple


class NearbyHost(NamedTuple):
    """meaning: what the name stands for, as a sentence without a full stop. forwards: adb can forward a port there instead.

    listens: the server must listen on more than the loopback addresses to be reached under this name.
    """

    meaning: str
    forwards: bool = False
    listens: bool = False


_ALIASES: Final = {
    "10.0.2.2": NearbyHost("in the Android emulator, {host} is the machine that the emulator runs on", forwards=True),
    "10.0.3.2": NearbyHost("in the Genymotion emulator, {host} is the machine that the emulator runs on", forwards=True),
    "host.docker.internal": NearbyHost("in a container, {host} is the machine that the container runs on", listens=True),
    "host.containers.internal": NearbyHost("in a container, {host} is the machine that the container runs on", listens=True),
}
_LOCAL: Final = NearbyHost("{host} is a name or address in a local network", listens=True)


def find_nearby_host(host: str) -> NearbyHost | None:
    """Returns the meaning of a host name or address without brackets; None for a loopback name or an unknown host."""
    host = host.lower().rstrip(".")
    known = _ALIASES.get(host) or (_LOCAL if _is_local(host) else None)
    return known._replace(meaning=known.meaning.format(host=host)) if known else None


def _is_local(host: str) -> bool:
    if host.endswith(".local") and host != ".local":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return (address.is_private or address.is_link_local) and not (address.is_loopback or address.is_unspecified)
