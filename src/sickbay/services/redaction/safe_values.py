"""Decides which values of a request are known to be harmless, by one grammar per kind. Of others, only the length is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

from sickbay.diagnosis.placeholders import EXAMPLE_NONCE, EXAMPLE_STATE, PLACEHOLDER_SECRET, PLACES
from sickbay.diagnosis.values import is_no_secret
from sickbay.kernel.memoize import cache_results, memoize
from sickbay.services.redaction import safe_search
from sickbay.services.redaction import vocabulary as known
from sickbay.services.redaction.live_secrets import LiveSecrets, decode_runs
from sickbay.services.redaction.masking import describe_length, mask_name, mask_secret

PUBLISHED = PLACES | {EXAMPLE_NONCE, EXAMPLE_STATE, PLACEHOLDER_SECRET}
"""Values that Sickbay itself inserts into corrected requests."""
EMPTY = frozenset(("null", "none", "nil", "nullptr", "undefined", "na", "n", "object", "client", "app", "my", "env", "process"))
GUESSES = 60
"""Words of one exchange that are compared with similar known words."""
MAXIMUM_PARSED_CHARACTERS = 2000
"""The longest value, in characters, that is parsed."""
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
ID = re.compile(
    r"(?!(?:mrn|ssn|nhs|nino|dob|tel)[-\d])(?:[a-z]{1,10}-\d{1,7}|[a-z]{0,4}\d{1,6}|[a-z]{1,4}-\d{1,6}(?:-[a-z0-9]{1,12}){1,4})"
    r"|(?=[a-fA-F]*\d)(?=\d*[a-fA-F])(?:[0-9a-f]{8,32}|[0-9A-F]{8,32})"
)
"""The id of a resource: a short number, hexadecimal digits, or an id of Sickbay's sample data. No name, date or number of a
person has this form.
"""
_RUN = re.compile(r"[A-Za-z0-9_+/=-]{16,}")
_DOTTED = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{7,}+(?=\.)")
_WORDS = re.compile(r"[A-Za-z]+(?:[-_.][A-Za-z]+)*\d{0,2}")
_WORDS_AND_DIGITS = re.compile(r"[A-Za-z0-9]+(?:[-_.~][A-Za-z0-9]+)*")
SHORT = 16
"""The longest part of an address, in characters, that may have digits anywhere."""
_SCHEME = re.compile(r"[A-Za-z]+(?:[.+-][A-Za-z0-9]+)*")
_HOST = re.compile(r"(.*?)((?::\d{1,5})?)", re.S)
_RANDOM = re.compile(r"[A-Za-z0-9._~-]{16,32}")
_LABELS = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\]")
_URL = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]{0,40}):)?(//[^/?#]*+)?([^?#]*+)(\?[^#]*+)?(#.*)?", re.S)
_AROUND = " \t\r\n\"'`<>\u00a0\u200b\u2018\u2019\u201c\u201d\ufeff"
"""Characters that are often pasted along with a URL."""
_ROUTE = re.compile(r"#(?:/?[a-z]{1,12}){0,3}/?")
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "[::1]"))
_OF_A_PERSON = re.compile(r"\d{6}|\d{4}[-_.~]\d\d?[-_.~]\d\d?")
"""A date, or a number that may identify a person."""
_NUMBER = re.compile(r"[+-]?\d{1,9}(?:\.\d{1,3})?", re.A)
_VERSION = re.compile(r"v?\d{1,4}(?:\.\d{1,2})?")
_VARIABLE = re.compile(r"\{[\w-]{1,30}\}|:[a-z]{1,20}")
_CHANGE = re.compile(r"(?<=[a-z])[A-Z0-9]|(?<=[A-Z])[a-z0-9]|(?<=[0-9])[A-Za-z]")
"""A letter or digit after one of another kind."""
_BETWEEN_PARTS = re.compile(r"[/?#\s]+")
_SLACK = 0.2
"""A run looks random if it has at least this many changes between lower case, upper case and digits per character."""


def _split_public_parts(text: str) -> list[str]:
    """The parts of an address or of scopes, which are harmless elsewhere if the whole is public."""
    return list(filter(None, _BETWEEN_PARTS.split(text)))


@cache_results(64)
def _values_and_parts(values: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(values), frozenset(part for value in values for part in _split_public_parts(value))


_PARTS = frozenset(part for value in PUBLISHED for part in _split_public_parts(value))


@memoize(4096)
def looks_random(text: str) -> bool:
    """Whether the text has a signed token, a key, or a long run of letters and digits that isn't made of words."""
    if is_signed(text):
        return True
    return any(_is_mixed(run) for run in _RUN.findall(text))


