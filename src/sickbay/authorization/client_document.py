"""Client ID metadata documents (draft-ietf-oauth-client-id-metadata-document): the URL as client_id, and what is at it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sickbay.authorization.models import Policy
from sickbay.authorization.refusals import authorize as refusals
from sickbay.authorization.registration import metadata as client_metadata
from sickbay.kernel.checks import Refusal
from sickbay.protocol import unicode, urls
from sickbay.protocol.host_syntax import host_problem

MAXIMUM_BYTES = 10_240
"""Size of a document. The draft recommends 5 KB as the maximum."""
MAXIMUM_URL_CHARACTERS = 2_000
DOT_SEGMENT = re.compile(r"/(?:\.|%2e){1,2}(?=/|$)", re.I)
_JSON = re.compile(r"application/(?:[\w.-]+\+)?json", re.I)
SECRET_METHODS = ("client_secret_basic", "client_secret_post", "client_secret_jwt")


def is_document_id(client_id: str | None) -> bool:
    """Whether a client_id is meant as the URL of a document."""
    return client_id is not None and urls.is_web(client_id)


def find_url_problem(url: str) -> str:
    """Returns what is wrong with the URL as a client_id (draft, 3), as the end of a sentence; "" if it is right.

    A loopback URL may be http, which the draft doesn't allow: developers serve documents on their own machine.
    """
    parts = urls.split(url)
    if len(url) > MAXIMUM_URL_CHARACTERS:
        return f"is longer than {MAXIMUM_URL_CHARACTERS:,} characters"
    if urls.STRANGE.search(url) or not parts.hostname or host_problem(url):
        return "isn't a valid URL"
    if parts.scheme != "https" and not urls.is_loopback(url):
        return "isn't https"
    if "@" in parts.netloc:
        return "has a user name"
    if "#" in url:
        return "has a fragment"
    if not parts.path.strip("/"):
        return "has no path"
    return "has a path with . or .." if DOT_SEGMENT.search(parts.path) else ""


def read_document(url: str, status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any] | Refusal:
    """Returns the metadata in a response, or why they can't be used (draft, 4). Redirects aren't followed."""
    if status != 200:
        where = headers.get("location", "")
        return refusals.MCP_CIMD_UNREACHABLE(received=url, reason=f"its status is {status}", to=where[:200])
    if len(body) > MAXIMUM_BYTES:
        return refusals.MCP_CIMD_TOO_BIG(received=url, limit=f"{MAXIMUM_BYTES:,}")
    type = headers.get("content-type", "").partition(";")[0].strip()
    if not _JSON.fullmatch(type):
        return refusals.MCP_CIMD_MEDIA_TYPE(received=url, type=type[:100] or "none")
    try:
        metadata = unicode.loads(body, unique=True)
    except ValueError as error:
        return refusals.MCP_CIMD_INVALID(received=url, reason=f"The document isn't valid JSON: {error}")
    return _examine_metadata(url, metadata)


def _examine_metadata(url: str, metadata: Any) -> dict[str, Any] | Refusal:
    if not isinstance(metadata, dict):
        return refusals.MCP_CIMD_INVALID(received=url, reason="The document isn't an object")
    named = metadata.get("client_id")
    if not isinstance(named, str):
        return refusals.MCP_CIMD_INVALID(received=url, reason="client_id is missing")
    if named != url:
        return refusals.MCP_CIMD_ID_DIFFERS(received=url, expected=named[:MAXIMUM_URL_CHARACTERS])
    secrets = [name for name in metadata if name.startswith("client_secret")]
    method = metadata.get("token_endpoint_auth_method")
    if secrets or method in SECRET_METHODS:
        return refusals.MCP_CIMD_SECRET(received=url, member=secrets[0] if secrets else str(method))
    if not metadata.get("client_name") or not metadata.get("redirect_uris"):
        missing = "client_name" if not metadata.get("client_name") else "redirect_uris"
        return refusals.MCP_CIMD_INVALID(received=url, reason=f"{missing} is missing")
    fault = client_metadata.find_problem({"token_endpoint_auth_method": "none", **metadata})
    return refusals.MCP_CIMD_INVALID(received=url, reason=fault) if fault else metadata


def to_registration(url: str, metadata: Mapping[str, Any], tenant: str, policy: Policy) -> dict[str, Any]:
    """Converts a valid document. Without `scope`, the client may request what any app may register, except system/ scopes."""
    permitted = [token for token in policy.registration_scopes.split() if not token.startswith("system/")]
    complete = {"token_endpoint_auth_method": "none", "scope": " ".join(permitted), **metadata}
    grants = [name for name in metadata.get("grant_types") or () if name != "client_credentials"]
    fields = client_metadata.make_registration({**complete, "grant_types": grants}, tenant)
    native = any(urls.is_loopback(uri) or not urls.is_web(uri) for uri in fields["redirect_uris"])
    return {**fields, "client_id": url, "type": "provider", "launch_uri": None, "native": native}
