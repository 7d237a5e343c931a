"""Refresh tokens (RFC 6749 6; RFC 9700 4.14.2): an HMAC over family and generation, rotated at each use.

A replay within ten seconds by the same client repeats the identical answer, as two tabs or a lost answer make it; a
later one kills the family. Nothing of it is at rest: the text is made again from the key.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from typing import Literal, TypeAlias

from sickbay.authorization import requested_scopes
from sickbay.authorization.authorize.granting import is_still_granted
from sickbay.authorization.client_authentication import client_is_registered, hashed, presented
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import AccessToken, Client, Server, TokenFamily
from sickbay.authorization.refusals import refresh as refusals
from sickbay.authorization.requests import TokenRequest
from sickbay.kernel.checks import UNKNOWN, Check, Refusal, check
from sickbay.protocol import jose, scopes
from sickbay.protocol.scope_spelling import spelling

Decision: TypeAlias = Literal["rotate", "renew", "repeat", "reused"]

_UNUSUAL = "unusual_scopes"
"""The attribute of `known` that says whether a check of scopes can refuse."""
REPEAT_WINDOW = 10
"""Seconds in which the generation before the current one repeats its answer."""


def make(key: bytes, family: str, generation: int) -> str:
    """The refresh token of this generation."""
    return f"{family}.{generation}.{_mac(key, 'refresh', family, generation)}"


def access(key: bytes, family: str, generation: int) -> str:
    """The access token that came with this generation: 256 bits, opaque, the same each time it is made."""
    return _mac(key, "access", family, generation)


_SHAPE = re.compile(r"[\w-]+\.\d{1,9}\.[\w-]{43}", re.A)


def is_one(text: str) -> bool:
    """Whether it has the shape of a refresh token, be it good or not."""
    return _SHAPE.fullmatch(text) is not None


def read(key: bytes, text: str) -> tuple[str, int] | None:
    """Family and generation, or None where it is no refresh token of this key."""
    family, _, _mac_sent = text.rpartition(".")
    family, _, number = family.rpartition(".")
    if not family or not number.isascii() or not number.isdigit() or len(number) > 9:
        return None
    genuine = hmac.compare_digest(make(key, family, int(number)).encode(), text.encode())
    return (family, int(number)) if genuine else None


def _mac(key: bytes, use: str, family: str, generation: int) -> str:
    message = f"{use}\0{family}\0{generation}".encode()
    return urlsafe_b64encode(hmac.digest(key, message, "sha256")).rstrip(b"=").decode()


def decide(family: TokenFamily, generation: int, now: int, rotates: bool = True) -> Decision:
    """What this generation may still do.

    rotate: new generation, both tokens made from it. renew: this tenant does not rotate; the refresh token stays, the
    access token is a random one. repeat: the answer of the current generation once more. reused: kill the family.
    """
    if generation == family.generation:
        return "rotate" if rotates else "renew"
    if generation == family.generation - 1 and 0 <= now - family.rotated_at <= REPEAT_WINDOW:
        return "repeat"
    return "reused"


@check()
def refresh_token_is_sent(request: TokenRequest, known: TokenContext) -> Refusal | None:
    if request.parameters.get("refresh_token"):
        return None
    return refusals.REFRESH_TOKEN_MISSING(received=None)


@check(requires=("family",), after=(refresh_token_is_sent,))
def refresh_token_is_known(request: TokenRequest, known: TokenContext) -> Refusal | None:
    if known.family is not None:
        return None
    return refusals.REFRESH_TOKEN_INVALID(reason="unknown")


@check(requires=("family",), after=(refresh_token_is_known,))
def refresh_token_is_not_revoked(request: TokenRequest, known: TokenContext) -> Refusal | None:
    family = _family(known)
    if not family.revoked:
        return None
    return refusals.REFRESH_TOKEN_INVALID(reason="revoked", **revocation_facts(family))


def revocation_facts(grant: AccessToken | TokenFamily) -> dict[str, object]:
    """Who revoked a token and when (seconds since 1970), if that was recorded."""
    return {"by": grant.revoked_by, "at": grant.revoked_at} if grant.revoked_by else {}


@check(requires=("family", "now"), after=(refresh_token_is_known,))
def refresh_token_is_fresh(request: TokenRequest, known: TokenContext) -> Refusal | None:
    expires, now = _family(known).expires_at, _now(known)
    if expires is None or now < expires:
        return None
    return refusals.REFRESH_TOKEN_INVALID(reason="expired", seconds=now - expires)


@check(requires=("family", "now"), after=(refresh_token_is_known,))
def refresh_token_is_the_current_one(request: TokenRequest, known: TokenContext) -> Refusal | None:
    family = _family(known)
    generation = family.generation if known.generation is None else known.generation
    if decide(family, generation, _now(known)) != "reused":
        return None
    facts = {"generation": generation, "current": family.generation, "seconds": _now(known) - family.rotated_at}
    return refusals.REFRESH_TOKEN_REUSED.with_facts(facts)


@check(requires=("family",), after=(refresh_token_is_known,))
def user_is_still_there(request: TokenRequest, known: TokenContext) -> Refusal | None:
    return refusals.REFRESH_TOKEN_INVALID(reason="user") if known.user_gone else None


@check(
    requires=("family", "client", "now"), after=(client_is_registered, refresh_token_is_the_current_one), inputs="may_repeat"
)
def replay_is_the_same_request(request: TokenRequest, known: TokenContext) -> Refusal | None:
    """Within the window the answer is repeated, never a new one made: so scope and authentication must be the same."""
    if not is_replay(known) or fingerprint(request, _client(known)) == _family(known).asked:
        return None
    return refusals.REFRESH_REPLAY_DIFFERS(received=request.parameters.get("scope"))


@check(
    requires=("family", "client", "server", "now"),
    after=(client_is_registered, refresh_token_is_the_current_one),
    inputs="may_repeat",
)
def replayed_answer_is_in_force(request: TokenRequest, known: TokenContext) -> Refusal | None:
    """All that the first answer gave must still be valid, because it is sent again."""
    why = _withdrawn(known) if is_replay(known) else ""
    return refusals.REFRESH_REPLAY_REVOKED(reason=why) if why else None


def _withdrawn(known: TokenContext) -> str:
    token, server, client = known.answer, known.server, _client(known)
    assert isinstance(server, Server)
    if token is UNKNOWN:  # offline
        return ""
    if not isinstance(token, AccessToken) or token.revoked:
        return "revoked"
    if token.expires_at <= _now(known):
        return "expired"
    seconds = client.token_lifetime or server.policy.token_lifetime
    refreshes = server.policy.rotate_refresh and (server.policy.public_refresh or client.client != "public")
    if not refreshes or token.expires_at - token.issued_at > seconds:
        return "policy"
    still = all(is_still_granted(one, client, server) for one in scopes.split(token.scope))
    return "" if still else "registration"


def is_replay(known: TokenContext) -> bool:
    """Whether the token sent is of the generation before the current one, and may still repeat its answer."""
    family, generation = _family(known), known.generation
    return generation is not None and decide(family, generation, _now(known)) == "repeat"


def fingerprint(request: TokenRequest, client: Client) -> str:
    """What a refresh asks for, and by which credential, as a hash: that of a repeated request is the same."""
    read = jose.peek(request.parameters.get("client_assertion") or "")
    said = (
        " ".join(scopes.split(request.parameters.get("scope") or "")),
        request.parameters.get("resource") or "",
        *presented(request).methods,
        client.secret_hash or "",
        str(read.header.get("kid")) if read else "",
    )
    return hashed("\0".join(said))


@check(requires=("family", "client"), after=(refresh_token_is_known,))
def refresh_token_is_of_this_client(request: TokenRequest, known: TokenContext) -> Refusal | None:
    client = known.client
    if not isinstance(client, Client) or client.client_id == _family(known).client_id:
        return None
    return refusals.REFRESH_CLIENT_MISMATCH(received=client.client_id)


@check(requires=("family",), after=(refresh_token_is_known,))
def session_goes_on(request: TokenRequest, known: TokenContext) -> Refusal | None:
    if _family(known).mode != "online" or not known.session_ended:
        return None
    return refusals.REFRESH_ONLINE_SESSION_ENDED(granted=_family(known).scope)


@check(inputs=_UNUSUAL)
def scopes_are_separated_by_spaces(request: TokenRequest, known: TokenContext) -> Refusal | None:
    return requested_scopes.separated_wrongly(request.parameters.get("scope") or "")


@check(requires=("family",), after=(refresh_token_is_known,), inputs=_UNUSUAL)
def scopes_are_spelt_right(request: TokenRequest, known: TokenContext) -> Refusal | None:
    return requested_scopes.spelt_wrongly([one for one in _asked(request, known) if one not in requested_scopes.CLAIMS])


@check(requires=("family", "server"), after=(refresh_token_is_known,), inputs=_UNUSUAL)
def scopes_suit_the_server(request: TokenRequest, known: TokenContext) -> Refusal | None:
    """Of a person, of a version and a type that the server grants: as at the authorization endpoint."""
    asked, server = requested_scopes.resources(_asked(request, known)), known.server
    assert isinstance(server, Server)
    if not asked:
        return None
    version = known.client.smart_version if isinstance(known.client, Client) else 2
    bases = (_family(known).base,) if _family(known).base in server.fhir_bases else server.fhir_bases
    versions = sorted({server.fhir_versions.get(one, "") for one in bases})
    return (
        requested_scopes.of_the_system(asked)
        or requested_scopes.of_another_version(asked, server.policy, version)
        or requested_scopes.wildcards(asked, server.policy)
        or requested_scopes.of_unknown_types(asked, requested_scopes.types_of(bases, server), versions)
    )


def _asked(request: TokenRequest, known: TokenContext) -> tuple[str, ...]:
    """The scopes asked for; those that stand in the grant as they are need no look."""
    held = scopes.split(_family(known).scope)
    return tuple(one for one in spelling(request.parameters.get("scope") or "").tokens if one not in held)


@check(
    requires=("family", "client", "server"),
    after=(client_is_registered, scopes_are_spelt_right, scopes_suit_the_server),
    inputs=_UNUSUAL,
)
def scopes_are_still_registered(request: TokenRequest, known: TokenContext) -> Refusal | None:
    """What is asked by name must be; of what comes with the grant at least some, else the token would give nothing."""
    client, server, text = _client(known), known.server, request.parameters.get("scope")
    assert isinstance(server, Server)
    held = _family(known).scope
    named = [one for one in scopes.split(text or held) if _within(one, held)]
    gone = [one for one in named if not is_still_granted(one, client, server)]
    if not client.scope or not gone or (not text and len(gone) < len(named)):
        return None
    return requested_scopes.refusal(refusals.SCOPE_NOT_REGISTERED, gone, registered=client.scope)


@check(
    requires=("family",),
    after=(refresh_token_is_known, scopes_are_separated_by_spaces, scopes_are_spelt_right),
    inputs=_UNUSUAL,
)
def scope_is_not_wider(request: TokenRequest, known: TokenContext) -> Refusal | None:
    granted, asked = _family(known).scope, request.parameters.get("scope") or ""
    wider = tuple(one for one in scopes.split(asked) if not _within(one, granted))
    if not wider or (requested_scopes.CLAIMS.issuperset(wider) and len(wider) < len(scopes.split(asked))):
        return None
    return refusals.REFRESH_SCOPE_EXPANDED(received=asked, wider=wider, granted=granted)


def _within(asked: str, granted: str) -> bool:
    """Held as it stands, or covered by what is held."""
    held = scopes.split(granted)
    parsed = scopes.parse(asked)
    if asked in held:
        return True
    if parsed is None or (isinstance(parsed, scopes.ResourceScope) and not parsed.enforceable):
        return False
    return scopes.covered(parsed, scopes.parse_all(held))


def narrowed(family: TokenFamily, asked: str | None, client: Client, server: Server) -> str:
    """The scope of the next access token: what was asked, else all that was granted (RFC 6749 6) and still would be."""
    every = scopes.split(asked or family.scope)
    return " ".join(one for one in every if is_still_granted(one, client, server))


def _family(known: TokenContext) -> TokenFamily:
    assert isinstance(known.family, TokenFamily)
    return known.family


def _client(known: TokenContext) -> Client:
    assert isinstance(known.client, Client)
    return known.client


def _now(known: TokenContext) -> int:
    assert known.now is not UNKNOWN
    return int(known.now)


CHECKS: tuple[Check[TokenRequest, TokenContext], ...] = (
    refresh_token_is_sent,
    refresh_token_is_known,
    refresh_token_is_of_this_client,
    refresh_token_is_not_revoked,
    refresh_token_is_fresh,
    refresh_token_is_the_current_one,
    session_goes_on,
    user_is_still_there,
    replay_is_the_same_request,
    replayed_answer_is_in_force,
    scopes_are_separated_by_spaces,
    scopes_are_spelt_right,
    scopes_suit_the_server,
    scopes_are_still_registered,
    scope_is_not_wider,
)