def is_signed(text: str) -> bool:
    """Whether the text has the header of a signed token, or a private key."""
    if "-----BEGIN" in text or "PRIVATE KEY" in text:
        return True
    return "eyJ" in text and any("eyJ" in run[:-4] for run in _DOTTED.findall(text))


def _is_mixed(run: str) -> bool:
    if UUID.fullmatch(run):
        return False
    changes = len(_CHANGE.findall(run))
    return changes >= max(3, _SLACK * len(run)) or (len(run) >= 43 and changes > 2)


def load_words(*names: str) -> frozenset[str]:
    return frozenset(known.letters_of(name) for text in names for name in text.split())


CHOICES = load_words(
    "code token id_token none query fragment form_post query.jwt fragment.jwt jwt authorization_code refresh_token",
    "client_credentials password implicit device_code login consent select_account create page popup touch wap S256 plain",
    "SHA-256 S512 access_token client_secret_basic client_secret_post client_secret_jwt private_key_jwt tls_client_auth web",
    "native bearer basic mac DPoP provider patient system public symmetric asymmetric confidential required if-sent off",
    "strict lenient true false yes no authorization order reconcile-medications",
)
"""Values of parameters that allow only a few."""
_URN = re.compile(r"urn:ietf:params:oauth:([a-z-]{1,30}):([a-z0-9_-]{1,30})")
URN_WORDS = load_words(
    "grant-type client-assertion-type token-type jwt-bearer saml2-bearer saml1 saml2 token-exchange device_code ciba jwt"
    " access_token refresh_token id_token"
)
"""Words that the last two parts of such a URN may have."""
SCOPES = load_words(
    "openid fhirUser profile email address phone launch online_access offline_access launch/patient launch/encounter",
    "launch/practitioner launch/location launch/organization smart/orchestrate_launch smart/manage_subscriptions user_details",
)
LEVELS = load_words("patient user system")
TYPES = load_words(*known.TYPES)
ACTIONS = load_words("read write * c r u d s rs cruds cud crud ru cr crs all search create update delete history")
_SCOPE = re.compile(r"([A-Za-z]{1,20})([/.:])([A-Za-z*]{1,60})([./:])([a-z*]{1,12})(\?.*)?", re.I | re.S)
_BETWEEN = re.compile(r"""([\s,;+"'`\[\](){}]+)""")


