"""Refresh tokens (RFC 6749 6; RFC 9700 4.14.2): an HMAC over family and generation, rotated at each use.

A replay within 10 seconds by the same client repeats the identical response, because two tabs or a lost response cause such
replays. A later replay revokes the family. The token itself is never stored: it is derived from the key again.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from typing import Literal, TypeAlias

from sickbay.authorization.checks import check
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import AccessToken, Client, Server, TokenFamily
from sickbay.authorization.refusals import refresh as refusals
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.scopes import requested as requested_scopes
from sickbay.authorization.scopes.granting import is_still_granted
from sickbay.authorization.token.backend_scopes import refuses_extra_spaces
from sickbay.authorization.token.client_authentication import client_is_registered, hash_secret
from sickbay.fhir.visibility import is_enforceable
from sickbay.kernel.checks import UNKNOWN, Check, Refusal
from sickbay.kernel.memoize import cache_results
from sickbay.protocol import scopes

Decision: TypeAlias = Literal["rotate", "renew", "repeat", "reused"]

_UNUSUAL = "unusual_scopes"
"""The attribute of `context` that says whether a scope check can refuse the request."""
REPEAT_WINDOW = 10
"""Seconds in which the previous generation repeats its response."""


def make_token(key: bytes, family: str, generation: int) -> str:
    return f"{family}.{generation}.{_mac_of_token(key, 'refresh', family, generation)}"


def make_access_token(key: bytes, family: str, generation: int) -> str:
    """Returns the access token issued with this generation: 256 bits, opaque, the same each time."""
    return _mac_of_token(key, "access", family, generation)


SHAPE = re.compile(r"[\w-]+\.\d{1,9}\.[\w-]{43}", re.A)


def is_refresh_token(text: str) -> bool:
    """Whether the text has the form of a refresh token, valid or not."""
    return SHAPE.fullmatch(text) is not None


def read_token(key: bytes, text: str) -> tuple[str, int] | None:
    """Returns family and generation, or None if it isn't a refresh token of this key."""
    family, _, _mac_sent = text.rpartition(".")
    family, _, number = family.rpartition(".")
    if not family or not number.isascii() or not number.isdigit() or len(number) > 9:
        return None
    genuine = hmac.compare_digest(make_token(key, family, int(number)).encode(), text.encode())
    return (family, int(number)) if genuine else None


def _mac_of_token(key: bytes, use: str, family: str, generation: int) -> str:
    mac = _prepare_key(key).copy()
    mac.update(f"{use}\0{family}\0{generation}".encode())
    return urlsafe_b64encode(mac.digest()).rstrip(b"=").decode()


@cache_results(4)
def _prepare_key(key: bytes) -> hmac.HMAC:
    """Cached, because preparing a key takes longer than computing a code with it. A sandbox has a single key."""
    return hmac.new(key, digestmod="sha256")


def judge_refresh_token(family: TokenFamily, generation: int, now: int, rotates: bool = True) -> Decision:
    """Returns the effect of a refresh token. rotate: a new generation; both tokens are derived from it.
    renew: this tenant doesn't rotate; the refresh token stays, and the access token is random. repeat: the current generation's
    response is sent again. reused: the family is revoked.
    """
    if generation == family.generation:
        return "rotate" if rotates else "renew"
    if generation == family.generation - 1 and 0 <= now - family.rotated_at <= REPEAT_WINDOW:
        return "repeat"
    return "reused"


@check()
def refresh_token_is_sent(request: TokenRequest, context: TokenContext) -> Refusal | None:
    if request.parameters.get("refresh_token"):
        return None
    return refusals.REFRESH_TOKEN_MISSING(received=None)


@check(requires=("family",), after=(refresh_token_is_sent,))
def refresh_token_is_known(request: TokenRequest, context: TokenContext) -> Refusal | None:
    if context.family is not None:
        return None
    return refusals.REFRESH_TOKEN_INVALID(reason="unknown")


@check(requires=("family",), after=(refresh_token_is_known,))
def refresh_token_is_not_revoked(request: TokenRequest, context: TokenContext) -> Refusal | None:
    family = _get_family(context)
    if not family.revoked:
        return None
    return refusals.REFRESH_TOKEN_INVALID(reason="revoked", **revocation_facts(family))


def revocation_facts(grant: AccessToken | TokenFamily) -> dict[str, object]:
    """Returns who revoked a token and when (seconds since 1970), if that was recorded."""
    return {"by": grant.revoked_by, "at": grant.revoked_at} if grant.revoked_by else {}


@check(requires=("family", "now"), after=(refresh_token_is_known,))
def refresh_token_has_not_expired(request: TokenRequest, context: TokenContext) -> Refusal | None:
    expires, now = _get_family(context).expires_at, _get_time(context)
    if expires is None or now < expires:
        return None
    return refusals.REFRESH_TOKEN_INVALID(reason="expired", seconds=now - expires)


