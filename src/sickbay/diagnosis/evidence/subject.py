"""A request about a token, for introspection, revocation or user info: as a case has it."""

from __future__ import annotations

from dataclasses import fields

from sickbay.authorization.access import bearer
from sickbay.authorization.contexts import AccessContext, SubjectContext, TokenContext
from sickbay.authorization.models import User
from sickbay.authorization.requests import AccessRequest, TokenRequest
from sickbay.diagnosis.evidence import access, token
from sickbay.diagnosis.evidence import context as read
from sickbay.diagnosis.evidence.context import Json
from sickbay.kernel.checks import UNKNOWN, Unknown
from sickbay.protocol.parameters import parse


def known(given: Json, asked: TokenRequest) -> SubjectContext:
    """The token asked about is looked up among `context.tokens`, then among `context.refresh_tokens`."""
    context, base = given.get("context", {}), token.known(given, asked)
    sent = asked.parameters.get("token")
    held = {field.name: getattr(base, field.name) for field in fields(TokenContext)}
    caller = read.token(context, bearer(AccessRequest(asked.method, "", "", headers=asked.headers)))
    subject = read.token(context, sent) or read.family(context, sent)
    return SubjectContext(**held, subject=subject, caller=caller, user=person(context))


def userinfo(given: Json) -> AccessRequest:
    headers = {name.lower(): str(value) for name, value in given.get("headers", {}).items()}
    address, _, query = str(given.get("url", "")).partition("?")
    method, body = str(given.get("method", "GET")).upper(), str(given.get("body") or "")
    return AccessRequest(method, "", "", parse(query), headers, interaction="userinfo", url=address, body=body)


def known_of_userinfo(given: Json, asked: AccessRequest) -> AccessContext:
    context = given.get("context", {})
    return AccessContext(
        now=read.now(context),
        server=read.server(context),
        client=read.client(context),
        token=read.token(context, bearer(asked)),
        user=person(context),
    )


def person(context: Json) -> User | Unknown:
    """`context.user`: the one whose token it is."""
    given = context.get("user")
    return User(given["username"], "", given.get("fhir_user", "")) if given else UNKNOWN


def unread_introspection(asked: TokenRequest) -> dict[str, object]:
    return {**token.to_evidence(asked), "kind": "introspection_request"}


def unread_revocation(asked: TokenRequest) -> dict[str, object]:
    return {**token.to_evidence(asked), "kind": "revocation_request"}


def unread_userinfo(asked: AccessRequest) -> dict[str, object]:
    return {**access.to_evidence(asked), "kind": "userinfo_request"}
