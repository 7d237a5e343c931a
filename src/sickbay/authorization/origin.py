"""The origin of the page that calls (Fetch, Origin header): one of the app's own, by its launch and redirect URIs."""

from __future__ import annotations

from collections.abc import Collection

from sickbay.authorization.contexts import AccessContext, TokenContext
from sickbay.authorization.models import Client, Policy, Server
from sickbay.authorization.refusals import request as refusals
from sickbay.authorization.requests import AccessRequest, TokenRequest
from sickbay.kernel.checks import Check, Examination, Refusal, RefusalType, check
from sickbay.protocol import urls

NAME = refusals.CORS_ORIGIN_NOT_REGISTERED.name


def registered(client: Client) -> tuple[str, ...]:
    """Origins of this app, as a browser writes them: without the default port."""
    every = (client.launch_uri or "", *client.redirect_uris)
    return tuple(dict.fromkeys(one for address in every if (one := urls.origin(address))))


def foreign(request: TokenRequest | AccessRequest, known: TokenContext | AccessContext) -> tuple[str, ...] | None:
    """The origins that the app registered, where a page of another one calls; else None."""
    sent = request.headers.get("origin")
    if sent is None or not isinstance(known.client, Client):
        return None
    own = registered(known.client)
    return None if sent in own else own


def may_send_credentials(policy: Policy, sent: str | None, own: Collection[str]) -> bool:
    """Whether the browser may let a page of this origin use `credentials: include`. `own`: registered at the hospital."""
    return policy.credentialed_cors and sent is not None and sent in own


def _refused(request: TokenRequest | AccessRequest, known: TokenContext | AccessContext, kind: RefusalType) -> Refusal | None:
    own = foreign(request, known)
    strict = isinstance(known.server, Server) and known.server.policy.strict_cors
    if own is None or not strict:
        return None
    return kind(received=request.headers["origin"], registered=own)


@check(requires=("client", "server"))
def page_is_of_a_registered_origin(request: TokenRequest, known: TokenContext) -> Refusal | None:
    """At the token endpoint, under the policy strict_cors; elsewhere it is advice."""
    return _refused(request, known, refusals.CORS_ORIGIN_NOT_REGISTERED)


@check(requires=("client", "server"))
def page_may_read_the_record(request: AccessRequest, known: AccessContext) -> Refusal | None:
    """The same at the FHIR server."""
    return _refused(request, known, refusals.CORS_ORIGIN_NOT_REGISTERED_FOR_FHIR)


def withheld(examination: Examination) -> bool:
    """Whether no page may read the answer: then it goes out without Access-Control-Allow-Origin."""
    return any(one.name == NAME for one in examination.refusals)


TOKEN_CHECKS: tuple[Check[TokenRequest, TokenContext], ...] = (page_is_of_a_registered_origin,)
ACCESS_CHECKS: tuple[Check[AccessRequest, AccessContext], ...] = (page_may_read_the_record,)
