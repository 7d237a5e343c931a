"""How a person shall be asked (OpenID Connect Core 3.1.2.1): prompt, max_age, login_hint, id_token_hint."""

from __future__ import annotations

from dataclasses import dataclass

from sickbay.authorization.models import User
from sickbay.protocol import jose
from sickbay.protocol.parameters import Parameters

PROMPTS = ("none", "login", "consent", "select_account")


@dataclass(slots=True)  # not frozen, for the same reason as AccessRequest
class Wishes:
    """prompts: of PROMPTS, and others, which mean nothing. max_age: seconds; None where none is said that can be read.

    subject: of the id_token_hint. It is not verified: it can only make a silent request fail.
    """

    prompts: frozenset[str] = frozenset()
    max_age: int | None = None
    hint: str = ""
    subject: str | None = None

    @property
    def silent(self) -> bool:
        return "none" in self.prompts

    @property
    def consent(self) -> bool:
        return "consent" in self.prompts


def wishes(sent: Parameters) -> Wishes:
    age = sent.get("max_age") or ""
    hinted = jose.peek(sent.get("id_token_hint") or "")
    return Wishes(
        prompts=frozenset((sent.get("prompt") or "").split()),
        max_age=int(age) if age.isascii() and age.isdigit() and len(age) < 10 else None,
        hint=sent.get("login_hint") or "",
        subject=str(hinted.claims.get("sub")) if hinted else None,
    )


def signs_in_anew(wished: Wishes, user: User, *, auth_time: int | None, now: int, fresh: bool) -> bool:
    """Whether who is signed in must sign in again. fresh: did so since the request came, which is all that can be asked."""
    if fresh:
        return False
    if wished.prompts & {"login", "select_account"} or wished.max_age == 0:
        return True
    if wished.silent and wished.subject not in (None, user.sub or user.username):
        return True
    return wished.max_age is not None and auth_time is not None and now - auth_time > wished.max_age
