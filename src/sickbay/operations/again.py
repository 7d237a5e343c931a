"""What of a decision is kept, so that it can be examined once more when somebody reads it: no secret, and nothing of a patient.

In the place of each secret stands another text of its shape, which fits or does not fit as the secret did. What is written, and
what an app keeps, are left out: the checks that look at them are not asked again, their answers are kept.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, reduce
from operator import or_
from string import ascii_letters, digits
from typing import Any, get_args, get_type_hints
from urllib.parse import quote, quote_plus

import msgspec

from sickbay.authorization import client_authentication
from sickbay.authorization.known import AccessKnown, AuthorizeKnown, TokenKnown
from sickbay.authorization.requests import AccessRequest, AuthorizeRequest, TokenRequest
from sickbay.authorization.values import Client, Code, Launch, Server, User
from sickbay.kernel.refusal import UNKNOWN, Refusal, Unknown
from sickbay.operations import masking
from sickbay.operations.decision import Decision
from sickbay.protocol import basic, pkce
from sickbay.protocol.parameters import Parameters

_SHAPE = str.maketrans(ascii_letters + digits, "x" * len(ascii_letters) + "0" * len(digits))
_ESCAPE = re.compile("%[0-9A-Fa-f]{2}")
_NOBODY = "0" * 64
"""A hash that no secret has."""
Clean = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Again:
    """request and known without the server; refused: what the checks of the body said, by the name of the check."""

    stage: str
    request: Any
    known: Any
    refused: Mapping[str, Refusal]


TYPES: dict[str, tuple[type[Any], type[Any]]] = {
    "authorize": (AuthorizeRequest, AuthorizeKnown),
    "token": (TokenRequest, TokenKnown),
    "access": (AccessRequest, AccessKnown),
}


OF_THE_PATCH = frozenset({"fhir-patch-reads"})


def keep(decision: Decision | None) -> Again | None:
    """None where it cannot be examined again: at other stages, of what only showed when it was stored, and of signatures."""
    if decision is None or decision.stage not in TYPES or len(decision.examination.checked) < 2:
        return None
    request, known = decision.request, decision.known
    if decision.refusal is not None and decision.refusal.name in OF_THE_PATCH:
        return None  # the patch, which would have to be read again, is not kept
    if type(known) is not TYPES[decision.stage][1] or not isinstance(known.server, Server):
        return None
    if request.parameters.get("client_assertion") or getattr(known, "state", UNKNOWN) is not UNKNOWN:
        return None
    secrets = _secrets(request, known)
    told = {
        one.name: Refusal(one.refusal.name, one.refusal.error, {}, one.refusal.status)
        for one in decision.examination.checked
        if one.refusal and one.outcome == "refused"
    }
    return Again(decision.stage, _request(request, known, secrets), _known(request, known), told)


def read(kept: Mapping[str, Any], server: Server) -> Again | None:
    """From JSON; server: of the hospital as it is now, whose policy is to be replaced. None for what another Sickbay kept."""
    try:
        return _read(kept, server)
    except (msgspec.ValidationError, KeyError, TypeError):
        return None


def _read(kept: Mapping[str, Any], server: Server) -> Again:
    request, known = TYPES[kept["stage"]]
    refused = msgspec.convert(kept["refused"], dict[str, Refusal])
    hints = _hints(kept["stage"])
    whole = known(**{name: _value(hints[name], one) for name, one in kept["known"].items()})
    return Again(kept["stage"], msgspec.convert(kept["request"], request), replace(whole, server=server), refused)


@cache
def _hints(stage: str) -> dict[str, Any]:
    """The types of what is known, without Unknown, which msgspec takes for a text."""
    return {name: _without_unknown(hint) for name, hint in get_type_hints(TYPES[stage][1]).items()}


def _without_unknown(hint: Any) -> Any:
    every = get_args(hint)
    return reduce(or_, (one for one in every if one is not Unknown)) if Unknown in every else hint


def _value(hint: Any, value: Any) -> Any:
    return UNKNOWN if value == UNKNOWN.value else msgspec.convert(value, hint)


def _secrets(request: Any, known: Any) -> frozenset[str]:
    fhir = isinstance(request, AccessRequest)
    found = masking.secrets(request.headers if hasattr(request, "headers") else {}, *_parameters(request), fhir=fhir)
    if isinstance(getattr(known, "launch", None), Launch):
        found.update(request.parameters.all("launch"))
    return frozenset(found)


def _parameters(request: Any) -> Iterator[Parameters]:
    return (
        one
        for name in ("parameters", "received", "query")
        if isinstance(one := getattr(request, name, None), Parameters)
    )


def shaped(secret: str) -> str:
    """A text of its length, its punctuation and its kinds of characters; what was percent-encoded stays so."""
    return "%21".join(part.translate(_SHAPE) for part in _ESCAPE.split(secret))


def _forms(secret: str) -> tuple[Clean, ...]:
    """In which it may stand in a URL or a form: most need no encoding."""
    return (str,) if masking.PLAIN.fullmatch(secret) else (str, quote, quote_plus)


def _cleaner(secrets: frozenset[str]) -> Clean:
    pairs = {form(one): form(shaped(one)) for one in secrets if len(one) >= 4 for form in _forms(one)}
    order = sorted(pairs, key=len, reverse=True)

    def clean(text: str) -> str:
        if len(order) > masking.MANY and len(text) > masking.BRIEF:
            return shaped(text)
        for form in order:
            text = text.replace(form, pairs[form])
        return text

    return clean


def _request(request: Any, known: Any, secrets: frozenset[str]) -> Any:
    clean = _cleaner(secrets)
    more: dict[str, Any] = {
        name: _sent(one, secrets, clean)
        for name in ("parameters", "received", "query")
        if isinstance(one := getattr(request, name, None), Parameters)
    }
    for name in ("url", "raw", "body"):
        if getattr(request, name, ""):
            more[name] = clean(getattr(request, name))
    if isinstance(request, AccessRequest):
        more["body"] = ""
    if hasattr(request, "headers"):
        more["headers"] = _headers(request.headers, swapped=bool(_named_last(request, known)))
    return replace(request, **more)


def _sent(sent: Parameters, secrets: frozenset[str], clean: Clean) -> Parameters:
    pairs = tuple((name, shaped(value) if value in secrets else value) for name, value in sent.pairs)
    return Parameters(pairs, clean(sent.raw))


def _headers(headers: Mapping[str, str], *, swapped: bool) -> dict[str, str]:
    kept = {name: value for name, value in headers.items() if name in masking.KEPT_HEADERS}
    if "authorization" in kept:
        kept["authorization"] = _authorization(kept["authorization"], swapped=swapped)
    return kept


def _named_last(request: Any, known: Any) -> tuple[str, ...]:
    """The app whose id was sent where its secret belongs: what stands first is the secret then."""
    if not isinstance(request, TokenRequest) or not isinstance(known, TokenKnown) or known.client is not None:
        return ()
    sent = client_authentication.presented(request).basic
    return tuple(one for one in known.others if sent and sent.decoded and sent.decoded[1] == one)


def _authorization(header: str, *, swapped: bool = False) -> str:
    scheme, blank, credentials = header.partition(" ")
    found = basic.read(header) if basic.is_basic(header) else basic.Basic()
    if found.raw and not found.fault:
        first, last = found.raw
        pair = f"{shaped(first)}:{last}" if swapped else f"{first}:{shaped(last)}"
        credentials = b64encode(pair.encode()).decode()
        return f"{scheme} {credentials}"
    return f"{scheme}{blank}{shaped(credentials)}"


def _known(request: Any, known: Any) -> Any:
    """Without what only explains, and with hashes that fit the texts in the secrets' place."""
    more: dict[str, Any] = {"server": UNKNOWN}
    client = known.client
    if isinstance(client, Client) and (client.secret_hash or client.registration_hash):
        more["client"] = replace(client, secret_hash=_hash(request, client), registration_hash=None)
    if isinstance(known, AuthorizeKnown):
        return replace(known, **more, others=(), neighbours=(), live=None, live_launch=None)
    if isinstance(known, AccessKnown):
        user = replace(known.user, password="") if isinstance(known.user, User) else known.user
        return replace(known, **more, body=UNKNOWN, user=user)
    if isinstance(known.code, Code):
        more["code"] = replace(known.code, code_challenge=_challenge(request, known.code))
    more["others"] = _named_last(request, known)
    return replace(
        known, **more, attempts=(), given=None, jwks=UNKNOWN, secret=None, owner=None, neighbours=(), bare=UNKNOWN
    )


def _hash(request: Any, client: Client) -> str | None:
    if client.secret_hash is None or not isinstance(request, TokenRequest):
        return client.secret_hash and _NOBODY
    reading = client_authentication.reading(request, client)
    sent = client_authentication.presented(request).basic
    if reading is None:
        return _NOBODY
    pair = (sent.raw if reading == "raw" else sent.decoded) if sent else None
    secret = pair[1] if pair else request.parameters.get("client_secret") or ""
    return client_authentication.hashed(_as_read(secret, reading, sent))


def _as_read(secret: str, reading: str, sent: Any) -> str:
    """The text that the header in the secret's place gives when it is read so."""
    if sent and sent.raw and reading == "decoded":
        found = basic.read(_authorization(basic.plain(*sent.raw)))
        return found.decoded[1] if found.decoded else ""
    return shaped(secret)


def _challenge(request: Any, code: Code) -> str | None:
    verifier = request.parameters.get("code_verifier") or ""
    if not verifier or not code.code_challenge:
        return code.code_challenge
    if pkce.matches(verifier, code.code_challenge):
        return pkce.challenge(shaped(verifier))
    return code.code_challenge.replace(verifier, shaped(verifier))
