"""Which request headers are kept, and which of their values."""

from __future__ import annotations

import re
from collections.abc import Callable

from sickbay.kernel.memoize import memoize
from sickbay.services.redaction import vocabulary as known
from sickbay.services.redaction.masking import describe_length
from sickbay.services.redaction.safe_values import SafeValues

_MEDIA = re.compile(r"([*\w.+-]+)/([*\w.+-]+)((?:\s*+;\s*+[\w-]++=[^;,]*+)*+)")
_TYPES = frozenset(("application", "text", "image", "multipart", "message", "audio", "video", "font", "*"))
_SUBTYPES = re.compile(
    r"(?:(?:fhir|json|xml|ld|problem|jose|jwt|html|xhtml|plain|javascript|csv|ndjson|octet-stream|pdf|form-data|mixed|related|"
    r"x-www-form-urlencoded|json-patch|merge-patch|x-ndjson|webp|avif|apng|jxl|png|jpeg|gif|svg|signed-exchange|event-stream|"
    r"css|\*)(?:[+.-]|$))+",
    re.I,
)
_PARAMETERS = re.compile(
    r"(?:\s*+;\s*+(?:charset=\"?(?:utf-?8|iso-8859-1|us-ascii)\"?|q=[01](?:\.\d{1,3})?|v=b?\d{1,3}|fhirVersion=\d\.\d))+", re.I
)
_CODINGS = re.compile(r"(?:gzip|x-gzip|deflate|br|zstd|compress|identity|\*|;q=[01](?:\.\d{1,3})?|[,\s])*")
_PREFERENCES = re.compile(
    r"(?:return=(?:minimal|representation|OperationOutcome)|handling=(?:strict|lenient)|respond-async|[;,\s])*"
)
_VERSIONS = re.compile(r"(?:\*|(?:W/)?\"\d{1,9}\"|[,\s])+")
_DATE = re.compile(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
_PRODUCT = re.compile(r"([A-Za-z][A-Za-z0-9.-]{1,30})(?:/([\d._]{1,20}))?")
PRODUCTS = known.read_words(
    """
    mozilla applewebkit chrome safari firefox gecko edg opr version mobile curl wget httpie python-requests python-httpx
    python-httpx2 python-urllib3 aiohttp axios node node-fetch undici okhttp java apache-httpclient go-http-client
    postmanruntime insomnia ruby faraday dart dalvik headlesschrome hapi-fhir fhir.js fhirclient testclient bruno deno
    guzzlehttp reactornetty cfnetwork darwin sickbay-explorer
    """
)
_HOST = re.compile(r"([A-Za-z0-9.-]{1,100}|\[[0-9A-Fa-f:]{2,40}\])(?::\d{1,5})?")
_SITES = frozenset(("same-origin", "same-site", "cross-site", "none"))
_SCHEMES = frozenset(("basic", "bearer", "digest", "dpop", "mac", "token", "negotiate", "oauth", "jwt"))


def _safe_media_type(harmless: SafeValues, value: str) -> str:
    return ",".join(_media_type(part) for part in value.split(","))


@memoize(1024)
def _media_type(text: str) -> str:
    match = _MEDIA.fullmatch(text.strip())
    if match is None or match[1].lower() not in _TYPES or not _SUBTYPES.fullmatch(match[2]):
        return describe_length(text)
    if match[3] and not _PARAMETERS.fullmatch(match[3]):
        return text.replace(match[3], f"; {describe_length(match[3])}")
    return text


def _safe_authorization(harmless: SafeValues, value: str) -> str:
    """The scheme. The rest is always treated as a secret."""
    scheme, blank, rest = value.partition(" ")
    if not blank or scheme.lower() not in _SCHEMES:
        return "…" if value else ""
    shown = harmless.redact_secret(rest.strip())
    return f"{scheme} {shown if scheme.lower() == 'bearer' or rest in harmless.public else f'…({len(rest.strip())})'}"


@memoize(1024)
def _known_products(value: str) -> str:
    """The well-known products with their versions."""
    products = _PRODUCT.findall(value[:500])
    known_products = [f"{name}/{version}" if version else name for name, version in products if name.lower() in PRODUCTS]
    return " ".join(dict.fromkeys(known_products)) or describe_length(value)


def _safe_origin(harmless: SafeValues, value: str) -> str:
    if value == "null":
        return value
    return harmless.redact_url(value) if "://" in value else describe_length(value)


def _safe_host(harmless: SafeValues, value: str) -> str:
    match = _HOST.fullmatch(value)
    return value if match and harmless.is_safe_host(match[1]) else describe_length(value)


def _safe_names(harmless: SafeValues, value: str) -> str:
    names = [part.strip().lower() for part in value.split(",")]
    return ", ".join(name if name in known.HEADERS else describe_length(name) for name in names[:20])


def keep_if_match(pattern: re.Pattern[str]) -> Callable[[SafeValues, str], str]:
    return lambda harmless, value: value if len(value) < 300 and pattern.fullmatch(value) else describe_length(value)


HEADERS: dict[str, Callable[[SafeValues, str], str]] = {
    "accept": _safe_media_type,
    "accept-encoding": keep_if_match(_CODINGS),
    "content-type": _safe_media_type,
    "host": _safe_host,
    "origin": _safe_origin,
    "prefer": keep_if_match(_PREFERENCES),
    "if-none-match": keep_if_match(_VERSIONS),
    "if-match": keep_if_match(_VERSIONS),
    "if-modified-since": keep_if_match(_DATE),
    "user-agent": lambda harmless, value: _known_products(value),
    "authorization": _safe_authorization,
    "sec-fetch-site": lambda harmless, value: value if value in _SITES else describe_length(value),
    "access-control-request-method": lambda harmless, value: (
        value if value in known.METHODS_OF_HTTP else describe_length(value)
    ),
    "access-control-request-headers": _safe_names,
}
