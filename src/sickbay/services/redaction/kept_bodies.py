"""Masks a body of a FHIR request or response that is shown as a whole (`--keep-bodies`): everything is kept but secrets.

A body that can't be parsed completely is replaced by an outline, because a secret in it might not be found.
"""

from __future__ import annotations

import base64
import re
from typing import Any, Final
from urllib.parse import unquote_plus

from sickbay.fhir import lossless_json
from sickbay.fhir.xml import reader as xml_reader
from sickbay.fhir.xml import writer as xml_writer
from sickbay.kernel.english import count
from sickbay.protocol.parameters import parse
from sickbay.services.redaction import named_secrets
from sickbay.services.redaction import vocabulary as known
from sickbay.services.redaction.body_outline import outline_body
from sickbay.services.redaction.live_secrets import LiveSecrets
from sickbay.services.redaction.masking import mask_secret
from sickbay.services.redaction.named_secrets import Span
from sickbay.services.redaction.redaction import SECRETS

MAXIMUM_HASHES: Final = 200_000
"""Maximum number of parts of a body that are compared with known secrets (about 0.2 s). The rest is masked."""
NESTED_TEXTS: Final = 4
"""Maximum nesting of encoded texts: JSON in a string, percent-encoding, base64."""
BASE64_CHARACTERS: Final = 200
"""Minimum length of base64 that is masked as data, because its content isn't searched."""
_FHIR_ELEMENTS: Final = frozenset(("code", "key"))
"""Names of FHIR elements that are names of secrets elsewhere."""
_NAMES: Final = SECRETS - _FHIR_ELEMENTS
_LABELS: Final = ("name", "url", "system", "linkId")
"""Elements whose text describes the value next to them."""
BRIEF_CHARACTERS: Final = 64
"""Maximum length of a text that is searched for secrets at every position. In longer texts, only words are compared."""
RANDOM_CHARACTERS: Final = 32
"""Minimum length of a word of mixed characters that counts as a secret."""
_BASE64: Final = re.compile(rf"[A-Za-z0-9+/_\s-]{{{BASE64_CHARACTERS},}}+={{0,2}}")
_RUN: Final = re.compile(r"[A-Za-z0-9+/_=-]{8,}")
_WORD: Final = re.compile(rf"[\w-]{{{RANDOM_CHARACTERS},}}")
_HEXADECIMAL: Final = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_STANDARD: Final = str.maketrans("-_", "+/")
_PATTERNS: Final = (
    re.compile(r"\beyJ[\w-]{5,}(?:\.[\w-]*){0,4}"),
    re.compile(r"-----BEGIN[\s\S]*"),
    re.compile(r"://[^\s/@:]*:([^\s/@]+)@"),
    re.compile(r"\b(?:bearer|dpop)\s+([\w.~+/=-]{8,})", re.I),
)
_WORDS: Final = re.compile(r"[^\s\"'<>,;:=&()\[\]{}|?#]+")


def mask_body(body: str, content_type: str, version: str, live: LiveSecrets) -> str:
    """The body without secrets, indented if it is JSON or XML. version: the FHIR version."""
    live.left = MAXIMUM_HASHES
    masking, media = _Masking(live), content_type.partition(";")[0].strip().lower()
    try:
        if media == "application/x-www-form-urlencoded":
            return "&".join(f"{masking.text(name)}={masking.mask_parameter(name, value)}" for name, value in parse(body).pairs)
        if media.endswith("ndjson"):
            return "\n".join(_mask_json(masking, line) for line in body.splitlines() if line.strip())
        if body.lstrip()[:1] in ("{", "["):
            return _mask_json(masking, body, pretty=True)
        if body.lstrip()[:1] == "<":
            resource = masking.walk(xml_reader.loads(version, body.encode()))
            return xml_writer.dumps(version, resource, pretty=True).decode()
    except (ValueError, RecursionError, KeyError, TypeError):
        pass
    return outline_body(body, content_type)


def _mask_json(masking: _Masking, text: str, *, pretty: bool = False) -> str:
    return lossless_json.dumps(masking.walk(lossless_json.loads(text)), pretty=pretty).decode()


