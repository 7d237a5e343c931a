"""Identifies and authenticates the client of a token request (RFC 6749 2.3, 3.2.1; SMART 2.2, Client Authentication).

Secrets are compared only as SHA-256 hashes, in constant time, and never appear in a refusal's facts.
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from hashlib import sha256
from typing import Literal, TypeAlias

from sickbay.authorization.checks import check
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.likely_clients import guess_client
from sickbay.authorization.models import UNKNOWN_SERVER, Client, Policy
from sickbay.authorization.refusals import client_authentication as refusals
from sickbay.authorization.requests import TokenRequest
from sickbay.kernel.checks import Check, Refusal, RefusalType
from sickbay.protocol import jose

Reading: TypeAlias = Literal["decoded", "raw"]
TokenCheck: TypeAlias = Check[TokenRequest, TokenContext]

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@check()
def failed_attempts_are_below_the_limit(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """Runs before all other checks. A client that has to wait gets no other information."""
    return guesses_too_many(context.waits) if context.waits else None


def guesses_too_many(seconds: int) -> Refusal:
    """Returns the refusal after too many failed attempts of a client or user (RFC 6585 4)."""
    return refusals.GUESSES_TOO_MANY(seconds=seconds)


def hash_secret(secret: str) -> str:
    """Returns the SHA-256 in hex: the form in which secrets, codes and tokens are stored."""
    return sha256(secret.encode()).hexdigest()


def find_matching_reading(request: TokenRequest, client: Client) -> Reading | None:
    """Returns the form of the secret that matches the registered one: form-decoded (RFC 6749 2.3.1) or raw."""
    return next(iter(_readings_of_secret(request, client)), None)


_BOTH: tuple[Reading, ...] = ("decoded", "raw")


def _readings_of_secret(request: TokenRequest, client: Client) -> tuple[Reading, ...]:
    """For a secret without special characters, both readings are the same."""
    header_credentials = request.presented.basic
    if header_credentials is None:
        return _BOTH if _is_secret(request.parameters.get("client_secret") or "", client) else ()
    decoded, raw = header_credentials.decoded, header_credentials.raw
    if decoded and decoded == raw:
        return _BOTH if _is_secret(decoded[1], client) else ()
    pairs = zip(_BOTH, (decoded, raw), strict=True)
    return tuple(name for name, pair in pairs if pair and _is_secret(pair[1], client))


PADDING = " \t\r\n\"'"


def list_secrets(request: TokenRequest) -> tuple[str, ...]:
    """Returns the secrets sent, in both readings."""
    header_credentials = request.presented.basic
    pairs = (header_credentials.decoded, header_credentials.raw) if header_credentials else ()
    return tuple(secret for secret in (request.parameters.get("client_secret"), *(pair[1] for pair in pairs if pair)) if secret)


def _is_padded(request: TokenRequest, client: Client) -> bool:
    """Whether surrounding spaces or quotation marks are the only difference. Used for the explanation."""
    header_credentials = request.presented.basic
    sent = (
        header_credentials.decoded[1]
        if header_credentials and header_credentials.decoded
        else request.parameters.get("client_secret") or ""
    )
    return _is_secret(sent.strip(PADDING), client)


def _is_secret(text: str, client: Client) -> bool:
    return hmac.compare_digest(hash_secret(text), client.secret_hash or "")


def _set_status(request: TokenRequest, refusal: Refusal) -> Refusal:
    """Sets 401, with WWW-Authenticate, if the client used the Authorization header; 400 otherwise (RFC 6749 5.2)."""
    return replace(refusal, status=401) if "authorization" in request.headers else refusal


def _refuse_invalid(request: TokenRequest, kind: RefusalType, **facts: object) -> Refusal:
    return _set_status(request, kind(grant_type=request.parameters.get("grant_type"), **facts))


@check()
def authorization_header_is_basic_if_sent(request: TokenRequest, context: TokenContext) -> Refusal | None:
    """The header must be Basic or absent: a Bearer header doesn't authenticate a client here."""
    header = request.headers.get("authorization", "")
    if not header or request.presented.basic is not None:
        return None
    scheme = header.partition(" ")[0] if " " in header else ""
    if scheme.lower() == "bearer":
        return _refuse_invalid(request, refusals.ASSERTION_AS_BEARER, received=scheme)
    return _refuse_invalid(request, refusals.BASIC_MALFORMED, fault="scheme", received=scheme)


