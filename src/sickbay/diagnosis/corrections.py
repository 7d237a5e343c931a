"""Functions that the rules use to correct a request."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from msgspec import structs

from sickbay.authorization.contexts import AuthorizeContext, TokenContext
from sickbay.authorization.models import Client
from sickbay.authorization.requests import (
    AccessRequest,
    AuthorizeRequest,
    LogoutRequest,
    RegistrationRequest,
    TokenRequest,
    UrlRequest,
)
from sickbay.diagnosis import placeholders
from sickbay.kernel.checks import Facts
from sickbay.protocol import basic
from sickbay.protocol.parameters import Parameters
from sickbay.protocol.scope_spelling import read_spelling
from sickbay.protocol.scopes import decode_again

Q = TypeVar("Q")
R = TypeVar("R", AuthorizeRequest, TokenRequest, RegistrationRequest)
P = TypeVar("P", AuthorizeRequest, TokenRequest, LogoutRequest, RegistrationRequest)

_WELL_FORMED = "A" * 43
"""A valid verifier, which is also a valid challenge."""


def fill_pkce_placeholders(request: Q) -> Q:
    """The request as it is examined: the PKCE placeholders count as well-formed values."""
    if not isinstance(request, AuthorizeRequest | TokenRequest):
        return request
    pkce = {"code_challenge": placeholders.PLACEHOLDER_CHALLENGE, "code_verifier": placeholders.PLACEHOLDER_VERIFIER}
    names = [name for name, placeholder in pkce.items() if request.parameters.get(name) == placeholder]
    changes = [(name, _WELL_FORMED) for name in names]
    return structs.replace(request, parameters=request.parameters.replace(changes)) if changes else request


def set_parameters(request: P, *changes: tuple[str, str | None]) -> P:
    """Sets each parameter once to its new value; None removes it. The raw text is dropped, since it is no longer right."""
    if isinstance(request, RegistrationRequest):
        return request
    changed = structs.replace(request, parameters=request.parameters.replace(changes))
    return structs.replace(changed, raw="", received=Parameters()) if isinstance(changed, AuthorizeRequest) else changed


def drop_raw_text(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    """Drops the raw text: the parsed parameters are already correct."""
    return structs.replace(request, raw="", received=Parameters())


def tokens_of(request: AuthorizeRequest | TokenRequest | RegistrationRequest) -> tuple[str, ...]:
    """The scopes of the request, whatever separates them."""
    text = request.scope if isinstance(request, RegistrationRequest) else request.parameters.get("scope")
    return read_spelling(decode_again(text or "")).tokens


def advise_if_sent_before(name: str) -> Callable[[AuthorizeRequest, AuthorizeContext], Facts | None]:
    """Advises if this parameter has the same value as in an earlier request."""

    def advises(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
        value = request.parameters.get(name)
        return {"received": value} if (name, value) in context.seen else None

    return advises


def set_from_fact(name: str, fact: str) -> Callable[[P, Facts], P]:
    """A correction that sets the parameter `name` to the fact `fact`. Without that fact, it changes nothing."""
    return lambda request, facts: set_parameters(request, (name, facts[fact])) if facts.get(fact) else request


def new_code(request: TokenRequest) -> TokenRequest:
    return set_parameters(request, ("code", placeholders.PLACEHOLDER_CODE))


def new_verifier(request: TokenRequest) -> TokenRequest:
    """Replaces the code as well, because only the app knows the verifier that belongs to this one."""
    return set_parameters(new_code(request), ("code_verifier", placeholders.PLACEHOLDER_VERIFIER))


def new_refresh_token(request: TokenRequest) -> TokenRequest:
    return set_parameters(request, ("refresh_token", placeholders.PLACEHOLDER_REFRESH))


def new_token(request: AccessRequest) -> AccessRequest:
    return structs.replace(request, headers={**request.headers, "authorization": f"Bearer {placeholders.PLACEHOLDER_TOKEN}"})


def set_client_id(fact: str) -> Callable[[Any, Facts], Any]:
    """A correction that sets the client ID to the fact `fact`, in the Basic header if there is one, else in the parameter."""

    def repair(request: Any, facts: Facts) -> Any:
        header = request.headers.get("authorization", "") if isinstance(request, TokenRequest) else ""
        pair = basic.read(header).decoded if basic.is_basic(header) else None
        if not pair or not facts.get(fact):
            return set_from_fact("client_id", fact)(request, facts)
        return structs.replace(request, headers={**request.headers, "authorization": basic.write(facts[fact], pair[1])})

    return repair


def add_client_secret(request: TokenRequest, facts: Facts) -> TokenRequest:
    """Adds the registered secret if it is known (offline), otherwise a placeholder. A live server has only its hash."""
    from sickbay.authorization.token.client_authentication import registered_method  # other corrections don't need it

    context = facts.get("known")
    if not isinstance(context, TokenContext) or not isinstance(context.client, Client) or context.client.client != "symmetric":
        return request
    secret = context.secret or placeholders.PLACEHOLDER_SECRET
    if registered_method(context.client) == "client_secret_post":
        pairs = [("client_id", context.client.client_id), ("client_secret", secret)]
        return structs.replace(request, parameters=request.parameters.replace(pairs))
    headers = {**request.headers, "authorization": basic.write(context.client.client_id, secret)}
    without_credentials = request.parameters.replace([("client_id", None), ("client_secret", None)])
    return structs.replace(request, headers=headers, parameters=without_credentials)


def set_placeholder(name: str) -> Callable[[P], P]:
    """Inserts the placeholder of a parameter whose value only the app or the EHR knows."""
    return lambda request: set_parameters(request, (name, placeholders.placeholder_for(name)))


def set_value(name: str, value: str | None) -> Callable[[Any, Facts], Any]:
    """A correction that sets or (None) removes a parameter of a request. Responses stay unchanged."""
    return lambda request, facts: request if isinstance(request, UrlRequest) else set_parameters(request, (name, value))


def set_scopes(request: R, new: list[str]) -> R:
    """Sets the scopes of an authorization request, a token request or a registration."""
    if isinstance(request, RegistrationRequest):
        return structs.replace(request, scope=" ".join(dict.fromkeys(scope for scope in new if scope)))
    return set_parameters(request, ("scope", " ".join(dict.fromkeys(scope for scope in new if scope)) or None))


def swap_scopes(request: R, facts: Facts) -> R:
    """Replaces each scope in the fact `scopes` with the one at the same index of `corrected`; "" removes it."""
    swaps = dict(zip(facts["scopes"], facts.get("corrected") or facts.get("likely") or (), strict=False))
    if not swaps:
        return request
    return set_scopes(request, [swaps.get(token, token) for token in tokens_of(request)])


def drop_scopes(request: R, facts: Facts) -> R:
    """Removes the scopes in the fact `scopes`."""
    return set_scopes(request, [token for token in tokens_of(request) if token not in facts["scopes"]])


def add_scopes(request: R, *names: str) -> R:
    return set_scopes(request, [*(name for name in names if name not in tokens_of(request)), *tokens_of(request)])


def request_also(scope: str) -> Callable[[Any, Facts], Any]:
    """A correction that requests one more scope."""
    return lambda request, facts: add_scopes(request, scope)


def correct_launch(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    """Uses the code of an active launch. If there is none, makes this a standalone launch: `launch/patient` and no code."""
    context = facts.get("known")
    code = context.live_launch if isinstance(context, AuthorizeContext) else None
    requested = list(tokens_of(request))
    if code:
        scoped = requested if not requested or "launch" in requested else ["launch", *requested]
        return set_parameters(set_scopes(request, scoped) if requested else request, ("launch", code))
    if not _may_request(context, "launch/patient"):
        return set_parameters(request, ("launch", placeholders.PLACEHOLDER_LAUNCH))
    standalone = set_parameters(request, ("launch", None))
    if "launch" not in requested and not any(scope.startswith("patient/") for scope in requested):
        return standalone
    return set_scopes(standalone, ["launch/patient" if scope == "launch" else scope for scope in requested])


def _may_request(context: object, scope: str) -> bool:
    """Whether the app is registered for this scope. True if the app is unknown."""
    client = context.client if isinstance(context, AuthorizeContext) else None
    return not isinstance(client, Client) or scope in read_spelling(client.scope).tokens


def correct_context(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    """Requests a patient for the patient/ scopes: from the launch code that was sent, from an active launch, or by a picker."""
    context = facts.get("known")
    if request.parameters.get("launch"):
        return add_scopes(request, "launch")
    if isinstance(context, AuthorizeContext) and context.live_launch:
        return set_parameters(add_scopes(request, "launch"), ("launch", context.live_launch))
    return add_scopes(request, "launch/patient")


def set_member(name: str) -> Callable[[RegistrationRequest, Facts], RegistrationRequest]:
    """A correction that sets a member of a registration to the fact `expected`."""
    return lambda request, facts: structs.replace(request, **{name: facts["expected"]})


def reset_member(name: str, value: object) -> Callable[[RegistrationRequest, Facts], RegistrationRequest]:
    """A correction that sets a member of a registration to the value that it has if it wasn't sent."""
    return lambda request, facts: structs.replace(request, **{name: value})


