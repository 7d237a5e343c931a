"""What repairs share: an authorization request with other parameters or other scopes, written anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any, TypeVar

from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Client
from sickbay.authorization.requests import (
    AccessRequest,
    AuthorizeRequest,
    LogoutRequest,
    RegistrationRequest,
    TokenRequest,
)
from sickbay.kernel.checks import Facts
from sickbay.protocol import basic
from sickbay.protocol.parameters import Parameters
from sickbay.protocol.scope_spelling import spelling

Q = TypeVar("Q")
R = TypeVar("R", AuthorizeRequest, TokenRequest, RegistrationRequest)
P = TypeVar("P", AuthorizeRequest, TokenRequest, LogoutRequest, RegistrationRequest)

EXAMPLE_STATE = "Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E"
EXAMPLE_NONCE = "n-7Qk2vZs0Yt9LmXc4RbWd6Hf1"

PLACEHOLDER_CHALLENGE = "CODE_CHALLENGE"
"""For the hash of a verifier that only the app can create and keep."""

PLACEHOLDER_CLIENT_ID = "CLIENT-ID-OF-YOUR-APP"
"""Stands where several apps are registered, and none can be told."""

PLACEHOLDER_SECRET = "YOUR_CLIENT_SECRET"
"""Stands where only the app has the secret."""

PLACEHOLDER_CODE = "CODE-OF-YOUR-REDIRECT"
PLACEHOLDER_VERIFIER = "CODE_VERIFIER"
PLACEHOLDER_REFRESH = "REFRESH-TOKEN-OF-YOUR-APP"
PLACEHOLDER_TOKEN = "ACCESS-TOKEN-OF-YOUR-APP"
"""Stand where what was sent is spent, or was never there."""

PLACEHOLDER_LAUNCH = "LAUNCH-VALUE-OF-YOUR-LAUNCH-URL"
"""Stands where only the EHR can say the code."""

PLACES = frozenset(
    (
        PLACEHOLDER_CHALLENGE,
        PLACEHOLDER_CODE,
        PLACEHOLDER_VERIFIER,
        PLACEHOLDER_REFRESH,
        PLACEHOLDER_TOKEN,
        PLACEHOLDER_LAUNCH,
        PLACEHOLDER_CLIENT_ID,
    )
)
"""Placeholders never match a stored value."""

_WELL_FORMED = "A" * 43
"""Has the form of a verifier and of a challenge."""


def with_well_formed_pkce(request: Q) -> Q:
    """The request as it is examined: the PKCE placeholders count as well-formed values."""
    if not isinstance(request, AuthorizeRequest | TokenRequest):
        return request
    placeholders = {"code_challenge": PLACEHOLDER_CHALLENGE, "code_verifier": PLACEHOLDER_VERIFIER}
    names = [name for name, placeholder in placeholders.items() if request.parameters.get(name) == placeholder]
    changes = [(name, _WELL_FORMED) for name in names]
    return replace(request, parameters=request.parameters.replaced(changes)) if changes else request


def with_parameters(request: P, *changes: tuple[str, str | None]) -> P:
    """Each name set once to its new value, None removed; what was mended in reading stays mended."""
    if isinstance(request, RegistrationRequest):
        return request
    mended = replace(request, parameters=request.parameters.replaced(changes))
    return replace(mended, raw="", received=Parameters()) if isinstance(mended, AuthorizeRequest) else mended


def tokens_of(request: AuthorizeRequest | TokenRequest | RegistrationRequest) -> tuple[str, ...]:
    """The scopes of any request that has some, however they are separated."""
    text = request.scope if isinstance(request, RegistrationRequest) else request.parameters.get("scope")
    return spelling(text or "").tokens


def sent_before(name: str) -> Callable[[AuthorizeRequest, AuthorizeContext], Facts | None]:
    """Advice where this parameter is the same as in an earlier request."""

    def advises(request: AuthorizeRequest, known: AuthorizeContext) -> Facts | None:
        value = request.parameters.get(name)
        return {"received": value} if (name, value) in known.seen else None

    return advises


def setting(name: str, fact: str) -> Callable[[AuthorizeRequest, Facts], AuthorizeRequest]:
    """A repair: parameter `name` becomes what the fact of this name says; as it is where the fact has nothing."""
    return lambda request, facts: with_parameters(request, (name, facts[fact])) if facts.get(fact) else request


def new_code(request: TokenRequest) -> TokenRequest:
    return with_parameters(request, ("code", PLACEHOLDER_CODE))


def new_verifier(request: TokenRequest) -> TokenRequest:
    """Of another attempt, since that of this one is not known."""
    return with_parameters(request, ("code", PLACEHOLDER_CODE), ("code_verifier", PLACEHOLDER_VERIFIER))


def new_refresh_token(request: TokenRequest) -> TokenRequest:
    return with_parameters(request, ("refresh_token", PLACEHOLDER_REFRESH))


def new_token(request: AccessRequest) -> AccessRequest:
    return replace(request, headers={**request.headers, "authorization": f"Bearer {PLACEHOLDER_TOKEN}"})


def naming(fact: str) -> Callable[[Any, Facts], Any]:
    """A repair: the client_id becomes what the fact says, where the request has it: in the Basic header, or as a parameter."""

    def repair(request: Any, facts: Facts) -> Any:
        header = request.headers.get("authorization", "") if isinstance(request, TokenRequest) else ""
        pair = basic.read(header).decoded if basic.is_basic(header) else None
        if not pair or not facts.get(fact):
            return setting("client_id", fact)(request, facts)
        return replace(request, headers={**request.headers, "authorization": basic.write(facts[fact], pair[1])})

    return repair


def writing(name: str, value: str | None) -> Callable[[Any, Facts], Any]:
    """A repair: parameter `name` of the authorization request becomes `value`, or is taken away; its answer stays."""
    return lambda request, facts: with_parameters(request, (name, value)) if isinstance(request, AuthorizeRequest) else request


def with_scopes(request: R, new: list[str]) -> R:
    """Of an authorization or token request, or of a registration."""
    if isinstance(request, RegistrationRequest):
        return replace(request, scope=" ".join(dict.fromkeys(one for one in new if one)))
    return with_parameters(request, ("scope", " ".join(dict.fromkeys(one for one in new if one)) or None))


def swap_scopes(request: R, facts: Facts) -> R:
    """Each of facts `scopes` becomes the one beside it in `corrected`; "" takes it away."""
    swaps = dict(zip(facts["scopes"], facts.get("corrected") or facts.get("likely") or (), strict=False))
    if not swaps:
        return request
    return with_scopes(request, [swaps.get(token, token) for token in tokens_of(request)])


def drop_scopes(request: R, facts: Facts) -> R:
    """Without those of facts `scopes`."""
    return with_scopes(request, [token for token in tokens_of(request) if token not in facts["scopes"]])


def add_scopes(request: R, *names: str) -> R:
    return with_scopes(request, [*(name for name in names if name not in tokens_of(request)), *tokens_of(request)])


def correct_launch(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    """The code of a launch that still lives, where one is known; else as a standalone launch: launch/patient, no code."""
    known = facts.get("known")
    code = known.live_launch if isinstance(known, AuthorizeContext) else None
    held = list(tokens_of(request))
    if code:
        scoped = held if not held or "launch" in held else ["launch", *held]
        return with_parameters(with_scopes(request, scoped) if held else request, ("launch", code))
    if not _may_ask(known, "launch/patient"):
        return with_parameters(request, ("launch", PLACEHOLDER_LAUNCH))
    alone = with_parameters(request, ("launch", None))
    if "launch" not in held and not any(one.startswith("patient/") for one in held):
        return alone
    return with_scopes(alone, ["launch/patient" if one == "launch" else one for one in held])


def _may_ask(known: object, scope: str) -> bool:
    """Whether the app, where it is known, is registered for this scope."""
    client = known.client if isinstance(known, AuthorizeContext) else None
    return not isinstance(client, Client) or scope in spelling(client.scope).tokens


def correct_context(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    """A patient for the patient/ scopes: the launch that lives, the launch code sent, or a patient to be chosen."""
    known = facts.get("known")
    if request.parameters.get("launch"):
        return add_scopes(request, "launch")
    if isinstance(known, AuthorizeContext) and known.live_launch:
        return with_parameters(add_scopes(request, "launch"), ("launch", known.live_launch))
    return add_scopes(request, "launch/patient")


def closest(received: str, registered: Sequence[str]) -> str | None:
    """The registered address that resembles the one received most."""
    return max(registered, key=lambda one: SequenceMatcher(None, one, received).ratio(), default=None)


def header(name: str, value: str | None = None) -> Callable[[AccessRequest, Facts], AccessRequest]:
    """A repair: the header `name` of a FHIR request becomes `value`, or what the fact `expected` says."""

    def repair(request: AccessRequest, facts: Facts) -> AccessRequest:
        return replace(request, headers={**request.headers, name: value or facts["expected"]})

    return repair
