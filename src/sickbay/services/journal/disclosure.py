"""What the sender of a refused request may read of it: what it sent, and what anyone may know of this server.

A stored value (a registered redirect URI, a user, a patient, a scope of another grant) must not be shown to someone who only
quotes a code or a client id. So a fact that contains one is private, unless the request itself contained that value, or it
comes from something that the sender has proven to hold: the registration and the grants of an authenticated confidential
client, and what a good access token stands for.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from sickbay.authorization import access, client_assertion, client_authentication
from sickbay.authorization.models import AccessToken, AuthorizationCode, Client, TokenFamily
from sickbay.kernel.checks import Examination, Facts

STORED = (
    "client",
    "code",
    "family",
    "launch",
    "token",
    "user",
    "owner",
    "neighbours",
    "others",
    "attempts",
    "subject",
    "caller",
    "hinted",
    "session_user",
    "bare",
    "state",
    "secret",
)
"""What stages know from the store; the rest of what they know is the request, the server's own settings, or numbers. A live
launch is known by a place-holder for its code, which `decision.redacted` replaces.
"""
FROM_REQUEST = frozenset(
    (
        "scope-v1-on-v2-app",
        "scope-v2-order",
        "scope-resource-not-in-version",
        "scope-system-in-user-flow",
        "pkce-challenge-not-hashed",
    )
)
"""Rules that compute what they say from the request alone: what they suggest may equal something stored by chance."""
PUBLIC_FIELDS = frozenset(
    (
        "tenant",
        "type",
        "client",
        "fhir",
        "smart_release",
        "pkce",
        "scope_mode",
        "auth_method",
        "grant_types",
        "policy",
        "mode",
        "code_challenge_method",
        "base",
        "issuer",
        "iss",
        "enabled_tenants",
        "revoked_by",
        "system",
    )
)
"""Members of stored values that say nothing about anyone: words of a specification, and addresses of this server."""
LAUNCH_PLACE = re.compile(r"launch-code-of-([A-Za-z0-9_-]{16})")
"""What stands for the code of a launch in a corrected request that is kept, with the launch's timeline (`launch.place_of`)."""
SHORTEST = 3
"""Characters of a value that is looked for inside of a fact; a shorter one is compared as a whole."""
BEARER = (
    access.token_is_known,
    access.token_is_not_revoked,
    access.token_has_its_client_and_user,
    access.token_is_fresh,
    access.token_is_of_this_issuer,
)
"""Checks that prove that the sender holds a valid access token."""


def private_facts(rule: str, facts: Facts, request: Any, known: Any, examination: Examination) -> tuple[str, ...]:
    """The names of the facts that contain something stored which the sender did not send or prove."""
    stored = stored_texts(known, examination) if facts and rule not in FROM_REQUEST else set()
    if not stored:
        return ()
    sent = "\n".join(_texts(request)).casefold()
    sent = f"{sent}\n{unquote(sent)}"
    unsaid = {text for text in stored if text not in sent}
    return tuple(name for name, value in facts.items() if any(_contains(said, unsaid) for said in _texts(value)))


def stored_texts(known: Any, examination: Examination) -> set[str]:
    """Every stored text that the sender has not proven to hold, and the parts by which it might be told; in one case."""
    own = _own(known, examination)
    found: set[str] = set()
    for name in STORED:
        value = getattr(known, name, None)
        if value and not any(value is one for one in own):
            found.update(part.casefold() for text in _texts(value, PUBLIC_FIELDS) for part in _parts(text))
    return {text for text in found if len(text) > 1}


def _own(known: Any, examination: Examination) -> list[Any]:
    """What the sender has proven to hold."""
    client = getattr(known, "client", None)
    passed = examination.passed
    if all(passed(check) for check in BEARER):
        return [getattr(known, name, None) for name in ("token", "user")]
    if not isinstance(client, Client) or client.client == "public":
        return []
    by_secret = passed(client_authentication.secret_is_right) and passed(client_authentication.credentials_are_sent)
    if not by_secret and not passed(client_assertion.signature_is_right):
        return []
    grants = [getattr(known, name, None) for name in ("code", "family", "subject")]
    return [
        client,
        *(
            one
            for one in grants
            if isinstance(one, AuthorizationCode | TokenFamily | AccessToken) and one.client_id == client.client_id
        ),
    ]


def _contains(said: str, unsaid: set[str]) -> bool:
    said = said.casefold()
    plain = unquote(said)
    return any(text in (said, plain) or (len(text) >= SHORTEST and (text in said or text in plain)) for text in unsaid)


def _texts(value: Any, public: frozenset[str] = frozenset()) -> Iterator[str]:
    """Every text in a value, however deep; not of the public members of a dataclass."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from (key,) if isinstance(key, str) and not public else ()
            yield from _texts(one, public)
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from _texts(one, public)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            if field.name not in public:
                yield from _texts(getattr(value, field.name), public)


def _parts(text: str) -> Iterator[str]:
    """The text; of a URL its host and path too; of a reference its id; of scopes those that name a resource type."""
    if "://" in text:
        try:
            url = urlsplit(text)
        except ValueError:
            url = urlsplit("")
        yield from (part for part in (url.netloc, url.path) if len(part) > SHORTEST)
    elif "/" in text and " " not in text and "." not in text:
        yield text.rpartition("/")[2]
    elif " " in text or "/" in text:
        yield from (scope for scope in text.split(" ") if "/" in scope and "." in scope)
    yield text
