"""Checks that a calling page's origin (Fetch, Origin header) is one of the app's launch or redirect URIs."""

from __future__ import annotations

from collections.abc import Collection

from sickbay.authorization.checks import check
from sickbay.authorization.contexts import AccessContext, TokenContext
from sickbay.authorization.models import Client, Policy, Server
from sickbay.authorization.refusals import request as refusals
from sickbay.authorization.requests import AccessRequest, TokenRequest
from sickbay.kernel.checks import Check, Examination, Refusal, RefusalType
from sickbay.protocol import urls

NAME = refusals.CORS_ORIGIN_NOT_REGISTERED.name


def registered_origins(client: Client) -> tuple[str, ...]:
    """Returns the origins of this app in the form that browsers send: without the default port."""
    urls_of_app = (client.launch_uri or "", *client.redirect_uris)
    return tuple(dict.fromkeys(origin for url in urls_of_app if (origin := urls.origin_of(url))))


def find_foreign(request: TokenRequest | AccessRequest, context: TokenContext | AccessContext) -> tuple[str, ...] | None:
    """Returns the app's registered origins if the calling page's origin isn't one of them; otherwise None."""
    sent = request.headers.get("origin")
    if sent is None or not isinstance(context.client, Client):
        return None
    own = registered_origins(context.client)
    return None if sent in own else own


def may_send_credentials(policy: Policy, sent: str | None, own: Collection[str]) -> bool:
    """Whether a page of this origin may use `credentials: include`. `own`: the origins registered at the tenant."""
    return policy.credentialed_cors and sent is not None and sent in own


def _refuse_origin(
    request: TokenRequest | AccessRequest, context: TokenContext | AccessContext, kind: RefusalType
) -> Refusal | None:
    own = find_foreign(request, context)
    strict = isinstance(context.server, Server) and context.server.policy.strict_cors
    if own is None or not strict:
        return None
    return kind(received=request.headers["origin"], registered=own)


@check(requires=("client", "server"), inputs="from_page")
def origin_of_the_page_is_registered_if_sent(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """Runs at the token endpoint if the policy has strict_cors; otherwise it is advice."""
    return _refuse_origin(request, context, refusals.CORS_ORIGIN_NOT_REGISTERED)


@check(requires=("client", "server"), inputs="from_page")
def origin_of_the_page_may_read_the_record_if_sent(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """The same check at the FHIR server."""
    return _refuse_origin(request, context, refusals.CORS_ORIGIN_NOT_REGISTERED_FOR_FHIR)


def is_withheld(examination: Examination) -> bool:
    """Whether no page may read the response, so that it is sent without Access-Control-Allow-Origin."""
    return any(refusal.name == NAME for refusal in examination.refusals)


TOKEN_CHECKS: tuple[Check[TokenRequest, TokenContext], ...] = (origin_of_the_page_is_registered_if_sent,)
ACCESS_CHECKS: tuple[Check[AccessRequest, AccessContext], ...] = (origin_of_the_page_may_read_the_record_if_sent,)