class _Masking:
    def __init__(self, live: LiveSecrets) -> None:
        self._live = live

    def walk(self, value: Any, secret: bool = False, depth: int = 0) -> Any:
        """The JSON with its secrets masked. secret: all of its texts and numbers are."""
        if isinstance(value, dict):
            labelled = secret or any(_is_secret(value.get(label)) for label in _LABELS)
            return {
                self.text(name, depth): self.walk(member, _is_of_label(name, labelled) or _is_secret(name) or secret, depth)
                for name, member in value.items()
            }
        if isinstance(value, list):
            return [self.walk(item, secret, depth) for item in value]
        if value is None or isinstance(value, bool):
            return value
        if not isinstance(value, str):
            return mask_secret(str(value)) if secret else value
        return mask_secret(value) if secret and value else self.text(value, depth)

    def mask_parameter(self, name: str, value: str) -> str:
        """A parameter's value."""
        return mask_secret(value) if value and _is_secret(name) else self.text(value)

    def text(self, value: str, depth: int = 0) -> str:
        """A text with its secrets masked; a text in it that is encoded, and has one, is masked as a whole."""
        if len(value) < 4:
            return value
        if depth < NESTED_TEXTS and value.lstrip()[:1] in ("{", "["):
            try:
                return lossless_json.dumps(self.walk(lossless_json.loads(value), depth=depth + 1)).decode()
            except (ValueError, RecursionError):
                pass
        if _BASE64.fullmatch(value.strip()):
            return f"‹{count(len(value), 'character')} of base64›"
        if self._is_hidden(value, depth):
            return mask_secret(value)
        shown = named_secrets.mask_spans(
            value, named_secrets.merge_spans([*named_secrets.find_spans(value), *self._secret_spans(value, depth)])
        )
        return mask_secret(value) if self._is_live(shown) else shown

    def _is_hidden(self, value: str, depth: int) -> bool:
        """Whether a percent-decoded form of the text has a secret that the text itself doesn't show."""
        decoded = unquote_plus(value) if "%" in value or "+" in value else value
        return decoded != value and (depth >= NESTED_TEXTS or self.text(decoded, depth + 1) != decoded)

    def _secret_spans(self, value: str, depth: int) -> list[Span]:
        found = [match.span(match.lastindex or 0) for pattern in _PATTERNS for match in pattern.finditer(value)]
        found += [match.span() for match in _WORD.finditer(value) if _is_random(match[0])]
        return [*found, *(match.span() for match in _RUN.finditer(value) if self._is_encoded(match[0], depth))]

    def _is_encoded(self, run: str, depth: int) -> bool:
        """Whether a run is base64 of a text with a secret, or of a name and a password."""
        try:
            text = base64.b64decode(run.translate(_STANDARD) + "=" * (-len(run) % 4), validate=True).decode("ascii")
        except ValueError:
            return False
        if not text.isprintable() or len(text) < 4:
            return False
        return ":" in text or depth >= NESTED_TEXTS or self.text(text, depth + 1) != text

    def _is_live(self, value: str) -> bool:
        """Whether a secret of this Sickbay is in the text."""
        if len(value) <= BRIEF_CHARACTERS:
            return self._live.are_in(value)
        words = _WORDS.findall(value)
        return any(self._live.are_in(word) if len(word) <= BRIEF_CHARACTERS else self._live.holds(word) for word in words)


def _is_random(word: str) -> bool:
    """Whether a long word looks like a token or a key: upper and lower case with digits, or hexadecimal without hyphens."""
    mixed = any(map(str.islower, word)) and any(map(str.isupper, word)) and any(map(str.isdigit, word))
    return mixed or _HEXADECIMAL.fullmatch(word) is not None


def _is_secret(name: Any) -> bool:
    """Whether this is the name of a secret, or a URL that ends with one."""
    if not isinstance(name, str) or len(name) > 300:
        return False
    last = re.split(r"[/#:]", name)[-1]
    return known.letters_of(last) in _NAMES or known.letters_of(name) in _NAMES


def _is_of_label(name: str, labelled: bool) -> bool:
    return labelled and name.startswith(("value", "answer", "_value"))