@check()
def basic_header_is_well_formed_if_sent(request: TokenRequest, context: TokenContext) -> Refusal | None:
    read = request.presented.basic
    if read is None or read.fault is None:
        return None
    return _refuse_invalid(request, refusals.BASIC_MALFORMED, fault=read.fault)


@check()
def only_one_authentication_method_is_used(request: TokenRequest, context: TokenContext) -> Refusal | None:
    methods = request.presented.methods
    if len(methods) <= 1:
        return None
    return refusals.CLIENT_AUTH_MULTIPLE(received=methods)


@check(after=(authorization_header_is_basic_if_sent, basic_header_is_well_formed_if_sent))
def client_is_identified(request: TokenRequest, context: TokenContext) -> Refusal | None:
    if request.claimed or request.parameters.get("client_assertion"):  # another check explains an unreadable one
        return None
    owner = context.owner.client_id if context.owner else None
    registered = context.client.client_id if isinstance(context.client, Client) else owner
    at_refresh = request.parameters.get("grant_type") == "refresh_token"
    kind = refusals.CLIENT_AUTH_MISSING if at_refresh else refusals.CLIENT_ID_MISSING_IN_BODY
    facts = {"received": None, "expected": registered, "registered": "client_id in the body"}
    return _refuse_invalid(request, kind, **facts, **({"owner": owner} if owner else {}))


@check()
def client_ids_are_equal_if_both_are_sent(request: TokenRequest, context: TokenContext) -> Refusal | None:
    read, body = request.presented.basic, request.parameters.get("client_id")
    if read is None or read.decoded is None or read.raw is None or not body or body in (read.decoded[0], read.raw[0]):
        return None
    return refusals.CLIENT_ID_DUPLICATED(received=body, expected=read.decoded[0])


@check(requires=("client",), after=(client_is_identified,))
def client_is_registered(request: TokenRequest, context: TokenContext) -> Refusal | None:
    if context.client is not None:
        return None
    sent = request.parameters.get("client_assertion") or ""
    if request.claimed is None and jose.decode_unverified(sent) is None:  # no other client is named
        return _refuse_invalid(request, refusals.ASSERTION_NOT_JWT, problem=jose.find_fault(sent))
    header_credentials = request.presented.basic
    if header_credentials is not None and header_credentials.decoded and header_credentials.decoded[1] in context.others:
        return _refuse_invalid(request, refusals.BASIC_SWAPPED, received=None, expected=header_credentials.decoded[1])
    pending = {} if context.live_at is None else {"live_at": context.live_at}
    likely = guess_client(request.claimed, request.parameters.get("redirect_uri"), context.newest_clients)
    facts = {"received": request.claimed, "others": list(context.others), **pending, **likely}
    if (
        context.live_at is None
        and request.presented.methods == ("private_key_jwt",)
        and not request.parameters.get("client_id")
    ):
        return _refuse_invalid(
            request, refusals.ASSERTION_CLIENT_MISMATCH, received=request.named_issuer, expected="a client registered here"
        )
    return _set_status(request, refusals.CLIENT_ID_UNKNOWN.with_facts(facts))


@check(
    requires=("client",),
    after=(client_is_registered, authorization_header_is_basic_if_sent, basic_header_is_well_formed_if_sent),
)
def credentials_are_sent_if_the_client_has_any(request: TokenRequest, context: TokenContext) -> Refusal | None:
    client = _get_client(context)
    if client.client == "public" or request.presented.methods:
        return None
    kind = refusals.ASSERTION_MISSING if client.client == "asymmetric" else refusals.CLIENT_AUTH_MISSING
    return _refuse_invalid(request, kind, received=None, registered=registered_method(client))


