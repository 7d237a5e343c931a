"""What is secret in this Sickbay now, so that it can be recognised in a request: the hashes of client secrets and tokens."""

from __future__ import annotations

import base64
import hmac
import os
import re
from collections import deque
from collections.abc import Callable, Collection, Iterator
from hashlib import sha256

import msgspec

from sickbay.authorization import refresh
from sickbay.services import records
from sickbay.services.context import Runtime, Secrets
from sickbay.storage.interface import CHANGES

KINDS = ("token", "code", "launch", "session")
"""Records that are stored under the hash of a secret."""
TOKEN = 43
"""Characters of every token, code and generated secret: 32 bytes in base64url."""
SHORTEST, LONGEST = 4, 64
"""Characters of a piece that is looked up."""
MOST = 20_000
"""Pieces of one exchange that are hashed; what is beyond is not kept."""
LOOKED_UP = 16
"""Pieces of one exchange that are looked up in the store; what is beyond is not kept."""
_RUN = re.compile(rf"[A-Za-z0-9_-]{{{TOKEN},}}")
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_BASE32 = re.compile(r"[A-Z2-7]+|(?=[a-z]*[2-7])[a-z2-7]+")
_HEX = re.compile(r"[0-9a-fA-F]+")
ENCODED = 20
"""Runs of one text that are decoded."""
_KEY = os.urandom(32)
_SEEN: deque[bytes] = deque(maxlen=10_000)
_PASSWORDS: set[bytes] = set()


def remember_password(password: str) -> None:
    """Recognise this password in requests while the process runs. It is held as a keyed hash, in memory only."""
    digest = _of_password(password)
    if len(password) < SHORTEST or digest in _PASSWORDS:
        return
    if len(_SEEN) == _SEEN.maxlen:
        _PASSWORDS.discard(_SEEN[0])
    _SEEN.append(digest)
    _PASSWORDS.add(digest)


def _of_password(text: str) -> bytes:
    return hmac.digest(_KEY, text.encode("utf-8", "surrogatepass"), "sha256")


class _Registered(msgspec.Struct, gc=False):
    """What is read of a registered app: the hashes of its secrets."""

    secret_hash: str | None = None
    registration_hash: str | None = None


_DECODER = msgspec.json.Decoder(_Registered | None)


def decoded(text: str) -> list[str]:
    """The texts that the runs of base64, base32 and hexadecimal digits in this text stand for, if they are texts."""
    return [
        plain
        for run in _ENCODED.findall(text[:MOST])[:ENCODED]
        for shape, decode in _DECODERS
        if shape.fullmatch(run) and (plain := _plain(decode, run))
    ]


def _plain(decode: Callable[[str], bytes], run: str) -> str:
    """The printable ASCII text that it stands for; of UTF-16 too."""
    try:
        plain = decode(run).replace(b"\0", b"").decode("ascii")
    except ValueError:
        return ""
    return plain if len(plain) >= SHORTEST and plain.isprintable() else ""


def _of_base64(run: str) -> bytes:
    return base64.urlsafe_b64decode(run.replace("+", "-").replace("/", "_") + "=" * (-len(run) % 4))


def _of_base32(run: str) -> bytes:
    return base64.b32decode(run + "=" * (-len(run) % 8), casefold=True)


_DECODERS: tuple[tuple[re.Pattern[str], Callable[[str], bytes]], ...] = (
    (_ENCODED, _of_base64),
    (_BASE32, _of_base32),
    (_HEX, bytes.fromhex),
)


class LiveSecrets:
    """Recognises the secrets of one moment. hashes: SHA-256 hex; found: tokens that were looked up and are live."""

    def __init__(self, hashes: Collection[str] = (), found: Collection[str] = (), *, strict: bool = False) -> None:
        self.hashes = hashes
        self.found = found
        self.strict = strict
        """No token was looked up: then nothing that may be one is kept."""
        self.left = MOST
        self._clean: set[str] = set()
        """Texts in which no secret is."""

    def begin(self) -> None:
        """Another exchange of the same moment."""
        self.left = MOST

    def within(self, text: str) -> bool:
        """Whether a secret is in this text, whatever is written before and after it."""
        if text in self._clean or (not self.hashes and not _PASSWORDS and not self.found):
            return False
        if any(self._within(one) for one in (text, *decoded(text))):
            return True
        self._clean.add(text)
        return False

    def _within(self, text: str) -> bool:
        return any(one in text for one in self.found) or any(self._is(piece) for piece in self._pieces(text))

    def holds(self, text: str) -> bool:
        """Whether all of this text is a secret."""
        return any(one in self.found or self._is(one) for one in (text, *decoded(text)))

    def _pieces(self, text: str) -> Iterator[str]:
        size = len(text)
        if size > LONGEST:
            yield from (text[at : at + TOKEN] for at in range(min(size, 1000) - TOKEN + 1))
            yield text
            return
        for start in range(size - SHORTEST + 1):
            for end in range(start + SHORTEST, size + 1):
                yield text[start:end]

    def _is(self, piece: str) -> bool:
        self.left -= 1
        if self.left < 0:
            return True
        if self.hashes and sha256(piece.encode("utf-8", "surrogatepass")).hexdigest() in self.hashes:
            return True
        return bool(_PASSWORDS) and _of_password(piece) in _PASSWORDS


async def load(runtime: Runtime, opaque: Collection[str]) -> LiveSecrets:
    """opaque: values of the exchange that are random and may be kept unless they are live."""
    return LiveSecrets(await hashes(runtime), await _found(runtime, opaque))


async def hashes(runtime: Runtime) -> frozenset[str]:
    """Of client secrets, registration tokens and the admin token; read again only once an app was changed."""
    stamp, kept = runtime.store.stamp(), runtime.secrets
    if stamp is not None and kept.stamp == stamp:
        return kept.hashes
    changes = await runtime.store.get(CHANGES.record.kind, CHANGES.record.key)
    revision = changes.revision if changes else 0
    if kept.revision == revision:
        runtime.secrets = kept._replace(stamp=stamp)
        return kept.hashes
    found: set[str] = set(runtime.hidden)
    for kind in ("app", "app-before"):
        for one in await runtime.store.find(kind, limit=10_000):
            client = _DECODER.decode(one.value)  # None: before it was registered
            found |= {each for each in (client.secret_hash, client.registration_hash) if each} if client else set()
    runtime.secrets = Secrets(stamp, revision, frozenset(found))
    return runtime.secrets.hashes


async def _found(runtime: Runtime, opaque: Collection[str]) -> frozenset[str]:
    found: set[str] = set()
    pieces = sorted(
        {run[at : at + TOKEN] for text in opaque for run in _RUN.findall(text) for at in range(len(run) - TOKEN + 1)}
    )
    found.update(pieces[LOOKED_UP:])
    for piece in pieces[:LOOKED_UP]:
        key = records.digest(piece)
        for kind in KINDS:
            if await runtime.store.get(kind, key) is not None:
                found.add(piece)
    found.update(one for one in opaque if refresh.is_one(one))
    return frozenset(found)
