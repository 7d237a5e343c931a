"""Loads a dialect from its TOML file: the URLs, policy and error messages of one kind of EHR."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

FOLDER = Path(__file__).parent
STANDARD = "general"
STANDARD_PATHS = {
    "fhir": "/{version}",
    "issuer": "",
    "manage": "/oauth/manage",
    "introspect": "/oauth/introspect",
    "revoke": "/oauth/revoke",
    "jwks": "/oauth/jwks",
}
"""Default paths for endpoints that a dialect doesn't define."""


@dataclass(frozen=True, slots=True)
class ErrorWording:
    """A dialect's names for a refusal. urn: the end of the vendor's URN; error: the OAuth error; None: as in the standard."""

    urn: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ResponseStyle:
    """How a dialect returns refusals.

    null_description: whether the token endpoint sends `error_description` with the value null.
    untrusted:     the response before the redirect URI is verified: our page, or a 303 redirect to the URL of the error.
    refused:       the response after that: by redirect, or again as a page.
    not_redirected: refusals that are returned as `untrusted`, although the redirect URI is verified.
    client_status: the status of invalid_client if the Authorization header was used.
    page_*:        the status and text of a page without an explanation.
    """

    error_description: bool = True
    null_description: bool = False
    iss: bool = True
    untrusted: Literal["page", "see-other"] = "page"
    refused: Literal["redirect", "page"] = "redirect"
    not_redirected: tuple[str, ...] = ()
    client_status: int = 401
    correlation_header: str | None = None
    urn_prefix: str = ""
    page_status: int = 400
    page_title: str | None = None
    page_text: str | None = None


@dataclass(frozen=True, slots=True)
class Dialect:
    """One dialect. policy: fields of authorization.models.Policy that differ. paths: relative to the tenant's URL."""

    name: str
    title: str
    about: str
    fhir: tuple[str, ...]
    paths: Mapping[str, str]
    answers: ResponseStyle = ResponseStyle()
    policy: Mapping[str, Any] = field(default_factory=dict)
    token_response: Mapping[str, str] = field(default_factory=dict)
    id_token: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Maps a scope to the claims that it adds."""
    subject: str = "{tenant}-{username}"
    """The template of `sub` for the sample users."""
    words: Mapping[str, ErrorWording] = field(default_factory=dict)
    at_token: Mapping[str, ErrorWording] = field(default_factory=dict)
    """The wording at the token endpoint, if it differs from the authorization endpoint."""
    defaults: Mapping[str, ErrorWording] = field(default_factory=dict)
    discovery: Mapping[str, Any] = field(default_factory=dict)
    """Members of smart-configuration that differ. A member with the value false is left out."""
    tenant_id: str = ""

    def path(self, name: str, persona: str = "provider") -> str:
        """Returns the path of an endpoint, relative to the tenant's URL."""
        return self.paths[name].format(tenant_id=self.tenant_id, persona=persona)

    def fhir_path(self, version: str) -> str:
        """Returns the path of a FHIR base URL, relative to the tenant's URL."""
        return self.paths["fhir"].format(tenant_id=self.tenant_id, version=version, VERSION=version.upper())

    def wording(self, finding: str, refusal: str, stage: str) -> ErrorWording:
        """Returns the wording for a finding, otherwise for its refusal, otherwise for the stage."""
        tables = (self.at_token, self.words) if stage == "token" else (self.words,)
        named = (table[name] for table in tables for name in (finding, refusal) if name in table)
        return next(named, None) or self.defaults.get(stage) or ErrorWording()

    def error_path(self, words: ErrorWording, *, id: str, client: str, persona: str) -> str:
        """The path of the vendor's error page for a refusal, relative to the tenant's URL; "" if there is none.

        persona: "" at the token endpoint. client: "" if the client isn't verified.
        """
        if "errors" not in self.paths or words.urn is None:
            return ""
        urn = quote(self.answers.urn_prefix + words.urn, safe="")
        client = quote(client or "unknown", safe="")
        path = self.paths["errors"] if persona else self.paths["errors"].replace("persona={persona}&", "")
        return path.format(urn=urn, id=id, client=client, persona=persona, tenant_id=self.tenant_id)


def short_path(version: str) -> str:
    """The path at which a FHIR base URL is available in every dialect, relative to the tenant's URL."""
    return STANDARD_PATHS["fhir"].format(version=version)


def list_names() -> tuple[str, ...]:
    """Returns the names of all dialects, the standard first. By default, each is a tenant."""
    stems = {file.stem for file in FOLDER.glob("*.toml")}
    return (STANDARD, *sorted(stems - {STANDARD}))


@cache
def load(name: str) -> Dialect:
    """Returns the dialect of this name. Raises FileNotFoundError if it has no file."""
    return read(name, read_document(name))


def read_document(name: str) -> dict[str, Any]:
    """Returns the file of a dialect, parsed. Raises FileNotFoundError."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def read(name: str, document: Mapping[str, Any]) -> Dialect:
    """Creates a dialect from parsed TOML. Raises TypeError if a key is unknown."""
    words = dict(document.get("words", {}))
    defaults, at_token = words.pop("default", {}), words.pop("token", {})
    return Dialect(
        name=name,
        title=document["title"],
        about=document["about"],
        fhir=tuple(document["fhir"]),
        paths={**STANDARD_PATHS, **document["paths"]},
        answers=ResponseStyle(**{key: _freeze_list(value) for key, value in document.get("answers", {}).items()}),
        policy={key: _freeze_list(value) for key, value in document.get("policy", {}).items()},
        token_response=dict(document.get("token_response", {})),
        id_token=dict(document.get("id_token", {})),
        subject=document.get("subject", "{tenant}-{username}"),
        words={key: ErrorWording(**value) for key, value in words.items()},
        at_token={key: ErrorWording(**value) for key, value in at_token.items()},
        discovery=dict(document.get("discovery", {})),
        defaults={key: ErrorWording(**value) for key, value in defaults.items()},
        tenant_id=document.get("tenant_id", ""),
    )


def _freeze_list(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