@check(requires=("family", "now"), after=(refresh_token_is_known,))
def refresh_token_is_the_newest(request: TokenRequest, context: TokenContext) -> Refusal | None:
    family = _get_family(context)
    generation = family.generation if context.generation is None else context.generation
    if judge_refresh_token(family, generation, _get_time(context)) != "reused":
        return None
    facts = {"generation": generation, "current": family.generation, "seconds": _get_time(context) - family.rotated_at}
    return refusals.REFRESH_TOKEN_REUSED.with_facts(facts)


@check(requires=("family",), after=(refresh_token_is_known,))
def user_still_exists(request: TokenRequest, context: TokenContext) -> Refusal | None:
    return refusals.REFRESH_TOKEN_INVALID(reason="user") if context.user_gone else None


@check(requires=("family", "client", "now"), after=(client_is_registered, refresh_token_is_the_newest), inputs="may_repeat")
def repeated_request_equals_the_first(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """Within the window the response is repeated, never created again, so scope and authentication must be the same."""
    if not is_replay(context) or hash_refresh_request(request, _get_client(context)) == _get_family(context).asked:
        return None
    return refusals.REFRESH_REPLAY_DIFFERS(received=request.parameters.get("scope"))


@check(
    requires=("family", "client", "server", "now"),
    after=(client_is_registered, refresh_token_is_the_newest),
    inputs="may_repeat",
)
def response_to_a_repeated_request_is_still_valid(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """Everything in the first response must still be valid, because it is sent again."""
    reason = _find_withdrawn(context) if is_replay(context) else ""
    return refusals.REFRESH_REPLAY_REVOKED(reason=reason) if reason else None


def _find_withdrawn(context: TokenContext) -> str:
    token, server, client = context.answer, context.server, _get_client(context)
    assert isinstance(server, Server)
    if token is UNKNOWN:  # offline
        return ""
    if not isinstance(token, AccessToken) or token.revoked:
        return "revoked"
    if token.expires_at <= _get_time(context):
        return "expired"
    seconds = client.token_lifetime or server.policy.token_lifetime
    refreshes = server.policy.rotate_refresh and (server.policy.public_refresh or client.client != "public")
    if not refreshes or token.expires_at - token.issued_at > seconds:
        return "policy"
    still = all(is_still_granted(scope, client, server) for scope in scopes.split(token.scope))
    return "" if still else "registration"


def is_replay(context: TokenContext) -> bool:
    """Whether the token sent is of the previous generation and may still repeat its response."""
    family, generation = _get_family(context), context.generation
    return generation is not None and judge_refresh_token(family, generation, _get_time(context)) == "repeat"


def hash_refresh_request(request: TokenRequest, client: Client) -> str:
    """Returns a hash of what a refresh requests and of its credential; a repeated request has the same hash."""
    jwt = request.assertion
    parts = (
        " ".join(scopes.split(request.parameters.get("scope") or "")),
        request.parameters.get("resource") or "",
        *request.presented.methods,
        client.secret_hash or "",
        str(jwt.header.get("kid")) if jwt else "",
    )
    return hash_secret("\0".join(parts))


@check(requires=("family", "client"), after=(refresh_token_is_known,))
def refresh_token_was_issued_to_this_client(request: TokenRequest, context: TokenContext) -> Refusal | None:
    client = context.client
    if not isinstance(client, Client) or client.client_id == _get_family(context).client_id:
        return None
    return refusals.REFRESH_CLIENT_MISMATCH(received=client.client_id)


@check(requires=("family",), after=(refresh_token_is_known,))
def session_has_not_ended_if_the_token_depends_on_it(request: TokenRequest, context: TokenContext) -> Refusal | None:
    if _get_family(context).mode != "online" or not context.session_ended:
        return None
    return refusals.REFRESH_ONLINE_SESSION_ENDED(granted=_get_family(context).scope)


@check(inputs=_UNUSUAL)
def scopes_are_separated_by_spaces(request: TokenRequest, context: TokenContext) -> Refusal | None:
    scope = request.parameters.get("scope") or ""
    return requested_scopes.refuse_separators(scope, extra_spaces=refuses_extra_spaces(context))


@check(requires=("family",), after=(refresh_token_is_known,), inputs=_UNUSUAL)
def scopes_are_spelled_correctly(request: TokenRequest, context: TokenContext) -> Refusal | None:
    return requested_scopes.find_spelling_refusal(
        [scope for scope in _requested_scopes(request, context) if scope not in requested_scopes.CLAIMS]
    )


@check(requires=("family", "server"), after=(refresh_token_is_known,), inputs=_UNUSUAL)
def server_supports_the_scopes(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """The same rules as at the authorization endpoint: user scopes only, in a version and of types that the server grants."""
    requested, server = requested_scopes.parse_resource_scopes(_requested_scopes(request, context)), context.server
    assert isinstance(server, Server)
    if not requested:
        return None
    version = context.client.smart_version if isinstance(context.client, Client) else 2
    bases = _bases_of_family(server, context)
    versions = sorted({server.fhir_versions.get(base, "") for base in bases})
    return (
        requested_scopes.refuse_system_scopes(requested)
        or requested_scopes.refuse_another_version(requested, server.policy, version)
        or requested_scopes.refuse_wildcards(requested, server.policy)
        or requested_scopes.refuse_unknown_types(requested, requested_scopes.types_of(bases, server), versions)
    )


def _requested_scopes(request: TokenRequest, context: TokenContext) -> tuple[str, ...]:
    """Returns the requested scopes, except those that are literally in the grant and need no check."""
    granted = scopes.split(_get_family(context).scope)
    return tuple(scope for scope in requested_scopes.tokens_of(request.parameters.get("scope") or "") if scope not in granted)


@check(
    requires=("family", "client", "server"),
    after=(client_is_registered, scopes_are_spelled_correctly, server_supports_the_scopes),
    inputs=_UNUSUAL,
)
def scopes_are_still_registered(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """Every scope requested by name must be registered. Without `scope`, at least one must be, or the token would grant
    nothing.
    """
    client, server, text = _get_client(context), context.server, request.parameters.get("scope")
    assert isinstance(server, Server)
    granted = _get_family(context).scope
    named = [scope for scope in scopes.split(text or granted) if _is_granted(scope, granted)]
    withdrawn = [scope for scope in named if not is_still_granted(scope, client, server)]
    if not client.scope or not withdrawn or (not text and len(withdrawn) < len(named)):
        return None
    return requested_scopes.make_refusal(refusals.SCOPE_NOT_REGISTERED, withdrawn, registered=client.scope)


@check(
    requires=("family",),
    after=(refresh_token_is_known, scopes_are_separated_by_spaces, scopes_are_spelled_correctly),
    inputs=_UNUSUAL,
)
def scope_is_not_wider_than_granted(request: TokenRequest, context: TokenContext) -> Refusal | None:
    granted, requested = _get_family(context).scope, request.parameters.get("scope") or ""
    refused_elsewhere = _list_unsupported_scopes(request, context)
    wider = tuple(
        scope for scope in scopes.split(requested) if not _is_granted(scope, granted) and scope not in refused_elsewhere
    )
    if not wider or (requested_scopes.CLAIMS.issuperset(wider) and len(wider) < len(scopes.split(requested))):
        return None
    return refusals.REFRESH_SCOPE_EXPANDED(received=requested, wider=wider, granted=granted)


def _list_unsupported_scopes(request: TokenRequest, context: TokenContext) -> frozenset[str]:
    """Returns the requested scopes that no user's token can have here, which `server_supports_the_scopes` refuses."""
    requested, server = requested_scopes.parse_resource_scopes(_requested_scopes(request, context)), context.server
    types = requested_scopes.types_of(_bases_of_family(server, context), server) if isinstance(server, Server) else ()
    missing = requested_scopes.scopes_of_missing_types(requested, types)
    return frozenset(scope.text for scope in requested if scope.level == "system" or scope in missing)


def _bases_of_family(server: Server, context: TokenContext) -> tuple[str, ...]:
    base = _get_family(context).base
    return (base,) if base in server.fhir_bases else server.fhir_bases


def _is_granted(requested: str, granted: str) -> bool:
    """Whether the scope is granted literally, or covered by the granted ones."""
    granted_scopes = scopes.split(granted)
    parsed = scopes.parse(requested)
    if requested in granted_scopes:
        return True
    if parsed is None or not is_enforceable(parsed):
        return False
    return scopes.is_covered(parsed, scopes.parse_scopes(granted_scopes))


def narrow_scope(family: TokenFamily, requested: str | None, client: Client, server: Server) -> str:
    """Returns the next access token's scope: what was requested, or the whole grant (RFC 6749 6), if it would
    still be granted.
    """
    wanted = scopes.split(requested or family.scope)
    return " ".join(scope for scope in wanted if is_still_granted(scope, client, server))


def _get_family(context: TokenContext) -> TokenFamily:
    assert isinstance(context.family, TokenFamily)
    return context.family


def _get_client(context: TokenContext) -> Client:
    assert isinstance(context.client, Client)
    return context.client


def _get_time(context: TokenContext) -> int:
    assert context.now is not UNKNOWN
    return int(context.now)


CHECKS: tuple[Check[TokenRequest, TokenContext], ...] = (
    refresh_token_is_sent,
    refresh_token_is_known,
    refresh_token_was_issued_to_this_client,
    refresh_token_is_not_revoked,
    refresh_token_has_not_expired,
    refresh_token_is_the_newest,
    session_has_not_ended_if_the_token_depends_on_it,
    user_still_exists,
    repeated_request_equals_the_first,
    response_to_a_repeated_request_is_still_valid,
    scopes_are_separated_by_spaces,
    scopes_are_spelled_correctly,
    server_supports_the_scopes,
    scopes_are_still_registered,
    scope_is_not_wider_than_granted,
)
