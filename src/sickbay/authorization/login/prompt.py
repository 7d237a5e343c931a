"""How the app wants the user to sign in (OpenID Connect Core 3.1.2.1): prompt, max_age, login_hint, id_token_hint."""

from __future__ import annotations

from msgspec import Struct

from sickbay.authorization.models import User
from sickbay.protocol import jose
from sickbay.protocol.parameters import Parameters

PROMPTS = ("none", "login", "consent", "select_account")
LONGEST_AGE = 1000 * 366 * 86400
"""Maximum age of a sign-in, in seconds."""


class SignInParameters(Struct, frozen=True):
    """prompts: those in PROMPTS, and unknown ones, which have no effect. max_age: seconds; None if absent or not a number.

    subject: that of the id_token_hint. It isn't verified, because it can only make a silent request fail.
    """

    prompts: frozenset[str] = frozenset()
    max_age: int | None = None
    hint: str = ""
    subject: str | None = None

    @property
    def is_silent(self) -> bool:
        return "none" in self.prompts

    @property
    def consent(self) -> bool:
        return "consent" in self.prompts


def sign_in_parameters(sent: Parameters) -> SignInParameters:
    id_token = sent.get("id_token_hint")
    hinted = jose.decode_unverified(id_token) if id_token else None
    return SignInParameters(
        prompts=frozenset((sent.get("prompt") or "").split()),
        max_age=read_max_age(sent.get("max_age") or ""),
        hint=sent.get("login_hint") or "",
        subject=str(hinted.claims.get("sub")) if hinted else None,
    )


def read_max_age(text: str) -> int | None:
    """Returns the number of seconds, at most a thousand years; None if the text isn't a number without a sign."""
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0")
    return min(int(digits or "0"), LONGEST_AGE) if len(digits) <= len(str(LONGEST_AGE)) else LONGEST_AGE


def needs_new_sign_in(wanted: SignInParameters, user: User, *, auth_time: int | None, now: int, fresh: bool) -> bool:
    """Whether the signed-in user must sign in again. fresh: the user did so since this request started, which is enough."""
    if fresh:
        return False
    if wanted.prompts & {"login", "select_account"} or wanted.max_age == 0:
        return True
    if wanted.is_silent and wanted.subject not in (None, user.sub or user.username):
        return True
    return wanted.max_age is not None and auth_time is not None and now - auth_time > wanted.max_age