class SafeValues:
    """Shows harmless values, given the public values of this exchange and the current secrets."""

    def __init__(self, live: LiveSecrets, public: Iterable[str | None] = (), ids: Iterable[str | None] = ()) -> None:
        """ids: other public values, which differ in each exchange. The rest is often the same as in the one before."""
        self.live = live
        self._random = ""
        """The value that `random` kept."""
        self.guesses = GUESSES
        self._given, self._parts = _values_and_parts(tuple(filter(None, public)))
        self._ids = frozenset(filter(None, ids))

    @property
    def public(self) -> frozenset[str]:
        """All public values except words such as `null`."""
        return PUBLISHED | self._given | self._ids

    def is_public(self, value: str) -> bool:
        return value in self._given or value in self._ids or value in PUBLISHED or (is_no_secret(value) and _is_ours(value))

    def add_public(self, value: str) -> None:
        """Also shows this value, which follows from public ones."""
        self._ids |= {value}

    def is_public_part(self, text: str) -> bool:
        """Whether this is a part of a public address."""
        return text in self._parts or text in self._ids or text in _PARTS

    def is_plain(self, text: str) -> bool:
        """Whether a text of a harmless form contains no secret."""
        return self.is_public(text) or not (looks_random(text) or self.live.are_in(text))

    def resembles(self, text: str, names: frozenset[str]) -> bool:
        """Whether the text is one of these names, or a misspelling of one without a secret in it."""
        if known.letters_of(text) in names:
            return True
        self.guesses -= 1
        return self.guesses >= 0 and known.resembles_any(text, names) and self.is_plain(text)

    def redact_secret(self, value: str) -> str:
        if not value or self.is_public(value):
            return value
        return mask_secret(value)

    def redact_choice(self, value: str) -> str:
        """One or more known words, possibly misspelled."""
        if urn := _URN.fullmatch(value):
            return value if all(self.resembles(part, URN_WORDS) for part in urn.groups()) else describe_length(value)
        return " ".join(word if self.resembles(word, CHOICES) else describe_length(word) for word in value.split(" "))

    def redact_number(self, value: str) -> str:
        return value if _NUMBER.fullmatch(value) else describe_length(value)

    def redact_random(self, value: str) -> str:
        """A state: kept if it is random, isn't an encoded text, and is too short to contain most of one of our tokens.

        Only one such value per exchange is kept, so that a token can't be kept in parts.
        """
        if self.is_public(value) or _is_tiny(value):
            return value
        has_shape = _RANDOM.fullmatch(value) and _is_varied(value) and not decode_runs(value)
        if not (has_shape or UUID.fullmatch(value)) or is_signed(value) or self.live.are_in(value):
            return mask_secret(value) if len(value) >= 16 else describe_length(value)
        self._random = self._random or value
        return value if value == self._random else mask_secret(value)

    def redact_challenge(self, value: str) -> str:
        """A code challenge, which is public unless it is a secret that was sent by mistake."""
        if self.is_public(value):
            return value
        if self.live.strict or not re.fullmatch(r"[A-Za-z0-9_-]{43}=?", value) or decode_runs(value) or self.live.are_in(value):
            return mask_secret(value) if len(value) >= 16 else describe_length(value)
        return value

    def redact_client(self, value: str) -> str:
        """A client_id that is registered, is a UUID or consists of words."""
        if self.is_public(value) or UUID.fullmatch(value):
            return value if self.is_public(value) or not self.live.are_in(value) else describe_length(value)
        has_shape = re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(?:[-_.][A-Za-z0-9]+)*", value) and len(value) <= known.FAR
        is_close = len(value) < 100 and any(
            _is_misspelling(value, public_value) for public_value in self.public if abs(len(public_value) - len(value)) <= 2
        )
        if (is_close or (has_shape and not looks_random(value))) and not self.live.are_in(value):
            return value
        return describe_length(value)

    def redact_title(self, value: str) -> str:
        """The name of an app."""
        has_shape = re.fullmatch(r"[A-Za-z][A-Za-z0-9]*(?:[ ._-]{1,2}[A-Za-z0-9]+)*", value) and len(value) <= known.FAR
        return value if has_shape and self.is_plain(value) else describe_length(value)

    def redact_id(self, value: str) -> str:
        if self.is_public(value) or (_is_numbered(value) and not self.live.holds(value)):
            return value
        return describe_length(value)

    def redact_scope(self, value: str) -> str:
        if len(value) > 4 * MAXIMUM_PARSED_CHARACTERS:
            return describe_length(value)
        if "%" in value and (plain := unquote(unquote(value))) != value:
            return value if self.redact_scope(plain) == plain else describe_length(value)
        pieces = _BETWEEN.split(value)
        return "".join(piece if index % 2 else self._scope_word(piece) for index, piece in enumerate(pieces))

    def _scope_word(self, word: str) -> str:
        if not word or self.is_public_part(word) or self.is_public(word):
            return word
        if self.resembles(word, SCOPES):
            return word
        shape = _SCOPE.fullmatch(word)
        if shape is None:
            return self.redact_url(word) if word.startswith(("http://", "https://")) else describe_length(word)
        level, first, type, second, actions, filters = shape.groups()
        has_level_and_actions = self.resembles(level, LEVELS) and (
            set(actions) <= set("cruds*") or self.resembles(actions, ACTIONS)
        )
        if not has_level_and_actions or not (type == "*" or self.resembles(type, TYPES)):
            return describe_length(word)
        return f"{level}{first}{type}{second}{actions}{self._safe_filters(filters) if filters else ''}"

    def _safe_filters(self, text: str) -> str:
        pairs = (pair.partition("=") for pair in text[1:].split("&"))
        value = safe_search.redact_value
        return "?" + "&".join(f"{self.redact_search_name(name)}{eq}{value(self, name, text)}" for name, eq, text in pairs)

    def redact_search_name(self, name: str) -> str:
        """A search parameter with chains and modifiers. Each part must be a known word or a misspelling of one."""
        known_words = known.words_of_searches()
        if name in known_words:
            return name
        if len(name) > 120 or not all(self.resembles(part, known_words) for part in re.split(r"[.:]", name) if part):
            return describe_length(name)
        return name

    def redact_name(self, name: str) -> str:
        """The name of a parameter or member that is known or a misspelling of a known one."""
        bare = name.removeprefix("amp;").strip()
        if bare in known.OAUTH or (self.resembles(bare, known.list_names()) and re.fullmatch(r"[\w .;:\[\]-]*", name)):
            return name
        return mask_name(name)

    def redact_url(self, value: str, *, free: bool = True) -> str:
        """A URL without user, password, or any part that may be a secret.

        free: an app's URL, whose parts may be any words. Otherwise only parts of Sickbay's own URLs are kept.
        """
        if not value or self.is_public(value):
            return value
        if len(value) > MAXIMUM_PARSED_CHARACTERS:
            return describe_length(value)
        if "%" in value and (plain := unquote(unquote(value))) != value:
            return value if self._safe_url(plain, free) == plain else self._safe_url(plain, free)
        return self._safe_url(value, free)

    def _safe_url(self, value: str, free: bool) -> str:
        inner = value.strip(_AROUND)
        lead, _, tail = value.partition(inner) if inner else (value, "", "")
        match = _URL.fullmatch(inner)
        assert match is not None
        scheme, authority, path, query, fragment = match.groups()
        if not scheme and not authority and "/" not in path:
            return lead + self.redact_segment(path, free=False) + tail if path else value
        if not free and (query or fragment or (scheme or "http").lower() not in ("http", "https")):
            return describe_length(value)
        shown = f"{self._safe_scheme(scheme)}:" if scheme else ""
        shown += self._safe_authority(authority, free) if authority else ""
        shown += "/".join(self.redact_segments(path, free))
        shown += "?" + self.redact_foreign_query(query[1:]) if query else ""
        return lead + shown + (self._safe_fragment(fragment) if fragment else "") + tail

    def _safe_fragment(self, fragment: str) -> str:
        """A client-side route. Anything else may be a response with a token."""
        return fragment if _ROUTE.fullmatch(fragment) and self.is_plain(fragment[1:]) else "#" + describe_length(fragment[1:])

    def _safe_scheme(self, scheme: str) -> str:
        return scheme if _SCHEME.fullmatch(scheme) and self.is_plain(scheme) else describe_length(scheme)

    def redact_segments(self, path: str, free: bool = True) -> Iterator[str]:
        """The part after a resource type must be an id, not a word."""
        for part in path.split("/"):
            yield self.redact_segment(part, free=free)
            free = free and part not in known.TYPES

    def _safe_authority(self, authority: str, free: bool) -> str:
        user, at, host = authority[2:].rpartition("@")
        name, port = _HOST.fullmatch(host).groups()  # type: ignore[union-attr]
        allowed = self.is_safe_host(name) if free else self.is_public_part(name + port) or name in _LOOPBACK
        shown = name if not name or allowed else describe_length(name)
        return f"//{describe_length(user) if user else ''}{at}{shown}{port}"

    def is_safe_host(self, name: str) -> bool:
        return self.is_public_part(name) or (
            _LABELS.fullmatch(name) is not None and len(name) <= 64 and self.is_plain(name) and not UUID.search(name)
        )

    def redact_segment(self, segment: str, *, free: bool = True) -> str:
        """One part of a path. free: any words, as in an app's URL; otherwise only parts of Sickbay's own URLs."""
        text = unquote(segment) if "%" in segment else segment
        if text in known.TYPES or text in ("", ".", "..") or text in known.ADDRESSES or self.is_public_part(text):
            return segment
        if self.is_public(text):
            return segment
        if looks_random(text):
            return describe_length(text)
        has_shape = _is_numbered(text) or (
            _is_word(text) if free else known.resembles_any(text.removeprefix("$"), known.list_segments())
        )
        return segment if has_shape and not self.live.are_in(text) else describe_length(text)

    def redact_foreign_query(self, query: str) -> str:
        """The query of an app's URL: names that are words, and as values only numbers and known words."""
        if query.endswith("…"):
            return describe_length(query)
        pairs = [pair.partition("=") for pair in query.split("&")]
        return "&".join(
            f"{self.redact_name(name) if name else ''}{eq}{self._read_foreign(name, value)}" for name, eq, value in pairs
        )

    def _read_foreign(self, name: str, value: str) -> str:
        text = unquote(value.replace("+", " "))
        if not text or self.is_public(text) or _is_tiny(text):
            return value
        shown = self.redact_url(text) if name in ("iss", "aud", "redirect_uri") else describe_length(text)
        return value if shown == text else shown


