"""Load a dialect: addresses, habits and error words of one kind of EHR, from the TOML file of its name."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal
from urllib.parse import quote

STANDARD = "general"
OURS = {
    "fhir": "/{version}",
    "issuer": "",
    "manage": "/oauth/manage",
    "introspect": "/oauth/introspect",
    "revoke": "/oauth/revoke",
    "jwks": "/oauth/jwks",
}
"""Paths for which a dialect need not have its own."""


@dataclass(frozen=True, slots=True)
class ErrorWording:
    """What a refusal is called here. urn: tail of the vendor's name for it; error: the OAuth error, None: the standard's."""

    urn: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ResponseStyle:
    """How refusals are delivered.

    untrusted: before the redirect URI is proven: our page, or see-other (303) to the error's own address.
    null_description: at the token endpoint the member is there, and null.
    refused: after that: by redirect, or again a page. page_*: what a page of few words says.
    untold: refusals that are delivered as before the redirect URI is proven, though it is.
    client_status: of invalid_client where the Authorization header was used.
    """

    error_description: bool = True
    null_description: bool = False
    iss: bool = True
    untrusted: Literal["page", "see-other"] = "page"
    refused: Literal["redirect", "page"] = "redirect"
    untold: tuple[str, ...] = ()
    client_status: int = 401
    correlation_header: str | None = None
    urn_prefix: str = ""
    page_status: int = 400
    page_title: str | None = None
    page_text: str | None = None


@dataclass(frozen=True, slots=True)
class Dialect:
    """policy: fields of authorization.models.Policy that differ. paths: below the tenant's address."""

    name: str
    title: str
    about: str
    fhir: tuple[str, ...]
    paths: Mapping[str, str]
    answers: ResponseStyle = ResponseStyle()
    policy: Mapping[str, Any] = field(default_factory=dict)
    token_response: Mapping[str, str] = field(default_factory=dict)
    id_token: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Scope -> claims that come with it."""
    subject: str = "{tenant}-{username}"
    """What the seeded people are called in sub."""
    words: Mapping[str, ErrorWording] = field(default_factory=dict)
    at_token: Mapping[str, ErrorWording] = field(default_factory=dict)
    """The same of the token endpoint alone, where it says other words than authorize."""
    defaults: Mapping[str, ErrorWording] = field(default_factory=dict)
    discovery: Mapping[str, Any] = field(default_factory=dict)
    """Members of smart-configuration that say otherwise; one that is false is left out."""
    tenant_id: str = ""

    def path(self, name: str, persona: str = "provider") -> str:
        """The path of an endpoint below the tenant's address."""
        return self.paths[name].format(tenant_id=self.tenant_id, persona=persona)

    def fhir_path(self, version: str) -> str:
        """The path of a FHIR base below the tenant's address."""
        return self.paths["fhir"].format(tenant_id=self.tenant_id, version=version, VERSION=version.upper())

    def wording(self, finding: str, refusal: str, stage: str) -> ErrorWording:
        """The words for a finding, else for its refusal, else for the stage."""
        tables = (self.at_token, self.words) if stage == "token" else (self.words,)
        named = (table[name] for table in tables for name in (finding, refusal) if name in table)
        return next(named, None) or self.defaults.get(stage) or ErrorWording()

    def error_path(self, words: ErrorWording, *, id: str, client: str, persona: str) -> str:
        """The vendor's address of one refusal, below the tenant's; "" where the dialect has none of its own.

        persona: "" at the token endpoint, which knows none. client: "" where it is not proven.
        """
        if "errors" not in self.paths or words.urn is None:
            return ""
        urn = quote(self.answers.urn_prefix + words.urn, safe="")
        client = quote(client or "unknown", safe="")
        path = self.paths["errors"] if persona else self.paths["errors"].replace("persona={persona}&", "")
        return path.format(urn=urn, id=id, client=client, persona=persona, tenant_id=self.tenant_id)


def short_path(version: str) -> str:
    """The path at which a FHIR base answers in every dialect, below the tenant's address."""
    return OURS["fhir"].format(version=version)


def names() -> tuple[str, ...]:
    """The dialects there are, the standard first: each is a tenant of the default run."""
    found = {
        entry.name.removesuffix(".toml") for entry in resources.files(__package__).iterdir() if entry.name.endswith(".toml")
    }
    return (STANDARD, *sorted(found - {STANDARD}))


@cache
def load(name: str) -> Dialect:
    """The dialect of this name. Raises FileNotFoundError for one that has no file."""
    text = resources.files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return read(name, tomllib.loads(text))


def read(name: str, given: Mapping[str, Any]) -> Dialect:
    """A dialect from parsed TOML. Raises TypeError on a key that means nothing."""
    words = dict(given.get("words", {}))
    defaults, at_token = words.pop("default", {}), words.pop("token", {})
    return Dialect(
        name=name,
        title=given["title"],
        about=given["about"],
        fhir=tuple(given["fhir"]),
        paths={**OURS, **given["paths"]},
        answers=ResponseStyle(**{key: _frozen(value) for key, value in given.get("answers", {}).items()}),
        policy={key: _frozen(value) for key, value in given.get("policy", {}).items()},
        token_response=dict(given.get("token_response", {})),
        id_token=dict(given.get("id_token", {})),
        subject=given.get("subject", "{tenant}-{username}"),
        words={key: ErrorWording(**value) for key, value in words.items()},
        at_token={key: ErrorWording(**value) for key, value in at_token.items()},
        discovery=dict(given.get("discovery", {})),
        defaults={key: ErrorWording(**value) for key, value in defaults.items()},
        tenant_id=given.get("tenant_id", ""),
    )


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
