"""Recognises by its URL whose server an address belongs to, its FHIR base URL and version, and whether it was retired."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from sickbay.authorization.scopes.resource_types import ALL_TYPES
from sickbay.kernel.late_patterns import compile_late
from sickbay.protocol import urls

_TABLES: dict[str, Any] = tomllib.loads(Path(__file__).with_name("addresses.toml").read_text(encoding="utf-8"))
_TYPES = frozenset(ALL_TYPES)
_LIKE_A_TYPE = compile_late(r"[A-Z][A-Za-z]{2,}")
_MATCHED_CHARACTERS = 2_000
"""Longer URLs are cut before they are matched."""


class KnownServer(NamedTuple):
    """A product or service. source: the documentation of its addresses.

    fhir: whether it serves FHIR, or issues tokens for FHIR.
    open: matches addresses that need no token. root: whether its FHIR base URL may have no path.
    """

    id: str
    name: str
    pattern: re.Pattern[str]
    source: str
    fhir: bool = False
    open: re.Pattern[str] | None = None
    root: bool = False


class RetiredAddress(NamedTuple):
    """An address that no longer works: the reason as a sentence, and what to use instead."""

    pattern: re.Pattern[str]
    reason: str
    instead: str
    source: str


def _read_known_server(row: dict[str, Any]) -> KnownServer:
    patterns: dict[str, Any] = {name: compile_late(row[name]) for name in ("pattern", "open") if name in row}
    return KnownServer(**(row | patterns))


@cache
def list_servers() -> tuple[KnownServer, ...]:
    """All known servers. Their patterns take long to compile, and few texts need them."""
    return tuple(map(_read_known_server, _TABLES["server"]))


RETIRED: tuple[RetiredAddress, ...] = tuple(
    RetiredAddress(**{**row, "pattern": compile_late(row["pattern"])}) for row in _TABLES["retired"]
)
_VERSIONS = tuple((row["segment"], compile_late(row["pattern"])) for row in _TABLES["version"])


def vendor_of(url: str) -> KnownServer | None:
    """Returns the product or service that the address belongs to; None if it isn't known."""
    address = _normal_address(url)
    return next((server for server in list_servers() if server.pattern.search(address)), None)


def fhir_version_of(url: str) -> str:
    """Returns the FHIR version that the address names, such as "r4"; "" if it names none."""
    return next(filter(None, map(_version_in_path, _normal_address(url).rstrip("/").split("/"))), "")


def _version_in_path(place: str) -> str:
    return next((segment for segment, pattern in _VERSIONS if pattern.fullmatch(place)), "")


def find_retired_address(url: str) -> RetiredAddress | None:
    address = _normal_address(url)
    return next((entry for entry in RETIRED if entry.pattern.search(address)), None)


def fhir_base_of(url: str) -> str:
    """Returns what precedes the resource type, `metadata` or `.well-known`; "" if the path has none of these.

    Anything that looks like a type counts if it follows the FHIR version directly, unless a type follows it: then it names a
    tenant, as in `/r4/ABCDEF/Patient`.
    """
    location = url.partition("?")[0].partition("#")[0]
    scheme, colon, rest = location.partition("://")
    segments = rest.split("/")
    at = next((index for index in range(1, len(segments)) if _follows_the_base(segments, index)), None)
    return "" if at is None or not colon else f"{scheme}://{'/'.join(segments[:at])}".rstrip("/")


def _follows_the_base(segments: list[str], index: int) -> bool:
    segment, before = unquote(segments[index]), segments[index - 1].lower()
    context = segment in _TYPES or segment in ("metadata", ".well-known")
    is_tenant = unquote(segments[index + 1]) in _TYPES if index + 1 < len(segments) else False
    return context or (_LIKE_A_TYPE.fullmatch(segment) is not None and _version_in_path(before) != "" and not is_tenant)


def names_fhir(url: str) -> bool:
    """Whether the address is of a FHIR server, or of an authorization server for one: by vendor, version or a word in it."""
    vendor = vendor_of(url)
    if vendor is not None:
        return vendor.fhir
    return bool(fhir_version_of(url)) or re.search(r"\b(?:fhir|smart)", _normal_address(url)) is not None


def needs_no_token(url: str) -> bool:
    """Whether this address is known to answer without a token."""
    vendor = vendor_of(url)
    return vendor is not None and vendor.open is not None and vendor.open.search(_normal_address(url)) is not None


def may_be_a_base(url: str) -> bool:
    """Whether a host without a path may be a FHIR base URL of this server."""
    vendor = vendor_of(url)
    return vendor is not None and vendor.root


def _normal_address(url: str) -> str:
    """The host and the path in lower case, with a slash after the host."""
    parts = urls.split(url[:_MATCHED_CHARACTERS])
    return f"{parts.netloc.rpartition('@')[2]}/{parts.path.lstrip('/')}".lower()