def set_header(name: str, value: str | None = None) -> Callable[[AccessRequest, Facts], AccessRequest]:
    """A correction that sets the header `name` of a FHIR request to `value`, or else to the fact `expected`."""

    def repair(request: AccessRequest, facts: Facts) -> AccessRequest:
        return structs.replace(request, headers={**request.headers, name: value or facts["expected"]})

    return repair


_CHALLENGE = re.compile(rf"(?<=code_challenge=){placeholders.PLACEHOLDER_CHALLENGE}(?=[&#\s]|$)")


def fill_challenge(corrected: Mapping[str, Any], verifier: str) -> dict[str, Any] | None:
    """A copy of the corrected request with the challenge in its URL and body; None if there is no placeholder in them."""
    parts = {name: corrected[name] for name in ("url", "body") if isinstance(corrected.get(name), str)}
    if not any(_CHALLENGE.search(text) for text in parts.values()):
        return None
    from sickbay.protocol import pkce  # OpenSSL takes a while to load, and other corrections don't need it

    challenge = pkce.make_challenge(verifier)
    return {**corrected, **{name: _CHALLENGE.sub(challenge, text) for name, text in parts.items()}}


def insert_fresh_pkce(exchange: Mapping[str, Any], verifier: str) -> Mapping[str, Any]:
    """The JSON of an exchange, with the placeholder in `corrected` filled and the verifier as `code_verifier`."""
    corrected = fill_challenge(exchange.get("corrected") or {}, verifier)
    return {**exchange, "corrected": corrected, "code_verifier": verifier} if corrected else exchange


def verifier_note(exchange: Mapping[str, Any]) -> str:
    """Tells the reader of a page the new verifier; "" if there is none."""
    verifier = exchange.get("code_verifier")
    text = f"code_challenge belongs to this new code_verifier: {verifier}. Keep the verifier for the token request"
    return f"{text}; Sickbay doesn't store it." if verifier else ""


def example_note(corrected: Iterable[tuple[str, str]]) -> str:
    """Tells the reader which parameters of a corrected request have the same value on every page; "" if none has."""
    examples = {"state": placeholders.EXAMPLE_STATE, "nonce": placeholders.EXAMPLE_NONCE}
    names = [name for name, value in corrected if examples.get(name) == value]
    verb = "are example values" if len(names) > 1 else "is an example value"
    return f"{' and '.join(names)} {verb}. Generate a random one for each request." if names else ""
