"""Reads a request for introspection, revocation or UserInfo from a case."""

from __future__ import annotations

from msgspec import structs

from sickbay.authorization.access.bearer import read_bearer
from sickbay.authorization.contexts import AccessContext, SubjectContext
from sickbay.authorization.models import User
from sickbay.authorization.requests import AccessRequest, TokenRequest
from sickbay.diagnosis.evidence import context as read
from sickbay.diagnosis.evidence import token
from sickbay.diagnosis.evidence.context import Json
from sickbay.kernel.checks import UNKNOWN, Unknown
from sickbay.protocol.parameters import parse


def context_of(evidence: Json, request: TokenRequest) -> SubjectContext:
    """The token in question is looked up in `context.tokens`, then in `context.refresh_tokens`."""
    context, base = evidence.get("context", {}), token.context_of(evidence, request)
    sent = request.parameters.get("token")
    caller = read.find_token(context, read_bearer(AccessRequest(request.method, "", "", headers=request.headers)))
    subject = read.find_token(context, sent) or read.find_family(context, sent)
    return SubjectContext(**structs.asdict(base), subject=subject, caller=caller, user=read_user(context))


def read_userinfo_request(evidence: Json) -> AccessRequest:
    headers = {name.lower(): str(value) for name, value in evidence.get("headers", {}).items()}
    address, _, query = str(evidence.get("url", "")).partition("?")
    method, body = str(evidence.get("method", "GET")).upper(), str(evidence.get("body") or "")
    return AccessRequest(method, "", "", parse(query), headers, interaction="userinfo", url=address, body=body)


def read_userinfo_context(evidence: Json, request: AccessRequest) -> AccessContext:
    context = evidence.get("context", {})
    return AccessContext(
        now=read.read_now(context),
        server=read.read_server(context),
        client=read.read_client(context),
        token=read.find_token(context, read_bearer(request)),
        user=read_user(context),
    )


def read_user(context: Json) -> User | Unknown:
    """`context.user`: the user that the token was issued for."""
    evidence = context.get("user")
    return User(evidence["username"], "", evidence.get("fhir_user", "")) if evidence else UNKNOWN
