"""Finds problems in a hospital file's response settings: a header, statuses, and names of errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sickbay.services.hospitals.hospital_file import FileProblem, HospitalFile, KeyPath

TITLE_CHARACTERS: Final = 200
_HEADER: Final = re.compile(r"[A-Za-z0-9-]{1,60}id", re.I)
"""Matches header names that end in `id`, as no header with another meaning does."""
_TENANT_ID: Final = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._~-]{1,64}")
_URN: Final = re.compile(r"[!-~]{0,200}")
_ERROR: Final = re.compile(r"[!#-\[\]-~]{1,100}")
"""The characters of `error` (RFC 6749 5.2)."""

MEMBERS: Final = frozenset(("access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token", "patient"))
"""Members of a token response that say what was granted."""
CLAIMS: Final = frozenset(("iss", "sub", "aud", "exp", "iat", "nonce", "auth_time"))
"""Claims by which an app trusts an ID token."""


def find_response_problems(file: HospitalFile) -> Iterator[FileProblem]:
    document = file.document
    yield from _style_problems(file, document.get("answers", {}))
    yield from _replacement_problems(file)
    if document.get("tenant_id") and not _TENANT_ID.fullmatch(document["tenant_id"]):
        yield file.problem(("tenant_id",), "tenant_id must have 1 to 64 letters, digits, dots, hyphens, ~ and _.")
    if len(document["title"]) > TITLE_CHARACTERS:
        yield file.problem(("title",), f"title may have at most {TITLE_CHARACTERS} characters.")
    for path, wording in list_wordings(document.get("words", {})):
        yield from _wording_problems(file, ("words", *path), wording)


def _style_problems(file: HospitalFile, style: Mapping[str, Any]) -> Iterator[FileProblem]:
    if (header := style.get("correlation_header")) is not None and not _HEADER.fullmatch(header):
        sentence = "correlation_header must be the name of a header that ends in id, such as X-Request-Id."
        yield file.problem(("answers", "correlation_header"), sentence)
    for name, others, words in (("client_status", (), ""), ("page_status", (200,), "200 or ")):
        if not (400 <= (status := style.get(name, 400)) <= 599 or status in others):
            yield file.problem(("answers", name), f"{name} must be {words}a status from 400 to 599.")
    if not _URN.fullmatch(style.get("urn_prefix", "")):
        yield file.problem(
            ("answers", "urn_prefix"), "urn_prefix must be at most 200 printable ASCII characters, without spaces."
        )


def _replacement_problems(file: HospitalFile) -> Iterator[FileProblem]:
    for name in file.document.get("token_response", {}):
        if name in MEMBERS:
            yield file.problem(("token_response", name), f"{name} can't be replaced: [token_response] has additional members.")
    for scope, claims in file.document.get("id_token", {}).items():
        for name in claims:
            if name in CLAIMS:
                path, sentence = ("id_token", scope, name), f"{name} can't be replaced: [id_token] has additional claims."
                yield file.problem(path, sentence)


def list_wordings(words: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The names of errors, each with its keys below `words`."""
    for name, table in words.items():
        if name in ("default", "token") and isinstance(table, dict):
            yield from (((name, inner), wording) for inner, wording in table.items())
        else:
            yield (name,), table


def _wording_problems(file: HospitalFile, path: KeyPath, wording: Mapping[str, Any]) -> Iterator[FileProblem]:
    if (error := wording.get("error")) is not None and not _ERROR.fullmatch(error):
        yield file.problem((*path, "error"), 'error must have 1 to 100 printable ASCII characters, without spaces, " and \\.')
    if not _URN.fullmatch(wording.get("urn") or ""):
        yield file.problem((*path, "urn"), "urn must be at most 200 printable ASCII characters, without spaces.")