def _is_tiny(text: str) -> bool:
    """Whether a text is too short to be a secret. In a state or an app's own parameter it shows what is wrong."""
    return re.fullmatch(r"[A-Za-z0-9]{1,3}", text) is not None


def _is_ours(value: str) -> bool:
    """Whether a null-like word or an unfilled variable consists only of words that reveal nothing."""
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+|\d+", value)
    return all(part.lower() in EMPTY or part.lower() in known.load_everyday_words() for part in parts)


@memoize(4096)
def _is_numbered(text: str) -> bool:
    return any(pattern.fullmatch(text) for pattern in (UUID, ID, _VARIABLE, _VERSION)) and not decode_runs(text)


def _is_word(text: str) -> bool:
    shapes = ((_WORDS, known.FAR), (_WORDS_AND_DIGITS, SHORT))
    return not _OF_A_PERSON.search(text) and any(len(text) <= most and shape.fullmatch(text) for shape, most in shapes)


def _is_varied(text: str) -> bool:
    """Whether a text looks random and not like a password that a person chose: many different characters and few words."""
    return len(set(text)) >= 9 and not re.search(r"[A-Za-z][a-z]{4,}", re.sub(r"[0-9_.~-]", " ", text))


def _is_misspelling(value: str, other: str) -> bool:
    """Whether two ids differ in at most two characters, so that one is probably a misspelling of the other."""
    head = next((index for index, (a, b) in enumerate(zip(value, other, strict=False)) if a != b), min(len(value), len(other)))
    left, right = value[head:][::-1], other[head:][::-1]
    tail = next((index for index, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    return len(other) > 6 and max(len(left), len(right)) - tail <= 2
