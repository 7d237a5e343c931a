"""Sessions of the browser: one cookie, in it the sign-ins at each hospital and the token of the forms."""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass, field, replace
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from sickbay.authorization.models import User
from sickbay.services import records
from sickbay.services.context import Runtime, Tenant
from sickbay.services.journal.live_secrets import remember_password
from sickbay.storage.interface import Delete, Put, Record

SLOTS = asyncio.Semaphore(2)
"""Two passwords at a time: each takes 19 MiB and a core for some 30 ms."""
LIFETIME = 30 * 86400
ADMIN_LIFETIME = 12 * 3600
"""Seconds that a sign-in with the admin token lasts."""
DUMMY = "$argon2id$v=19$m=19456,t=2,p=1$c2lja2JheXNpY2tiYXk$0xBeyXfVzJVcvXLd0ckN3F0RcGaxCpM3z9wyCtG5u+8"


@dataclass(frozen=True, slots=True)
class Session:
    """logins: tenant -> id of the record "login". csrf: the token of the forms. key: where it is kept, no secret.

    browser: the key that the browser's first session had; it stays when a sign-in makes a new session of this one.
    admin: proof of the admin token that this browser signed in with, "" if it did not; admin_until: when that ends.
    """

    key: str
    csrf: str
    logins: dict[str, str] = field(default_factory=dict)
    theme: str = ""
    browser: str = ""
    admin: str = ""
    admin_until: int = 0

    @property
    def origin(self) -> str:
        return self.browser or self.key


@dataclass(frozen=True, slots=True)
class Login:
    """One sign-in: refresh tokens of online_access live as long as this record."""

    user: str
    at: int


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


def hash_password(password: str) -> str:
    """argon2id, OWASP's 19 MiB profile. Takes 30 ms: call it in a thread."""
    return _hasher().hash(password)


def _fits(hashed: str, password: str) -> bool:
    try:
        return _hasher().verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


async def find(runtime: Runtime, cookie: str | None) -> Session | None:
    """The session of this cookie's value."""
    record = await runtime.store.get("session", records.digest(cookie)) if cookie else None
    return None if record is None or _over(record, runtime.now()) else records.parse(Session, record.value)


async def begin(runtime: Runtime) -> tuple[Session, str]:
    """A new session and the value of its cookie."""
    secret = runtime.effects.token()
    session = Session(records.digest(secret), runtime.effects.token(16))
    await runtime.store.transaction([_put(session, runtime.now())])
    return session, secret


async def login(runtime: Runtime, tenant: Tenant, session: Session | None) -> tuple[str, Login] | None:
    """Id and value of who is signed in at this tenant."""
    id = session.logins.get(tenant.name) if session else None
    record = await runtime.store.get("login", id) if id else None
    if record is None or id is None or _over(record, runtime.now()):
        return None
    return id, records.parse(Login, record.value)


async def signed_in(runtime: Runtime, tenant: Tenant, session: Session | None) -> User | None:
    found = await login(runtime, tenant, session)
    return await user(runtime, tenant, found[1].user) if found else None


async def user(runtime: Runtime, tenant: Tenant, username: str) -> User | None:
    return await records.load(runtime, "user", f"{tenant.name}/{username}", User)


async def is_user(runtime: Runtime, tenant: Tenant, username: str) -> bool:
    return await runtime.store.get("user", f"{tenant.name}/{username}") is not None


async def password_fits(runtime: Runtime, tenant: Tenant, username: str, password: str) -> User | None:
    """The user, if the password is right. An unknown user takes as long as a known one."""
    found = await user(runtime, tenant, username)
    async with SLOTS:
        fits = await asyncio.to_thread(_fits, found.password if found else DUMMY, password)
    if found and fits and not found.seeded:
        remember_password(password)
    return found if fits else None


async def sign_in(runtime: Runtime, tenant: Tenant, session: Session | None, who: User) -> tuple[Session, str]:
    """A new session, so that a cookie set before the sign-in is worth nothing after it; the sign-ins elsewhere go along."""
    id, now = runtime.effects.token(16), runtime.now()
    new, secret = _renewed(runtime, session)
    new = replace(new, logins={**new.logins, tenant.name: id})
    entry = Record(
        "login",
        id,
        records.dump(Login(who.username, now)),
        tenant.name,
        who.username,
        at=now,
        expires_at=now + tenant.policy.session_lifetime,
    )
    steps = [Put(entry), _put(new, now)]
    await runtime.store.transaction([*steps, *([Delete("session", session.key)] if session else [])])
    return new, secret


def _renewed(runtime: Runtime, session: Session | None) -> tuple[Session, str]:
    """The same session under a new key, with a new token of the forms; and the value of its cookie."""
    secret = runtime.effects.token()
    old = session or Session("", "")
    return replace(old, key=records.digest(secret), csrf=runtime.effects.token(16), browser=old.origin), secret


async def sign_in_admin(runtime: Runtime, session: Session | None, proof: str) -> str:
    """A new session in which this browser administers; the value of its cookie."""
    now = runtime.now()
    new, secret = _renewed(runtime, session)
    new = replace(new, admin=proof, admin_until=now + ADMIN_LIFETIME)
    await runtime.store.transaction([_put(new, now), *([Delete("session", session.key)] if session else [])])
    return secret


async def sign_out_admin(runtime: Runtime, session: Session) -> None:
    await runtime.store.transaction([_put(replace(session, admin="", admin_until=0), runtime.now())])


async def sign_out(runtime: Runtime, tenant: Tenant, session: Session) -> None:
    """Here only: what lives by this sign-in ends with it."""
    id = session.logins.get(tenant.name)
    left = {name: one for name, one in session.logins.items() if name != tenant.name}
    ended = [Delete("login", id)] if id else []
    await runtime.store.transaction([*ended, _put(replace(session, logins=left), runtime.now())])


async def ended(runtime: Runtime, login: str | None) -> bool:
    """Whether the sign-in behind an online grant is over; a grant without one (auto-approved) has none to end."""
    if login is None:
        return False
    record = await runtime.store.get("login", login)
    return record is None or _over(record, runtime.now())


def csrf_fits(session: Session | None, sent: str | None) -> bool:
    return session is not None and hmac.compare_digest(session.csrf.encode(), (sent or "").encode())


def _over(record: Record, now: int) -> bool:
    return record.expires_at is not None and record.expires_at <= now


def _put(session: Session, now: int) -> Put:
    return Put(Record("session", session.key, records.dump(session), at=now, expires_at=now + LIFETIME))
