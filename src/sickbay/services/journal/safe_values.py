"""What of a request is known to be harmless: a grammar for each kind of value. Everything else is kept as a length only."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache
from urllib.parse import unquote

from sickbay.diagnosis.corrections import EXAMPLE_NONCE, EXAMPLE_STATE, PLACEHOLDER_SECRET, PLACES
from sickbay.diagnosis.values import is_no_secret
from sickbay.kernel.memoize import memoized
from sickbay.services.journal import safe_search
from sickbay.services.journal import vocabulary as known
from sickbay.services.journal.live_secrets import LiveSecrets, decoded
from sickbay.services.journal.masking import length, masked

PUBLISHED = PLACES | {EXAMPLE_NONCE, EXAMPLE_STATE, PLACEHOLDER_SECRET}
"""Values that Sickbay itself puts into corrected requests."""
EMPTY = frozenset(("null", "none", "nil", "nullptr", "undefined", "na", "n", "object", "client", "app", "my", "env", "process"))
GUESSES = 60
"""Words of one exchange that are compared with what may have been meant."""
LONG = 2000
"""Characters of a value beyond which it is not read."""
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
ID = re.compile(
    r"(?!(?:mrn|ssn|nhs|nino|dob|tel)[-\d])(?:[a-z]{1,10}-\d{1,7}|[a-z]{0,4}\d{1,6}|[a-z]{1,4}-\d{1,6}(?:-[a-z0-9]{1,12}){1,4})"
    r"|(?=[a-fA-F]*\d)(?=\d*[a-fA-F])(?:[0-9a-f]{8,32}|[0-9A-F]{8,32})"
)
"""The id of a resource: short numbers, hexadecimal digits, or what Sickbay's own population has. No name, date or number of a
person is one of these.
"""
_RUN = re.compile(r"[A-Za-z0-9_+/=-]{16,}")
_SIGNED = re.compile(r"eyJ[A-Za-z0-9_-]{4,}\.|-----BEGIN|PRIVATE KEY")
_WORDS = re.compile(r"[A-Za-z]+(?:[-_.][A-Za-z]+)*\d{0,2}")
_NAMED = re.compile(r"[A-Za-z0-9]+(?:[-_.~][A-Za-z0-9]+)*")
SHORT = 16
"""Characters of a part of an address that may have digits anywhere."""
_LABELS = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\]")
_URL = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]{0,40}):)?(//[^/?#]*)?([^?#]*)(\?[^#]*)?(#.*)?", re.S)
_AROUND = " \t\r\n\"'`<>\u00a0\u200b\u2018\u2019\u201c\u201d\ufeff"
"""What is pasted along with an address."""
_ROUTE = re.compile(r"#(?:/?[a-z]{1,12}){0,3}/?")
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "[::1]"))
_OF_A_PERSON = re.compile(r"\d{6}|\d{4}[-_.~]\d\d?[-_.~]\d\d?")
"""A date, or a number that may identify a person."""
_VERSION = re.compile(r"v?\d{1,4}(?:\.\d{1,2})?")
_VARIABLE = re.compile(r"\{[\w-]{1,30}\}|:[a-z]{1,20}")
_CLASSES = (str.islower, str.isupper, str.isdigit)
_SLACK = 0.2
"""Changes between lower case, upper case and digits, for each character, from which a run looks random."""


@memoized(4096)
def _parts(text: str) -> tuple[str, ...]:
    """Of an address or of scopes: what may be written elsewhere because it is in them."""
    return tuple(part for part in re.split(r"[/?#\s]+", text) if part)


_PARTS = frozenset(part for one in PUBLISHED for part in _parts(one))


def looks_random(text: str) -> bool:
    """Whether there is a signed token, a key, or a long run of letters and digits that is not made of words."""
    if _SIGNED.search(text):
        return True
    return any(_is_mixed(run) for run in _RUN.findall(text))


def _is_mixed(run: str) -> bool:
    if UUID.fullmatch(run):
        return False
    kinds = [next((at for at, of in enumerate(_CLASSES) if of(one)), -1) for one in run]
    changes = sum(a != b for a, b in itertools.pairwise(kinds) if a >= 0 and b >= 0)
    return changes >= max(3, _SLACK * len(run)) or (len(run) >= 43 and changes > 2)


@cache
def _squeezed(names: Callable[[], Collection[str]]) -> frozenset[str]:
    return frozenset(map(known.squeezed, names()))


def words(*names: str) -> frozenset[str]:
    return frozenset(known.squeezed(one) for text in names for one in text.split())


CHOICES = words(
    "code token id_token none query fragment form_post query.jwt fragment.jwt jwt authorization_code refresh_token",
    "client_credentials password implicit device_code login consent select_account create page popup touch wap S256 plain",
    "SHA-256 S512 access_token client_secret_basic client_secret_post client_secret_jwt private_key_jwt tls_client_auth web",
    "native bearer basic mac DPoP provider patient system public symmetric asymmetric confidential required if-sent off",
    "strict lenient true false yes no authorization order reconcile-medications",
)
"""Values of parameters that take one of a few."""
_URN = re.compile(r"urn:ietf:params:oauth:([a-z-]{1,30}):([a-z0-9_-]{1,30})")
URN_WORDS = words(
    "grant-type client-assertion-type token-type jwt-bearer saml2-bearer saml1 saml2 token-exchange device_code ciba jwt"
    " access_token refresh_token id_token"
)
"""What the last two parts of such a URN may be."""
SCOPES = words(
    "openid fhirUser profile email address phone launch online_access offline_access launch/patient launch/encounter",
    "launch/practitioner launch/location launch/organization smart/orchestrate_launch smart/manage_subscriptions user_details",
)
LEVELS = words("patient user system")
ACTIONS = words("read write * c r u d s rs cruds cud crud ru cr crs all search create update delete history")
_SCOPE = re.compile(r"([A-Za-z]{1,20})([/.:])([A-Za-z*]{1,60})([./:])([a-z*]{1,12})(\?.*)?", re.I | re.S)
_BETWEEN = re.compile(r"""([\s,;+"'`\[\](){}]+)""")


class SafeValues:
    """Reads values in the light of what is public for this exchange, and of what is secret now."""

    def __init__(self, live: LiveSecrets, public: Iterable[str] = ()) -> None:
        self.live = live
        self._random = ""
        """The value that `random` kept."""
        self.guesses = GUESSES
        given = [one for one in public if one]
        self.public = PUBLISHED.union(given)
        self.parts = _PARTS.union(*map(_parts, given))

    def is_public(self, value: str) -> bool:
        return value in self.public or (is_no_secret(value) and _is_ours(value))

    def plain(self, text: str) -> bool:
        """Whether nothing secret is in a text of a harmless shape."""
        return self.is_public(text) or not (looks_random(text) or self.live.within(text))

    def resembles(self, text: str, names: frozenset[str]) -> bool:
        """Whether it is one of these names, or a misspelling of one in which nothing secret is."""
        if known.squeezed(text) in names:
            return True
        self.guesses -= 1
        return self.guesses >= 0 and known.resembles(text, names) and self.plain(text)

    def secret(self, value: str) -> str:
        if not value or self.is_public(value):
            return value
        return masked(value)

    def choice(self, value: str) -> str:
        """One or more of a few words, or one of them misspelt."""
        if urn := _URN.fullmatch(value):
            return value if all(self.resembles(part, URN_WORDS) for part in urn.groups()) else length(value)
        return " ".join(one if self.resembles(one, CHOICES) else length(one) for one in value.split(" "))

    def number(self, value: str) -> str:
        return value if re.fullmatch(r"[+-]?\d{1,9}(?:\.\d{1,3})?", value, re.A) else length(value)

    def random(self, value: str) -> str:
        """A state: kept if it is random, no text in an encoding, and too short for a large part of a token of ours.

        Only one such value of an exchange is kept, so that the parts of a token can't be kept one by one.
        """
        if self.is_public(value) or _is_tiny(value):
            return value
        fits = re.fullmatch(r"[A-Za-z0-9._~-]{16,32}", value) and _is_varied(value) and not decoded(value)
        if not (fits or UUID.fullmatch(value)) or _SIGNED.search(value) or self.live.within(value):
            return masked(value) if len(value) >= 16 else length(value)
        self._random = self._random or value
        return value if value == self._random else masked(value)

    def challenge(self, value: str) -> str:
        """A code challenge is public, unless it is a secret that was sent in its place."""
        if self.is_public(value):
            return value
        if self.live.strict or not re.fullmatch(r"[A-Za-z0-9_-]{43}=?", value) or decoded(value) or self.live.within(value):
            return masked(value) if len(value) >= 16 else length(value)
        return value

    def client(self, value: str) -> str:
        """A client_id that is registered, a UUID, or words."""
        if self.is_public(value) or UUID.fullmatch(value):
            return value if self.is_public(value) or not self.live.within(value) else length(value)
        shaped = re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(?:[-_.][A-Za-z0-9]+)*", value) and len(value) <= known.FAR
        close = len(value) < 100 and any(_apart(value, one) for one in self.public if abs(len(one) - len(value)) <= 2)
        if (close or (shaped and not looks_random(value))) and not self.live.within(value):
            return value
        return length(value)

    def title(self, value: str) -> str:
        """What an app is called."""
        fits = re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(?:[ ._-]{1,2}[A-Za-z0-9]+)*", value) and len(value) <= known.FAR
        return value if fits and self.plain(value) else length(value)

    def id(self, value: str) -> str:
        if self.is_public(value) or (_is_numbered(value) and not self.live.holds(value)):
            return value
        return length(value)

    def scope(self, value: str) -> str:
        if len(value) > 4 * LONG:
            return length(value)
        if "%" in value and (plain := unquote(unquote(value))) != value:
            return value if self.scope(plain) == plain else length(value)
        pieces = _BETWEEN.split(value)
        return "".join(one if at % 2 else self._scope(one) for at, one in enumerate(pieces))

    def _scope(self, word: str) -> str:
        if not word or word in self.parts or self.is_public(word):
            return word
        if self.resembles(word, SCOPES):
            return word
        shape = _SCOPE.fullmatch(word)
        if shape is None:
            return self.url(word) if word.startswith(("http://", "https://")) else length(word)
        level, first, type, second, actions, filters = shape.groups()
        fits = self.resembles(level, LEVELS) and (set(actions) <= set("cruds*") or self.resembles(actions, ACTIONS))
        if not fits or not (type == "*" or self.resembles(type, _squeezed(known.types))):
            return length(word)
        return f"{level}{first}{type}{second}{actions}{self._filters(filters) if filters else ''}"

    def _filters(self, text: str) -> str:
        pairs = (pair.partition("=") for pair in text[1:].split("&"))
        value = safe_search.value
        return "?" + "&".join(f"{self.search_name(name)}{eq}{value(self, name, one)}" for name, eq, one in pairs)

    def search_name(self, name: str) -> str:
        """Of a search parameter, with chains and modifiers: each part of it must be known, or nearly so."""
        every = known.words_of_searches()
        if name in every:
            return name
        if len(name) > 120 or not all(self.resembles(one, every) for one in re.split(r"[.:]", name) if one):
            return length(name)
        return name

    def name(self, name: str) -> str:
        """Of a parameter or a member: known, or known with a slip in it."""
        bare = name.removeprefix("amp;").strip()
        if bare in known.OAUTH or (self.resembles(bare, known.named()) and re.fullmatch(r"[\w .;:\[\]-]*", name)):
            return name
        return f"‹name of {len(name)} character{'' if len(name) == 1 else 's'}›"

    def url(self, value: str, *, free: bool = True) -> str:
        """An address: no user, no password, and no part that may be a secret.

        free: an address of an app; its parts may be any words. Else only what addresses of ours are made of is kept.
        """
        if not value or self.is_public(value):
            return value
        if len(value) > LONG:
            return length(value)
        if "%" in value and (plain := unquote(unquote(value))) != value:
            return value if self._url(plain, free) == plain else self._url(plain, free)
        return self._url(value, free)

    def _url(self, value: str, free: bool) -> str:
        inner = value.strip(_AROUND)
        lead, _, tail = value.partition(inner) if inner else (value, "", "")
        found = _URL.fullmatch(inner)
        assert found is not None
        scheme, authority, path, query, fragment = found.groups()
        if not scheme and not authority and "/" not in path:
            return lead + self.segment(path, free=False) + tail if path else value
        if not free and (query or fragment or (scheme or "http").lower() not in ("http", "https")):
            return length(value)
        made = f"{self._scheme(scheme)}:" if scheme else ""
        made += self._authority(authority, free) if authority else ""
        made += "/".join(self._segments(path, free))
        made += "?" + self.foreign_query(query[1:]) if query else ""
        return lead + made + (self._fragment(fragment) if fragment else "") + tail

    def _fragment(self, fragment: str) -> str:
        """A route of the app's own; everything else may be an answer with a token."""
        return fragment if _ROUTE.fullmatch(fragment) and self.plain(fragment[1:]) else "#" + length(fragment[1:])

    def _scheme(self, scheme: str) -> str:
        return scheme if re.fullmatch(r"[A-Za-z]+(?:[.+-][A-Za-z0-9]+)*", scheme) and self.plain(scheme) else length(scheme)

    def _segments(self, path: str, free: bool) -> Iterator[str]:
        """What follows a resource type is the id of a resource, and no word."""
        for part in path.split("/"):
            yield self.segment(part, free=free)
            free = free and part not in known.types()

    def _authority(self, authority: str, free: bool) -> str:
        user, at, host = authority[2:].rpartition("@")
        name, port = re.fullmatch(r"(.*?)((?::\d{1,5})?)", host, re.S).groups()  # type: ignore[union-attr]
        allowed = self.host(name) if free else name + port in self.parts or name in _LOOPBACK
        shown = name if not name or allowed else length(name)
        return f"//{length(user)}{at}{shown}{port}"

    def host(self, name: str) -> bool:
        return name in self.parts or (
            _LABELS.fullmatch(name) is not None and len(name) <= 64 and self.plain(name) and not UUID.search(name)
        )

    def segment(self, segment: str, *, free: bool = True) -> str:
        """One part of a path. free: any words, as in the address of an app; else only those of an address of ours."""
        text = unquote(segment)
        if text in ("", ".", "..") or text in self.parts or self.is_public(text):
            return segment
        if text in known.ADDRESSES or text in known.types():
            return segment
        fits = _is_numbered(text) or (_is_word(text) if free else known.resembles(text.removeprefix("$"), known.segments()))
        return segment if fits and self.plain(text) else length(text)

    def foreign_query(self, query: str) -> str:
        """Of somebody else's address: names that are words, and no values but numbers and known words."""
        if query.endswith("…"):
            return length(query)
        pairs = [pair.partition("=") for pair in query.split("&")]
        return "&".join(f"{self.name(name) if name else ''}{eq}{self._foreign(name, value)}" for name, eq, value in pairs)

    def _foreign(self, name: str, value: str) -> str:
        text = unquote(value.replace("+", " "))
        if not text or self.is_public(text) or _is_tiny(text):
            return value
        shown = self.url(text) if name in ("iss", "aud", "redirect_uri") else length(text)
        return value if shown == text else shown


def _is_tiny(text: str) -> bool:
    """Whether it is too short to be a secret: of a state and of an app's own parameters it shows what is wrong."""
    return re.fullmatch(r"[A-Za-z0-9]{1,3}", text) is not None


def _is_ours(value: str) -> bool:
    """Of a program's word for nothing, or a variable that nothing filled in: whether it is made of words that tell nothing."""
    return all(part.lower() in known.everyday() | EMPTY for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", value))


def _is_numbered(text: str) -> bool:
    return any(one.fullmatch(text) for one in (UUID, ID, _VARIABLE, _VERSION)) and not decoded(text)


def _is_word(text: str) -> bool:
    shapes = ((_WORDS, known.FAR), (_NAMED, SHORT))
    return not _OF_A_PERSON.search(text) and any(len(text) <= most and shape.fullmatch(text) for shape, most in shapes)


def _is_varied(text: str) -> bool:
    """A random text, and no password that a person made up: it has many different characters and few words."""
    return len(set(text)) >= 9 and not re.search(r"[A-Za-z][a-z]{4,}", re.sub(r"[0-9_.~-]", " ", text))


def _apart(value: str, other: str) -> bool:
    """Whether two ids differ in a character or two: one of them is a misspelling of the other."""
    head = next((at for at, (a, b) in enumerate(zip(value, other, strict=False)) if a != b), min(len(value), len(other)))
    left, right = value[head:][::-1], other[head:][::-1]
    tail = next((at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    return len(other) > 6 and max(len(left), len(right)) - tail <= 2
