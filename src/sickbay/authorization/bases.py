"""Which FHIR base or registered resource of a server a URL means."""

from __future__ import annotations

from collections.abc import Sequence

from sickbay.authorization.models import Server
from sickbay.protocol import urls


def base_of(aud: str, bases: Sequence[str]) -> str | None:
    """Returns the base that `aud` means: equal except for one trailing slash, the case of the host, or the loopback name.

    A URL with a fragment or query, even an empty one, never matches (RFC 8707 2).
    """
    if aud in bases:
        return aud
    if not aud or "#" in aud or "?" in aud:
        return None
    wanted = urls.use_localhost(urls.normalise(aud))
    return next((base for base in bases if urls.use_localhost(urls.normalise(base)) == wanted), None)


def find_own_base(aud: str, server: Server) -> str | None:
    """Returns the base of this server that `aud` means, by any of its URLs."""
    return base_of(aud, server.fhir_bases) or server.also.get(base_of(aud, tuple(server.also)) or "")


def target_of(text: str, server: Server) -> str | None:
    """Returns the FHIR base or the registered resource that a URL means."""
    found = find_own_base(text, server)
    if found is None and server.resources:
        found = base_of(text, tuple([resource.url for resource in server.resources]))
    return found
