"""`sickbay doctor --live`: fetches the discovery documents of a server, and examines what was pasted against them.

Only the host on the command line may have a private address, and both of its documents are fetched from the addresses that its
name first resolved to. Redirects aren't followed, and no credentials are sent.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sickbay.cli import signals
from sickbay.cli.output import print_note, reject_argument
from sickbay.doctor.diagnose import Diagnosis, diagnose
from sickbay.kernel.outbound import Fetched, NamedHost, Unreachable, fetch
from sickbay.protocol import unicode

SMART = "/.well-known/smart-configuration"
OPENID = "/.well-known/openid-configuration"


class LiveServer(NamedTuple):
    """diagnosis: that of its SMART configuration. context: what a pasted exchange is examined against."""

    diagnosis: Diagnosis
    context: dict[str, Any]


def examine(url: str) -> LiveServer:
    """url: the FHIR base URL. Says on standard error what it will contact, then contacts it. Raises CommandError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        reject_argument("--live needs the FHIR base URL of a server, such as https://ehr.example.org/fhir/r4.")
    base = url.partition("?")[0].partition("#")[0].removesuffix(SMART).rstrip("/")
    host = NamedHost(parts.hostname)
    smart = _fetch_document(base + SMART, base, host)
    document = _json_object(smart)
    issuer = document.get("issuer") if isinstance(document.get("issuer"), str) else ""
    openid = _json_object(_fetch_document(issuer.rstrip("/") + OPENID, base, host)) if issuer else {}
    server = {"fhir_bases": [base]} | {name: document[name] for name in _ENDPOINTS if isinstance(document.get(name), str)}
    evidence = {"kind": "smart_configuration", "url": base + SMART, "status": smart.status, "headers": dict(smart.headers)}
    body = {"body": smart.body.decode("utf-8", "replace"), "context": {"openid_configuration": openid} if openid else {}}
    return LiveServer(diagnose(evidence | body), {"server": server})


_ENDPOINTS = ("issuer", "authorization_endpoint", "token_endpoint")


def _fetch_document(url: str, base: str, host: NamedHost) -> Fetched:
    """Raises CommandError if the first document can't be fetched. Any other that can't be fetched is empty."""
    print_note(f"Fetching {url} without credentials.")
    try:
        return signals.run(fetch(url, named=host))
    except Unreachable as error:
        if url == base + SMART:
            reject_argument(f"{url} can't be fetched: {error}.")
        print_note(f"{url} can't be fetched: {error}.")
        return Fetched(0)


def _json_object(fetched: Fetched) -> dict[str, Any]:
    try:
        document = unicode.loads(fetched.body or b"{}")
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
