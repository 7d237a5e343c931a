"""Reads an authorization URL and its context from a pasted exchange or a case."""

from __future__ import annotations

import re

from sickbay.authorization.contexts import AuthorizeContext, Guesses
from sickbay.authorization.models import Client, Launch
from sickbay.authorization.refusals import authorize as refusals
from sickbay.authorization.requests import AuthorizeRequest, authorize_request, is_fetched
from sickbay.diagnosis.evidence import context as read
from sickbay.diagnosis.evidence.context import Json
from sickbay.diagnosis.evidence.inference import is_smart
from sickbay.diagnosis.guesses import POLICY
from sickbay.diagnosis.rule import GUESS
from sickbay.kernel.checks import Refusal

SEEN = {"state": "seen_states", "nonce": "seen_nonces", "code_challenge": "seen_challenges"}


def read_request(evidence: Json) -> AuthorizeRequest:
    """`url` is raw, as it was sent or pasted."""
    text = str(evidence.get("url", ""))
    if evidence.get("method") == "POST" and evidence.get("body"):
        text = f"{text}?{evidence['body']}"
    return authorize_request(text, evidence.get("method", "GET"))


def context_of(evidence: Json, request: AuthorizeRequest) -> AuthorizeContext:
    context = evidence.get("context", {})
    client = read.read_client(context)
    live = _find_live_code(context, request.parameters.get("client_id"))
    launch = read.find_launch(context, live)
    document_fault = _examine_document(context, request.parameters.get("client_id") or "")
    is_named = isinstance(client, Client) and client.client_id == request.parameters.get("client_id")
    return AuthorizeContext(
        now=read.read_now(context),
        server=read.read_server(context),
        elsewhere=context.get("elsewhere", ""),
        fetched=is_fetched({name.lower(): str(value) for name, value in (evidence.get("headers") or {}).items()}),
        client=None if context.get("app", {}).get("new") else client if is_named or not isinstance(client, Client) else None,
        live_at=read.read_live_at(context),
        document_fault=document_fault,
        launch=read.find_launch(context, request.parameters.get("launch")),
        others=(client.client_id,) if isinstance(client, Client) else (),
        session_user=context.get("session"),
        seen=frozenset((name, value) for name, context_name in SEEN.items() for value in context.get(context_name, ())),
        live_launch=live,
        live=launch if isinstance(launch, Launch) else None,
        smart=is_smart(context, request),
        guesses=() if "server" in context else _possible_problems(request),
    )


def _examine_document(context: Json, url: str) -> Refusal | None:
    """`context.document`: the response at the client_id, with status, headers and body, or the reason why there is none."""
    document = context.get("document")
    if document is None:
        return None
    from sickbay.authorization import client_document  # few requests come with a document

    if not client_document.is_document_id(url):
        return None
    if fault := client_document.find_url_problem(url):
        return refusals.MCP_CIMD_URL_INVALID(received=url, reason=fault)
    if "not_fetched" in document:
        return refusals.MCP_CIMD_NOT_FETCHED(received=url, reason=document["not_fetched"])
    headers = {name.lower(): str(value) for name, value in document.get("headers", {}).items()}
    body = str(document.get("body", "")).encode()
    found = client_document.read_document(url, int(document.get("status", 200)), headers, body)
    return found if isinstance(found, Refusal) else None


HYBRID_FLOW = (
    "Sickbay assumes that this server follows SMART, which has only response_type=code. A few, such as athenaFlow and "
    "athenaPractice, use the hybrid flow of OpenID Connect."
)


DOTTED_SCOPES = "A server in front of Microsoft Entra ID expects dots, because Entra ID allows no slash in the name of a scope."
_AZURE = re.compile(
    r"^https?://[^/?#]*\.(?:azure-api|azurewebsites|azurehealthcareapis|microsoftonline|windows|azurefd)\.(?:net|com)\b"
)
_DOTTED = re.compile(r"(?:^|[ +])(?:patient|user|system|launch)\.[\w.*]")


def _possible_problems(request: AuthorizeRequest) -> Guesses:
    """Faults that aren't certain at an unknown server: the hybrid flow, a response mode, and scopes in Azure's syntax."""
    is_hybrid = {"code", "id_token"} <= set((request.parameters.get("response_type") or "").split())
    mode = ("response-mode-unsupported", HYBRID_FLOW if is_hybrid else POLICY[GUESS])
    flow = (mode, ("response-type-invalid", HYBRID_FLOW)) if is_hybrid else (mode,)
    is_azure = _AZURE.match(request.url) and _DOTTED.search(request.parameters.get("scope") or "")
    return (*flow, ("scope-malformed", DOTTED_SCOPES)) if is_azure else flow


def _find_live_code(context: Json, client_id: str | None) -> str | None:
    """The code of a launch of this client that is neither used nor expired."""
    now = context.get("now", 0)
    for code, launch in context.get("launches", {}).items():
        fresh = launch.get("expires_at", now) >= now and not launch.get("used")
        if fresh and launch.get("client_id", client_id) == client_id:
            return str(code)
    return None


def to_evidence(request: AuthorizeRequest) -> dict[str, object]:
    """The inverse of `request`: the corrected request in the form of the input."""
    query = request.parameters.raw
    if request.method == "POST":
        return {"kind": "authorize_url", "url": request.url, "method": "POST", "body": query}
    return {"kind": "authorize_url", "url": f"{request.url}?{query}" if query else request.url}
