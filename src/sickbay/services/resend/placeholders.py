"""Tells which values of a request Sickbay fills in when it sends the request again, and which a person has to type.

The journal masks secrets and patient data. A corrected request names what belongs there, such as CODE-FROM-YOUR-REDIRECT
(`services.redaction.masking`), and the same names tell what to fill in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal, TypeAlias
from urllib.parse import quote, unquote

from sickbay.diagnosis import placeholders
from sickbay.kernel.english import join
from sickbay.protocol.parameters import parse
from sickbay.services.resend.edited import EditedRequest

Kind: TypeAlias = Literal[
    "code",
    "verifier",
    "challenge",
    "refresh_token",
    "token",
    "id_token",
    "launch",
    "secret",
    "basic",
    "assertion",
    "client_id",
    "aud",
    "redirect_uri",
    "random",
]
KINDS: Final[Mapping[str, Kind]] = {
    placeholders.PLACEHOLDER_CODE: "code",
    placeholders.PLACEHOLDER_VERIFIER: "verifier",
    placeholders.PLACEHOLDER_CHALLENGE: "challenge",
    placeholders.PLACEHOLDER_REFRESH: "refresh_token",
    placeholders.PLACEHOLDER_TOKEN: "token",
    placeholders.placeholder_for("token"): "token",
    placeholders.placeholder_for("id_token_hint"): "id_token",
    placeholders.PLACEHOLDER_LAUNCH: "launch",
    placeholders.PLACEHOLDER_SECRET: "secret",
    placeholders.placeholder_for("basic"): "basic",
    placeholders.placeholder_for("client_assertion"): "assertion",
    placeholders.PLACEHOLDER_CLIENT_ID: "client_id",
    placeholders.PLACEHOLDER_AUD: "aud",
    placeholders.PLACEHOLDER_REDIRECT_URI: "redirect_uri",
    placeholders.placeholder_for("state"): "random",
    placeholders.placeholder_for("nonce"): "random",
}
"""The placeholders that Sickbay fills in."""
CREDENTIALS: Final = frozenset(("secret", "basic", "assertion"))
"""The placeholders that a stand-in for the app's credentials fills in."""
_PLACE: Final = re.compile(
    rf"(?<![A-Za-z0-9_-])(?:{'|'.join(map(re.escape, sorted(KINDS, key=len, reverse=True)))})(?![A-Za-z0-9_-])"
)
_TO_TYPE: Final = re.compile(r"(?<![A-Za-z0-9_-])YOUR-[A-Z0-9]+(?:-[A-Z0-9]+)*+(?![A-Za-z0-9_-])")
_MASKED_DATE: Final = re.compile(r"[a-z]{0,2}9999(?:-99(?:-99(?:T99:99.*)?)?)?", re.A)
"""A date whose digits the journal replaced."""


def kinds_in(edited: EditedRequest) -> tuple[Kind, ...]:
    """The values that Sickbay has to fill in, each once."""
    texts = (edited.path, unquote(edited.query), *edited.headers.values(), edited.body)
    return tuple(dict.fromkeys(KINDS[place] for text in texts for place in _PLACE.findall(text)))


def values_to_type(edited: EditedRequest) -> tuple[str, ...]:
    """The names of the values that only a person knows: of parameters, or "the body" and "the path"."""
    sent = (*parse(edited.query), *(parse(edited.body) if _is_form(edited) else ()))
    names = [name for name, value in sent if _must_be_typed(value) or _TO_TYPE.fullmatch(name)]
    if _must_be_typed(unquote(edited.path)):
        names.append("the path")
    if not _is_form(edited) and (_must_be_typed(edited.body) or "‹" in edited.body or _lacks_body(edited)):
        names.append("the body")
    names += [name for name, value in edited.headers.items() if _must_be_typed(value)]
    return tuple(dict.fromkeys(names))


def _lacks_body(edited: EditedRequest) -> bool:
    """Whether it had a body that isn't in the journal: it has the type of one."""
    return edited.method in ("POST", "PUT", "PATCH") and "content-type" in edited.headers and not edited.body


def explain_value(name: str, value: str) -> tuple[str, bool]:
    """Describes what Sickbay fills in for this value ("" if nothing). The flag: a person has to type it."""
    kinds = [KINDS[place] for place in _PLACE.findall(value)]
    return join(describe_placeholders(kinds)), _must_be_typed(value) or _TO_TYPE.fullmatch(name) is not None


def _must_be_typed(text: str) -> bool:
    known = _PLACE.sub("", text)
    return _TO_TYPE.search(known) is not None or _MASKED_DATE.fullmatch(text) is not None


def _is_form(edited: EditedRequest) -> bool:
    return edited.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def replace_placeholders(edited: EditedRequest, value_of: Callable[[Kind], str]) -> EditedRequest:
    """The request with the values that belong there, percent-encoded in the URL and in a form."""

    def find_value(match: re.Match[str]) -> str:
        return value_of(KINDS[match[0]])

    def encode_value(match: re.Match[str]) -> str:
        return quote(find_value(match), safe="")

    return edited._replace(
        query=_PLACE.sub(encode_value, edited.query),
        headers={name: _PLACE.sub(find_value, value) for name, value in edited.headers.items()},
        body=_PLACE.sub(encode_value if _is_form(edited) else find_value, edited.body),
    )


def describe_placeholders(kinds: Iterable[Kind]) -> tuple[str, ...]:
    """Describes what Sickbay fills in."""
    return tuple(dict.fromkeys(WORDS[kind] for kind in kinds))


WORDS: Final[Mapping[Kind, str]] = {
    "code": "a new authorization code",
    "verifier": "the code_verifier of the new code",
    "challenge": "the code_challenge of a new code_verifier",
    "refresh_token": "a new refresh token",
    "token": "a new access token",
    "id_token": "a new id_token",
    "launch": "a new launch code",
    "secret": "a stand-in for the client secret",
    "basic": "a stand-in for the client secret",
    "assertion": "a client assertion, signed with a stand-in key",
    "client_id": "the client_id of the app",
    "aud": "the FHIR base URL",
    "redirect_uri": "the registered redirect URI",
    "random": "a random value",
}
