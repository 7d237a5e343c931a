"""Recognizes current secrets in a request by the hashes of client secrets and tokens."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from hashlib import sha256

import msgspec

from sickbay.authorization.token import refresh
from sickbay.services import records
from sickbay.services.context import Runtime, Secrets
from sickbay.services.used_passwords import NO_PASSWORDS, SHORTEST, UsedPasswords
from sickbay.storage.kinds import CHANGES

KINDS = ("token", "code", "launch", "session")
"""Kinds of records that are stored under the hash of a secret."""
TOKEN = 43
"""Length of every token, code and generated secret: 32 bytes in base64url."""
MAXIMUM_SUBSTRING_CHARACTERS = 64
"""Maximum length of a substring that is looked up. The minimum is SHORTEST."""
MAXIMUM_HASHED_SUBSTRINGS = 20_000
"""Maximum number of substrings of an exchange that are hashed. Any others count as secret."""
TOO_SHORT = frozenset(range(SHORTEST))
"""Lengths of secrets that aren't recognized."""
LOOKED_UP = 16
"""Maximum number of substrings of an exchange that are looked up in the store. Any others count as secret."""
_RUN = re.compile(rf"[A-Za-z0-9_-]{{{TOKEN},}}")
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{8,}")
_BASE32 = re.compile(r"[A-Z2-7]+|(?=[a-z]*[2-7])[a-z2-7]+")
_HEX = re.compile(r"[0-9a-fA-F]+")
ENCODED, MAXIMUM_DECODED_CHARACTERS = 20, 20_000
"""Maximum number of encoded runs in a text that are decoded, and of characters that are searched for them."""


class _Registered(msgspec.Struct, frozen=True, gc=False):
    """The members of a registered app that are read: the hashes of its secrets, and the length of the one it may choose."""

    secret_hash: str | None = None
    secret_length: int | None = None
    registration_hash: str | None = None


_DECODER = msgspec.json.Decoder(_Registered | None)


def decode_runs(text: str) -> list[str]:
    """The texts that base64, base32 and hexadecimal runs in this text decode to, if they decode to text."""
    return [
        plain
        for run in _ENCODED.findall(text[:MAXIMUM_DECODED_CHARACTERS])[:ENCODED]
        for shape, decode in _DECODERS
        if shape.fullmatch(run) and (plain := _decode_run(decode, run))
    ]


def _decode_run(decode: Callable[[str], bytes], run: str) -> str:
    """The printable ASCII text that the run decodes to, also from UTF-16; "" if there is none."""
    try:
        plain = decode(run).replace(b"\0", b"").decode("ascii")
    except ValueError:
        return ""
    return plain if len(plain) >= SHORTEST and plain.isprintable() else ""


def _decode_base64(run: str) -> bytes:
    return base64.urlsafe_b64decode(run.replace("+", "-").replace("/", "_") + "=" * (-len(run) % 4))


def _decode_base32(run: str) -> bytes:
    return base64.b32decode(run + "=" * (-len(run) % 8), casefold=True)


_DECODERS: tuple[tuple[re.Pattern[str], Callable[[str], bytes]], ...] = (
    (_ENCODED, _decode_base64),
    (_BASE32, _decode_base32),
    (_HEX, bytes.fromhex),
)


