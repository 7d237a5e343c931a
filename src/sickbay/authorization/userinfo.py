"""UserInfo (OpenID Connect Core 5.3): the claims of the signed-in user, for an app with the scope openid."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from sickbay.authorization import access
from sickbay.authorization.access import bearer
from sickbay.authorization.access.bearer import AccessCheck
from sickbay.authorization.checks import check
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, User
from sickbay.authorization.refusals import token_lookup as refusals
from sickbay.authorization.requests import AccessRequest
from sickbay.authorization.token import id_token
from sickbay.kernel.checks import Refusal
from sickbay.protocol import scopes
from sickbay.protocol.parameters import Parameters, parse


@check(requires=("token",), after=(bearer.token_is_known,))
def openid_was_granted(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """The token also needs a user: a token issued without one has no claims to return."""
    token = context.token
    if isinstance(token, AccessToken) and token.user and id_token.is_due(token.scope):
        return None
    granted = scopes.split(token.scope) if isinstance(token, AccessToken) else ()
    return refusals.USERINFO_WITHOUT_OPENID(needed="openid", held=granted)


def move_token_to_header(request: AccessRequest) -> AccessRequest:
    """Moves the token of a form body into the Authorization header (RFC 6750, 2.2). If the request has a token in both places,
    the body's parameters stay and the request is refused (RFC 6750, 2).
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method != "POST" or kind != FORM:
        return request
    sent = parse(request.body)
    tokens = sent.all("access_token")
    if len(tokens) == 1 and tokens[0] and "authorization" not in request.headers:
        return structs.replace(request, headers={**request.headers, "authorization": f"Bearer {tokens[0]}"})
    return structs.replace(request, parameters=Parameters((*request.parameters.pairs, *sent.pairs))) if tokens else request


FORM = "application/x-www-form-urlencoded"
CHECKS: tuple[AccessCheck, ...] = (*access.TOKEN_CHECKS, openid_was_granted)


def list_claims(token: AccessToken, user: User, base: str) -> dict[str, Any]:
    """Returns the id_token's claims about the user, and the name if the app has the scope profile. base: for their URLs."""
    claims = id_token.make_claims(
        issuer=token.issuer, client_id=token.client_id, user=user, base=base, scope=token.scope, now=0
    )
    display_name = user.name if "profile" in scopes.split(token.scope) else None
    members = {name: claims.get(name) for name in ("sub", "fhirUser", "profile")} | {"name": display_name or None}
    return {name: value for name, value in members.items() if value is not None}
