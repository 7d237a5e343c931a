"""Limits what the sender of a refused request can read about it: its own request, and public facts about this server.

A stored value (a registered redirect URI, a user, a patient, a scope of another grant) must not be shown to someone who only
quotes a code or a client id. So a fact that contains one is private, unless the request itself contained that value, or the
value belongs to something that the sender has proven to have: the registration and the grants of an authenticated confidential
client, and the user and scopes of a valid access token, and the scopes that this app and user had before.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from sickbay.authorization.access import bearer
from sickbay.authorization.models import AccessToken, AuthorizationCode, Client, TokenFamily
from sickbay.authorization.token import client_assertion, client_authentication
from sickbay.diagnosis.rule import is_severity
from sickbay.kernel.checks import Examination, Facts
from sickbay.services.redaction import vocabulary

STORED = tuple(
    """
    client code family launch token earlier user owner newest_clients others attempts subject caller hinted session_user
    bare state secret
    """.split()
)
"""Members of a context that come from the store. The others come from the request or the server's settings, or are numbers.
A live launch appears with a placeholder for its code, which `decision.redact` replaces.
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
"""Rules that use only the request. Their suggestions can equal a stored value by chance."""
PUBLIC_FIELDS = frozenset(
    """
    tenant type client fhir smart_release pkce scope_mode auth_method grant_types policy mode code_challenge_method base
    issuer iss enabled_tenants revoked_by system
    """.split()
)
"""Members of stored values that identify no one: words of a specification, and addresses of this server."""
LAUNCH_PLACE = re.compile(r"launch-code-of-([A-Za-z0-9_-]{16})")
"""The placeholder for a launch code in a stored corrected request, with the launch's timeline (`launch.placeholder_of`)."""
COMPARED = 16_384
"""Maximum characters of a request's text that are compared with stored values; twice as many of all its texts."""
SHORTEST = 3
"""Minimum length of a value that is searched for inside a fact. A shorter one must equal the whole fact."""
WORD = 15
"""Up to this length, letters and digits are a word, such as the name of an app. A longer one can be an identifier."""
OTHER_WORDS = "openid fhirUser profile online_access offline_access user system client http https".split()
SPECIFIED = frozenset(
    word.casefold() for word in (*vocabulary.OAUTH, *vocabulary.TYPES, *vocabulary.METHODS_OF_HTTP, *OTHER_WORDS)
)
"""Words that identify no one, even if an app has one as its name."""
_WORDS = re.compile(r"\w+")
BEARER = (
    bearer.token_is_known,
    bearer.token_is_not_revoked,
    bearer.client_and_user_of_the_token_exist,
    bearer.token_has_not_expired,
    bearer.token_was_issued_by_this_server,
)
"""Checks that prove that the sender holds a valid access token."""


def private_facts(rule: str, facts: Facts, unsent: set[str]) -> tuple[str, ...]:
    """Names of the facts that contain a stored value that the sender neither sent nor proved to have."""
    if rule in FROM_REQUEST or not unsent:
        return ()
    quoting = {name: value for name, value in facts.items() if not is_severity(name, value)}
    return tuple(
        name for name, value in quoting.items() if any(_contains_unsent_text(text, unsent) for text in _texts_of_value(value))
    )


def unsent_texts(request: Any, context: Any, examination: Examination) -> set[str]:
    """Returns every stored text that the sender neither sent nor proved to have."""
    stored = _stored_texts(context, examination)
    if not stored:
        return set()
    texts = _texts_of_value((request, getattr(request, "assertion", None)))  # in the request, the assertion is encoded
    sent = "\n".join([text[:COMPARED] for text in texts[:COMPARED]]).casefold()[: 2 * COMPARED]
    sent = f"{sent}\n{unquote(sent)}"
    return {text for text in stored if text not in sent}


def _stored_texts(context: Any, examination: Examination) -> set[str]:
    """Every stored text that the sender hasn't proven to have, and its identifying parts, case-folded."""
    proven = _proven_values(context, examination)
    texts: set[str] = set()
    for name in STORED:
        value = getattr(context, name, None)
        if value and not any(value is proven_value for proven_value in proven):
            texts.update([part.casefold() for text in _texts_of_value(value, PUBLIC_FIELDS) for part in _parts_of_text(text)])
    return {text for text in texts - SPECIFIED if len(text) > 1}


def _proven_values(context: Any, examination: Examination) -> list[Any]:
    """The values that the sender has proven to have."""
    client = getattr(context, "client", None)
    passed = examination.has_passed
    if all(passed(check) for check in BEARER):
        return [getattr(context, name, None) for name in ("token", "user", "earlier")]
    if not isinstance(client, Client) or client.client == "public":
        return []
    by_secret = passed(client_authentication.client_secret_is_right_if_the_client_has_one) and passed(
        client_authentication.credentials_are_sent_if_the_client_has_any
    )
    if not by_secret and not passed(client_assertion.signature_is_valid):
        return []
    grants = [getattr(context, name, None) for name in ("code", "family", "subject")]
    return [
        client,
        *(
            grant
            for grant in grants
            if isinstance(grant, AuthorizationCode | TokenFamily | AccessToken) and grant.client_id == client.client_id
        ),
    ]


def _contains_unsent_text(fact: str, unsent: set[str]) -> bool:
    fact = fact.casefold()
    plain = unquote(fact)
    return any(
        (text in fact and contains_text(fact, text)) or (text in plain and contains_text(plain, text)) for text in unsent
    )


def contains_text(fact: str, text: str) -> bool:
    """Whether a fact contains a stored text: a word only as a whole one, so an app named `sys` doesn't hide `system/*.rs`."""
    if len(text) < SHORTEST or text not in fact:
        return text == fact
    return len(text) > WORD or not text.isalnum() or text in _WORDS.findall(fact)


def _texts_of_value(value: Any, public: frozenset[str] = frozenset()) -> list[str]:
    """Every text in a nested value, except public members of an object."""
    texts: list[str] = []
    _collect_texts(value, public, texts)
    return texts


def _collect_texts(value: Any, public: frozenset[str], texts: list[str]) -> None:
    if isinstance(value, str):
        texts.append(value)
    elif isinstance(value, Mapping):
        for key, member in value.items():
            if isinstance(key, str) and not public:
                texts.append(key)
            _collect_texts(member, public, texts)
    elif isinstance(value, list | tuple | set | frozenset):
        for member in value:
            _collect_texts(member, public, texts)
    elif (dataclasses.is_dataclass(value) or isinstance(value, Struct)) and not isinstance(value, type):
        for name in _public_members(type(value)):
            if name not in public:
                _collect_texts(getattr(value, name), public, texts)


@cache
def _public_members(kind: type[Any]) -> tuple[str, ...]:
    return kind.__struct_fields__ if issubclass(kind, Struct) else tuple(field.name for field in dataclasses.fields(kind))


def _parts_of_text(text: str) -> Iterator[str]:
    """Returns the text and its parts: host and path of a URL, the id of a reference, scopes with a resource type."""
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
