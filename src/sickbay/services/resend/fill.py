"""Puts fresh values into a request that is sent again: codes, tokens, a launch, and a stand-in for the app's credentials."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from msgspec import Struct, field

from sickbay.authorization.models import Client
from sickbay.authorization.stand_in import StandIn
from sickbay.authorization.token.client_authentication import hash_secret
from sickbay.protocol import basic, jose, pkce
from sickbay.protocol.parameters import parse
from sickbay.services.context import Runtime, Tenant
from sickbay.services.resend import fresh_grants
from sickbay.services.resend.edited import EditedRequest
from sickbay.services.resend.fresh_grants import CannotIssue
from sickbay.services.resend.originator import Grantee, Originator, find_grantee
from sickbay.services.resend.placeholders import CREDENTIALS, KINDS, Kind, describe_placeholders, kinds_in, replace_placeholders
from sickbay.services.resend.proposal import add_credentials
from sickbay.storage.interface import Step

ASSERTION_SECONDS: Final = 240
"""How long a client assertion is valid. SMART allows 5 minutes."""
GRANTED: Final = frozenset(("code", "refresh_token", "token", "id_token", "launch"))
"""Credentials that are issued on behalf of a user."""
OF_USERS: Final = GRANTED - {"token"}
"""Credentials that a backend service never gets."""
SIGN_IN: Final = (
    "Sickbay issues a new code or token only to someone who may sign in without a password: the user at the keyboard, or "
    "anyone if open_sign_in is everyone."
)
"""Why the administrator of another machine gets none."""


class Filled(NamedTuple):
    """A request that is ready to be sent. words: what was filled in. notes: what the person should know about it."""

    request: EditedRequest
    stand_in: StandIn | None = None
    words: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@cache
def _stand_in_key() -> str:
    """A private key that no app has. Each process generates one when it first needs it."""
    members = json.loads(jose.generate())
    return json.dumps({name: value for name, value in members.items() if name != "alg"})


class Filler(Struct):
    """Fills in the values of one request. opens: whether the person may sign in without a password. later: deletes them.

    corrects: whether it may also correct the redirect URI of a code. What a person typed stays as it is.
    """

    runtime: Runtime
    tenant: Tenant
    originator: Originator | None
    opens: bool
    corrects: bool = False
    later: list[Step] = field(default_factory=list)
    values: dict[Kind, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    secret: str = ""
    verifier: str = ""
    grantee: Grantee | None = None

    async def fill(self, edited: EditedRequest) -> Filled:
        """The request with all values. Raises CannotIssue with the reason if one can't be filled in."""
        kinds = kinds_in(edited)
        for kind in kinds:
            self.values[kind] = await self._value_for_kind(kind, edited)
        request = replace_placeholders(edited, self.values.__getitem__)
        if "code" in kinds and self.corrects:
            request = self._fit_to_code(request)
        client = self.originator.client if self.originator else None
        if CREDENTIALS & {*kinds}:
            self.notes.append("The app’s own secret or key wasn’t tested, because a stand-in took its place.")
        stand_in = await self._stand_in(client) if client is not None else None
        return Filled(request, stand_in, describe_placeholders(kinds), tuple(self.notes))

    def _fit_to_code(self, request: EditedRequest) -> EditedRequest:
        """The token request with the redirect URI and the code_verifier that belong to its new code."""
        form = parse(request.body)
        issued_for = _redirect_uri(self.client, form.get("redirect_uri") or "")
        changes = [("redirect_uri", issued_for)] if form.get("redirect_uri") != issued_for else []
        if self.verifier and "code_verifier" not in form:
            changes.append(("code_verifier", self.verifier))
        self.notes += [f"{name} belongs to the new code." for name, _ in changes]
        return request._replace(body=form.replace(changes).raw) if changes else request

    @property
    def client(self) -> Client:
        if self.originator is None:
            raise CannotIssue("No app is registered at this hospital, so Sickbay can't fill in its values.")
        return self.originator.client

    async def _value_for_kind(self, kind: Kind, edited: EditedRequest) -> str:
        if kind in OF_USERS and self.client.type == "system":
            raise CannotIssue(f"{self.client.name or self.client.client_id} is a backend service, so no user can open it.")
        if kind in GRANTED and self.client.type != "system":
            await self._find_grantee()
        match kind:
            case "client_id":
                return self.client.client_id
            case "aud":
                return self.tenant.fhir_base(self.client.fhir)
            case "redirect_uri":
                return _redirect_uri(self.client, "")
            case "random":
                return self.runtime.effects.token(16)
            case "challenge":
                return pkce.make_challenge(self._sent_or_new_verifier(edited))
            case "verifier":
                return self._sent_or_new_verifier(edited)
            case "secret" | "basic" | "assertion":
                return await self._credential_for(kind)
            case _:
                return await self._new_grant(kind, edited)

    def _sent_or_new_verifier(self, edited: EditedRequest) -> str:
        """The verifier in the request, if a person typed one; else a new one."""
        typed = parse(edited.body).get("code_verifier") or ""
        if typed and typed not in KINDS:
            return typed
        self.verifier = self.verifier or self.runtime.effects.token()
        return self.verifier

    async def _credential_for(self, kind: Kind) -> str:
        secret = self._new_secret()
        if kind == "secret":
            return secret
        if kind == "basic":
            return basic.write(self.client.client_id, secret).partition(" ")[2]
        return await self._sign_assertion(self.client)

    def _new_secret(self) -> str:
        self.secret = self.secret or self.runtime.effects.token()
        return self.secret

    async def _sign_assertion(self, client: Client) -> str:
        key, now = await asyncio.to_thread(_stand_in_key), self.runtime.now()
        names = {"iss": client.client_id, "sub": client.client_id, "aud": self.tenant.server.token_endpoint}
        claims = {**names, "jti": self.runtime.effects.token(16), "iat": now, "exp": now + ASSERTION_SECONDS}
        return jose.sign(claims, key, "RS384")

    async def _stand_in(self, client: Client) -> StandIn:
        jwks: dict[str, Any] = {"keys": []}
        if client.client == "asymmetric":
            members = jose.public_members(await asyncio.to_thread(_stand_in_key))
            jwks = {"keys": [members]}
        return StandIn(client.client_id, hash_secret(self._new_secret()), jwks)

    async def _find_grantee(self) -> None:
        """Raises CannotIssue if no one may be signed in for this request."""
        if self.grantee is not None:
            return
        if not self.opens:
            raise CannotIssue(SIGN_IN)
        client, originator = self.client, self.originator
        assert originator is not None
        grantee = await find_grantee(self.runtime, self.tenant, originator)
        if grantee is None:
            raise CannotIssue("The hospital has no user who could open this app.")
        approved = client.auto_approve is not None and client.auto_approve.user == grantee.user.username
        if not grantee.user.seeded and not approved:
            raise CannotIssue(f"{grantee.user.username} has their own password, so Sickbay can't sign in for them.")
        self.grantee = grantee
        self.notes += _describe_choice(originator, grantee)

    async def _new_grant(self, kind: Kind, edited: EditedRequest) -> str:
        if kind == "launch":
            assert self.grantee is not None
            timeline = self.originator.timeline if self.originator and self.originator.timeline else ""
            timeline = timeline or self.runtime.effects.token(12)
            return await fresh_grants.issue_launch(self.runtime, self.tenant, self.client, self.grantee, timeline, self.later)
        if kind == "code":
            form = parse(edited.body)
            wants_pkce = "code_verifier" in form or self.client.pkce == "required"
            verifier = self._sent_or_new_verifier(edited) if wants_pkce else ""
            return await self._new_code(_redirect_uri(self.client, form.get("redirect_uri") or ""), verifier)
        response = await self._new_tokens()
        name = {"token": "access_token"}.get(kind, kind)
        if name not in response:
            raise CannotIssue(f"The app gets no {name} with the scopes that it was granted.")
        return str(response[name])

    async def _new_code(self, redirect_uri: str, verifier: str) -> str:
        assert self.originator is not None
        assert self.grantee is not None
        return await fresh_grants.issue_code(
            self.runtime, self.tenant, self.originator, self.grantee, redirect_uri, verifier, self.later
        )

    async def _new_tokens(self) -> dict[str, Any]:
        """A token response, as the app gets it after its user has signed in; for a backend service, without a user."""
        client = self.client
        if client.type == "system":
            form = {"grant_type": "client_credentials", "scope": client.scope}
        else:
            verifier, uri = self.runtime.effects.token(), _redirect_uri(client, "")
            code = await self._new_code(uri, verifier)
            form = {"grant_type": "authorization_code", "code": code, "redirect_uri": uri, "code_verifier": verifier}
        placed = add_credentials(EditedRequest("POST", "/", body=urlencode(form)), client)
        values = {kind: await self._credential_for(kind) for kind in kinds_in(placed)}
        request = replace_placeholders(placed, values.__getitem__)
        return await fresh_grants.redeem_grant(self.runtime, self.tenant, request, await self._stand_in(client), self.later)


def _redirect_uri(client: Client, requested: str) -> str:
    """The requested redirect URI if it is registered for the app, else its first one."""
    if requested in client.redirect_uris or not client.redirect_uris:
        return requested
    return client.redirect_uris[0]


def _describe_choice(originator: Originator, grantee: Grantee) -> list[str]:
    """The assumptions about the app, the user and the patient, as sentences."""
    name = originator.client.name or originator.client.client_id
    guessed = [f"The request doesn’t say which app sent it. Sickbay took {name}."] if originator.is_guess else []
    patient = f" and patient {grantee.patient}" if grantee.patient else ""
    default = (
        [f"No one has opened {name} yet. Sickbay chose user {grantee.user.username}{patient}."] if grantee.is_default else []
    )
    scopes = ", with all scopes that the app is registered for" if originator.is_guess else ""
    granted = [f"The new values are for user {grantee.user.username}{patient}{scopes}."] if not default else []
    return [*guessed, *default, *granted]