class LiveSecrets:
    """Recognizes the secrets of one moment. hashes: SHA-256 hex. live_tokens: found in the store.

    lengths: the lengths of the secrets, so that no other text is hashed; None if they aren't known.
    """

    def __init__(
        self,
        hashes: Collection[str] = (),
        live_tokens: Collection[str] = (),
        passwords: UsedPasswords = NO_PASSWORDS,
        *,
        lengths: Collection[int] | None = None,
        strict: bool = False,
    ) -> None:
        self.hashes = hashes
        self._lengths_of_hashes = lengths
        self.live_tokens = live_tokens
        self.passwords = passwords
        self.strict = strict
        """True if no tokens were looked up. Then nothing that may be a token is kept."""
        self.left = MAXIMUM_HASHED_SUBSTRINGS
        self._clean: set[str] = set()
        """Texts that contain no secret."""
        self._newest_password = passwords.newest
        self._note_lengths()

    def _note_lengths(self) -> None:
        """Note the lengths of all secrets, and that of the shortest one."""
        lengths = self._lengths_of_hashes if self.hashes else ()
        self._lengths = None if lengths is None else sorted({*lengths, *self.passwords.lengths} - TOO_SHORT)
        if self._lengths is None:
            self._shortest = SHORTEST
        else:
            self._shortest = min((*self._lengths, *map(len, self.live_tokens)), default=0)

    def begin(self) -> None:
        """Starts another exchange. Texts are searched again if a password was used since."""
        self.left = MAXIMUM_HASHED_SUBSTRINGS
        if self.passwords.newest != self._newest_password:
            self._newest_password = self.passwords.newest
            self._clean.clear()
            self._note_lengths()

    def are_in(self, text: str) -> bool:
        """Whether this text contains a secret, whatever surrounds it."""
        if not self._shortest or len(text) < self._shortest or text in self._clean:
            return False
        if any(self._is_within(candidate) for candidate in (text, *self._decode_runs(text))):
            return True
        self._clean.add(text)
        return False

    def _is_within(self, text: str) -> bool:
        return any(secret in text for secret in self.live_tokens) or self._has_secret(_possible_secrets(text, self._lengths))

    def _decode_runs(self, text: str) -> Sequence[str]:
        """Decodes the runs of a text that are long enough: encoding lengthens a text by at least a third."""
        return decode_runs(text) if len(text) * 3 >= self._shortest * 4 else ()

    def holds(self, text: str) -> bool:
        """Whether the whole text is a secret."""
        candidates = [text, *self._decode_runs(text)]
        return any(candidate in self.live_tokens for candidate in candidates) or self._has_secret(map(_encode_utf8, candidates))

    def _has_secret(self, pieces: Iterable[bytes]) -> bool:
        """Whether one of these texts is a secret. If lengths aren't known, a thousand are hashed for most requests, so the loop
        calls nothing else.
        """
        passwords = self.passwords if self.passwords else None
        for piece in pieces:
            self.left -= 1
            if self.left < 0 or sha256(piece).hexdigest() in self.hashes:
                return True
            if passwords is not None and passwords.includes(piece):
                return True
        return False


def _possible_secrets(text: str, lengths: Sequence[int] | None) -> Iterable[bytes]:
    """Yields possible secrets: substrings of these lengths (in a long text, only of a token's length), and the whole."""
    size = len(text)
    if size > MAXIMUM_SUBSTRING_CHARACTERS:
        starts = range(min(size, 1000) - TOKEN + 1)
        return map(_encode_utf8, [*(text[start : start + TOKEN] for start in starts), text])
    possible = range(SHORTEST, size + 1) if lengths is None else lengths
    parts = [(start, start + length) for length in possible for start in range(size - length + 1)]
    if text.isascii():
        raw = text.encode()
        return [raw[start:end] for start, end in parts]
    return [_encode_utf8(text[start:end]) for start, end in parts]


def _encode_utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


async def load_live_secrets(runtime: Runtime, opaque: Collection[str]) -> LiveSecrets:
    """opaque: random values of the exchange that may be kept unless they are live secrets."""
    stored = await read_stored_secrets(runtime)
    return LiveSecrets(stored.hashes, await _live_tokens(runtime, opaque), runtime.passwords, lengths=stored.lengths)


async def load_strict(runtime: Runtime) -> LiveSecrets:
    """The same without looking up tokens."""
    stored = await read_stored_secrets(runtime)
    return LiveSecrets(stored.hashes, passwords=runtime.passwords, lengths=stored.lengths, strict=True)


async def read_stored_secrets(runtime: Runtime) -> Secrets:
    """Client secrets, registration tokens and the admin token. Read again only after an app was changed."""
    stamp, cached = runtime.store.stamp(), runtime.secrets
    if stamp is not None and cached.stamp == stamp:
        return cached
    changes = await runtime.store.get(CHANGES.record.kind, CHANGES.record.key)
    revision = changes.revision if changes else 0
    if cached.revision == revision:
        runtime.secrets = cached._replace(stamp=stamp)
        return runtime.secrets
    lengths: dict[str, int | None] = dict(runtime.secret_hashes)
    for kind in ("app", "app-before"):
        for record in await runtime.store.find(kind, limit=10_000):
            client = _DECODER.decode(record.value)  # None for an app that wasn't registered before
            if client and client.secret_hash:
                lengths[client.secret_hash] = client.secret_length
            if client and client.registration_hash:
                lengths[client.registration_hash] = TOKEN
    known = frozenset(length for length in lengths.values() if length)
    runtime.secrets = Secrets(stamp, revision, frozenset(lengths), None if None in lengths.values() else known)
    return runtime.secrets


async def _live_tokens(runtime: Runtime, opaque: Collection[str]) -> frozenset[str]:
    live: set[str] = set()
    pieces = sorted(
        {run[start : start + TOKEN] for text in opaque for run in _RUN.findall(text) for start in range(len(run) - TOKEN + 1)}
    )
    live.update(pieces[LOOKED_UP:])
    for piece in pieces[:LOOKED_UP]:
        key = records.digest(piece)
        for kind in KINDS:
            if await runtime.store.get(kind, key) is not None:
                live.add(piece)
    live.update(value for value in opaque if refresh.SHAPE.fullmatch(value))
    return frozenset(live)
