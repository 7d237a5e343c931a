"""Browser sessions: one cookie for the sign-ins at all hospitals, and the CSRF token of forms.

A browser that only fetches pages gets a cookie with a random value, and nothing is stored: the CSRF token is computed from the
value. A session is stored once something belongs to it: an authorization that waits for the user, or a sign-in.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Struct, field
from msgspec.structs import replace

from sickbay.authorization.models import User
from sickbay.services import records
from sickbay.services.context import Runtime, Tenant
from sickbay.storage.interface import Delete, Put, Record
from sickbay.storage.kinds import ADMINISTRATOR, STUDENT
from sickbay.storage.quotas import ANONYMOUS

LIFETIME = 30 * 86400
ADMIN_LIFETIME = 12 * 3600
"""Seconds that a sign-in with the admin token lasts."""
SESSIONS_OF_STUDENT: Final = 10
"""Browsers in which a student can be signed in at the same time."""
STUDENT_SESSIONS: Final = 10_000
"""More than all students of a class can have."""
UNSTORED: Final = "page."
"""How the values of cookies without a stored session begin. No other value contains a dot."""
DUMMY = "$argon2id$v=19$m=19456,t=2,p=1$c2lja2JheXNpY2tiYXk$0xBeyXfVzJVcvXLd0ckN3F0RcGaxCpM3z9wyCtG5u+8"


class Session(Struct, frozen=True):
    """logins: tenant -> id of the record "login". csrf: the token of forms. key: where the session is stored, which is not a
    secret; "" if it isn't stored.

    browser: the key of the browser's first session, which stays the same when a sign-in creates a new session.
    admin: proof of the admin token that this browser signed in with, "" without one. admin_until: when that expires.
    """

    key: str
    csrf: str
    logins: dict[str, str] = field(default_factory=dict)
    theme: str = ""
    browser: str = ""
    admin: str = ""
    admin_until: int = 0
    student: str = ""
    """The id of the student who joined the class with this browser."""

    @property
    def is_anonymous(self) -> bool:
        """Whether it has never been used to sign in or to join a class."""
        return not self.logins and not self.admin and not self.student

    @property
    def origin(self) -> str:
        """The ID that a waiting authorization is bound to; "" if the session isn't stored."""
        return self.browser or self.key


class Login(Struct, frozen=True):
    """One sign-in. Refresh tokens for online_access are valid as long as this record."""

    user: str
    at: int


@cache
def _password_hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


def hash_password(password: str) -> str:
    """argon2id with OWASP's 19 MiB profile. Takes 30 ms, so call it in a thread."""
    return _password_hasher().hash(password)


def _password_matches(hashed: str, password: str) -> bool:
    try:
        return _password_hasher().verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


async def find_session(runtime: Runtime, cookie: str) -> Session | None:
    if cookie.startswith(UNSTORED):
        return Session("", _csrf_token(runtime, cookie))
    record = await runtime.store.get("session", records.digest(cookie))
    return None if record is None or _has_expired(record, runtime.now()) else records.parse(Session, record.value)


def begin_unstored_session(runtime: Runtime) -> tuple[Session, str]:
    """A session for the forms of a page, and the value of its cookie. Nothing is stored."""
    cookie = UNSTORED + runtime.effects.token(16)
    return Session("", _csrf_token(runtime, cookie)), cookie


def _csrf_token(runtime: Runtime, cookie: str) -> str:
    """The CSRF token that belongs to the cookie. It can't be computed without our key."""
    text = f"csrf\0{cookie}".encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(hmac.digest(runtime.keys.refresh, text, "sha256")[:16]).rstrip(b"=").decode()


async def begin_session(runtime: Runtime) -> tuple[Session, str]:
    """A new stored session and the value of its cookie."""
    secret = runtime.effects.token()
    session = Session(records.digest(secret), runtime.effects.token(16))
    await runtime.store.transaction([_store_session(session, runtime.now())])
    return session, secret


async def find_login(runtime: Runtime, tenant: Tenant, session: Session | None) -> tuple[str, Login] | None:
    """Id and value of the sign-in at this tenant."""
    id = session.logins.get(tenant.name) if session else None
    record = await runtime.store.get("login", id) if id else None
    if record is None or id is None or _has_expired(record, runtime.now()):
        return None
    return id, records.parse(Login, record.value)


async def load_signed_in_user(runtime: Runtime, tenant: Tenant, session: Session | None) -> User | None:
    current = await find_login(runtime, tenant, session)
    return await records.load_user(runtime, tenant, current[1].user) if current else None


async def is_user(runtime: Runtime, tenant: Tenant, username: str) -> bool:
    return await runtime.store.get("user", f"{tenant.name}/{username}") is not None


async def check_password(runtime: Runtime, tenant: Tenant, username: str, password: str) -> User | None:
    """The user if the password is right. Takes equally long for an unknown user."""
    account = await records.load_user(runtime, tenant, username)
    async with runtime.hashing:
        is_right = await asyncio.to_thread(_password_matches, account.password if account else DUMMY, password)
    if account and is_right and not account.seeded:
        runtime.passwords.remember(password)
    return account if is_right else None