@check(requires=("client",), after=(client_is_registered,))
def public_client_sends_no_secret(request: TokenRequest, context: TokenContext) -> Refusal | None:
    methods = request.presented.methods
    if _get_client(context).client != "public" or not methods:
        return None
    if (
        methods == ("client_secret_basic",)
        and is_empty_basic(request)
        and (context.server or UNKNOWN_SERVER).policy.empty_basic
    ):
        return None
    return _refuse_invalid(request, refusals.PUBLIC_CLIENT_SENT_SECRET, received=methods)


@check(requires=("client",), after=(credentials_are_sent_if_the_client_has_any, only_one_authentication_method_is_used))
def authentication_method_is_the_registered_one(request: TokenRequest, context: TokenContext) -> Refusal | None:
    client, methods = _get_client(context), request.presented.methods
    if client.client == "public" or methods[0] in _accepted_methods(client, (context.server or UNKNOWN_SERVER).policy):
        return None
    expected = next(iter(_accepted_methods(client, (context.server or UNKNOWN_SERVER).policy)), registered_method(client))
    return _refuse_invalid(request, refusals.CLIENT_AUTH_METHOD_MISMATCH, received=methods[0], registered=expected)


@check(
    requires=("client", "secret_known"),
    after=(authentication_method_is_the_registered_one, client_ids_are_equal_if_both_are_sent),
)
def client_secret_is_right_if_the_client_has_one(request: TokenRequest, context: TokenContext) -> Refusal | None:
    client = _get_client(context)
    if client.client != "symmetric":
        return None
    method = request.presented.methods[0]
    readings = _readings_of_secret(request, client)
    if not readings:
        padded = {"padded": True} if _is_padded(request, client) else {}
        return _refuse_invalid(request, refusals.CLIENT_SECRET_WRONG, received=method, **padded)
    required = (context.server or UNKNOWN_SERVER).policy.basic_secret
    if required == "either" or required in readings or method != "client_secret_basic":
        return None
    kind = refusals.BASIC_URLENCODED_MISMATCH if required == "raw" else refusals.BASIC_NOT_URLENCODED
    return _refuse_invalid(request, kind, compares=required)


def is_empty_basic(request: TokenRequest) -> bool:
    """Whether the header names a client but has no secret, so it only identifies the client (RFC 6749 2.3.1)."""
    header_credentials = request.presented.basic
    return (
        header_credentials is not None
        and header_credentials.fault is None
        and header_credentials.decoded is not None
        and not header_credentials.decoded[1]
    )


def registered_method(client: Client) -> str:
    """Returns the method that this client should use, as an RFC 7591 value."""
    kinds = {"public": "none", "symmetric": "client_secret_basic", "asymmetric": "private_key_jwt"}
    return client.auth_method or kinds[client.client]


def _accepted_methods(client: Client, policy: Policy) -> tuple[str, ...]:
    """A symmetric client registered without a method may use either secret method that the policy allows."""
    if client.client == "asymmetric":
        return ("private_key_jwt",)
    methods = (client.auth_method,) if client.auth_method else ("client_secret_basic", "client_secret_post")
    return tuple(method for method in methods if method in policy.auth_methods)


def _get_client(context: TokenContext) -> Client:
    assert isinstance(context.client, Client)
    return context.client


CHECKS: tuple[TokenCheck, ...] = (
    authorization_header_is_basic_if_sent,
    basic_header_is_well_formed_if_sent,
    only_one_authentication_method_is_used,
    client_is_identified,
    client_ids_are_equal_if_both_are_sent,
    client_is_registered,
    credentials_are_sent_if_the_client_has_any,
    public_client_sends_no_secret,
    authentication_method_is_the_registered_one,
    client_secret_is_right_if_the_client_has_one,
)