async def sign_in(runtime: Runtime, tenant: Tenant, session: Session | None, account: User) -> tuple[Session, str]:
    """Creates a new session, so that a cookie set before the sign-in is worthless. Keeps the sign-ins at other hospitals."""
    id, now = runtime.effects.token(16), runtime.now()
    new, secret = _renew_session(runtime, session)
    new = replace(new, logins={**new.logins, tenant.name: id})
    entry = Record(
        "login",
        id,
        records.dump(Login(account.username, now)),
        tenant.name,
        account.username,
        at=now,
        expires_at=now + tenant.policy.session_lifetime,
    )
    await runtime.store.transaction([Put(entry), _store_session(new, now), *_delete_session(session)])
    return new, secret


def _delete_session(session: Session | None) -> list[Delete]:
    return [Delete("session", session.key)] if session and session.key else []


def _renew_session(runtime: Runtime, session: Session | None) -> tuple[Session, str]:
    """The same session under a new key and with a new CSRF token, and the value of its cookie."""
    secret = runtime.effects.token()
    old = session or Session("", "")
    return replace(old, key=records.digest(secret), csrf=runtime.effects.token(16), browser=old.origin), secret


async def sign_in_admin(runtime: Runtime, session: Session | None, proof: str) -> str:
    """Creates a session that may administer Sickbay. Returns the value of its cookie."""
    now = runtime.now()
    new, secret = _renew_session(runtime, session)
    new = replace(new, admin=proof, admin_until=now + ADMIN_LIFETIME)
    await runtime.store.transaction([_store_session(new, now), *_delete_session(session)])
    return secret


async def keep_administrators(runtime: Runtime, now: int) -> list[Put]:
    """Stores the sessions that may administer Sickbay again, without sign-ins at hospitals. now: the time after the reset."""
    found = await runtime.store.find("session", label=ADMINISTRATOR, limit=1000)
    sessions = [records.parse(Session, record.value) for record in found]
    until = now + ADMIN_LIFETIME
    return [
        _store_session(replace(session, logins={}, admin_until=min(session.admin_until, until)), now)
        for session in sessions
        if session.admin_until > runtime.now()
    ]


async def keep_students(runtime: Runtime, now: int) -> list[Put]:
    """Stores the sessions of students again, without sign-ins at hospitals. now: the time after the reset."""
    found = await runtime.store.find("session", label=STUDENT, limit=STUDENT_SESSIONS)
    return [_store_session(replace(records.parse(Session, record.value), logins={}), now) for record in found]


async def join_class(runtime: Runtime, session: Session | None, student: str) -> str:
    """Creates a session of a student. Returns the value of its cookie. Only the newest sessions of a student stay."""
    now = runtime.now()
    new, secret = _renew_session(runtime, session)
    earlier = await runtime.store.find("session", owner=student, limit=1000)
    ended = [Delete("session", record.key) for record in earlier[SESSIONS_OF_STUDENT - 1 :]]
    await runtime.store.transaction([_store_session(replace(new, student=student), now), *ended, *_delete_session(session)])
    return secret


async def leave_on_this_browser(runtime: Runtime, session: Session) -> None:
    """Ends the membership of this browser. The student stays in the class, and the sign-ins at hospitals stay."""
    await runtime.store.transaction([_store_session(replace(session, student=""), runtime.now())])


async def leave_class(runtime: Runtime, student: str) -> list[Delete]:
    """The steps that end all sessions of a student."""
    return [Delete("session", record.key) for record in await runtime.store.find("session", owner=student, limit=1000)]


async def sign_out_admin(runtime: Runtime, session: Session) -> None:
    if session.key:
        await runtime.store.transaction([_store_session(replace(session, admin="", admin_until=0), runtime.now())])


async def sign_out(runtime: Runtime, tenant: Tenant, session: Session) -> None:
    """Signs out at this hospital only. Everything that depends on the sign-in ends with it."""
    if not session.key:
        return
    id = session.logins.get(tenant.name)
    remaining = {name: login_id for name, login_id in session.logins.items() if name != tenant.name}
    ended = [Delete("login", id)] if id else []
    await runtime.store.transaction([*ended, _store_session(replace(session, logins=remaining), runtime.now())])


async def has_ended(runtime: Runtime, login: str | None) -> bool:
    """Whether the sign-in behind an online grant has ended. A grant without a sign-in (auto-approved) never ends this way."""
    if login is None:
        return False
    record = await runtime.store.get("login", login)
    return record is None or _has_expired(record, runtime.now())


def csrf_matches(session: Session | None, sent: str | None) -> bool:
    return session is not None and hmac.compare_digest(session.csrf.encode(), (sent or "").encode())


def _has_expired(record: Record, now: int) -> bool:
    return record.expires_at is not None and record.expires_at <= now


def _store_session(session: Session, now: int) -> Put:
    label = ADMINISTRATOR if session.admin else STUDENT if session.student else ANONYMOUS if session.is_anonymous else ""
    entry = Record(
        "session", session.key, records.dump(session), owner=session.student, label=label, at=now, expires_at=now + LIFETIME
    )
    return Put(entry)
