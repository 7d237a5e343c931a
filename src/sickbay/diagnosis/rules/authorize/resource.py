"""Rules about `resource`, which names the server that the token is for to clients that don't know `aud`."""

import re
from collections.abc import Callable

from sickbay.authorization.authorize.aud import list_likely_bases
from sickbay.authorization.authorize.default_scopes import default_scopes
from sickbay.authorization.authorize.parameters import is_agent, read_audience, registered_resource
from sickbay.authorization.bases import base_of
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Client, Server
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.diagnosis import corrections, placeholders
from sickbay.diagnosis.rule import RuleFunctions, only_with, severity_by
from sickbay.kernel.checks import Facts
from sickbay.protocol.scope_spelling import read_spelling

PLACEHOLDER = "RESOURCE-OF-THE-METADATA"


def _resource_is_missing(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    """A client of MCP gets a token for a FHIR base although it named no server."""
    server = context.server
    if read_audience(request) or not isinstance(server, Server) or not is_agent(context.client):
        return None
    return {"received": None, "base": next(iter(list_likely_bases(server, context)), ""), "expected": _only_resource(server)}


def _only_resource(server: Server) -> str:
    """The registered server if there is only one. Of several, any could be meant."""
    return server.resources[0].url if len(server.resources) == 1 else PLACEHOLDER


def _set_resource(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return corrections.set_parameters(request, ("resource", facts["expected"]))


def _has_tail(sign: str) -> Callable[[Facts], Facts | None]:
    """A known URL followed by a fragment (#) or a query (?)."""

    def recognise(facts: Facts) -> Facts | None:
        received = str(facts["received"] or "")
        tail = re.search(r"[?#]", received)
        known = base_of(received[: tail.start()], facts["resources"]) if tail else None
        if tail is None or tail.group() != sign or known is None:
            return None
        return {**facts, "tail": received[tail.start() :], "expected": known}

    return recognise


def _expect_closest(facts: Facts) -> Facts:
    return {**facts, "expected": facts.get("closest")}


def _resource_differs_by_slash(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    resource, server = request.parameters.get("resource") or "", context.server
    if not isinstance(server, Server) or request.parameters.get("aud"):
        return None
    known = (*[registered.url for registered in server.resources], *server.fhir_bases)
    meant = base_of(resource, known)
    if meant is None or resource.endswith("/") == meant.endswith("/"):
        return None
    return {"received": resource, "expected": meant}


def _resource_is_in_aud(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    aud, server = request.parameters.get("aud") or "", context.server
    if not isinstance(server, Server) or request.parameters.get("resource"):
        return None
    meant = base_of(aud, tuple(registered.url for registered in server.resources))
    return {"received": meant} if meant else None


def _rename_aud(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return corrections.set_parameters(request, ("aud", None), ("resource", facts["received"]))


def _drop_scopes(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    refused = set(facts["scopes"])
    remaining = [text for text in (request.parameters.get("scope") or "").split() if text not in refused]
    return corrections.set_parameters(request, ("scope", " ".join(remaining))) if remaining else request


def _asks_for_offline_consent(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    prompts, scopes = request.parameters.get("prompt") or "", request.parameters.get("scope") or ""
    return {"received": prompts} if "consent" in prompts.split() and "offline_access" in scopes.split() else None


def _scopes_for_agents(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    """Replaces launch by launch/patient, and drops what no agent can have."""
    texts = [text for text in read_spelling(request.parameters.get("scope") or "").tokens if not text.startswith("system/")]
    named = dict.fromkeys("launch/patient" if text == "launch" else text for text in texts)
    return corrections.set_parameters(request, ("scope", " ".join(named)))


def _default_scopes_apply(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    client, server = context.client, context.server
    if not isinstance(client, Client) or not isinstance(server, Server):
        return None
    scopes = default_scopes(request, client, server)
    resource = registered_resource(request, server) if scopes else None
    return {"received": None, "resource": resource.url, "scopes": list(scopes)} if resource else None


FUNCTIONS: RuleFunctions = {
    "mcp-resource-missing": {
        "recognises": lambda facts: {"base": "the app's FHIR base", "expected": PLACEHOLDER, **facts},
        "advises": _resource_is_missing,
        "repair": _set_resource,
        "severity": severity_by("parameter", "error", "warning"),
    },
    "mcp-resource-twice": {"repair": _set_resource},
    "mcp-resource-fragment": {"recognises": _has_tail("#"), "repair": _set_resource},
    "mcp-resource-query": {"recognises": _has_tail("?"), "repair": _set_resource},
    "mcp-resource-unknown": {"recognises": _expect_closest, "repair": _set_resource},
    "mcp-resource-trailing-slash": {"advises": _resource_differs_by_slash, "repair": _set_resource},
    "mcp-aud-sent-instead": {"advises": _resource_is_in_aud, "repair": _rename_aud},
    "mcp-scope-not-of-resource": {"repair": _drop_scopes},
    "mcp-scope-default": {
        "advises": _default_scopes_apply,
        "repair": lambda request, facts: corrections.set_scopes(request, [*facts["scopes"]]),
    },
    "mcp-proxy-no-aud": {"recognises": only_with("serves"), "repair": corrections.set_from_fact("aud", "base")},
    "mcp-scope-all-supported": {"recognises": only_with("whole"), "repair": _scopes_for_agents},
    "mcp-launch-scope": {"recognises": only_with("resource"), "repair": _scopes_for_agents},
    "mcp-patient-scope-no-picker": {"recognises": only_with("resource"), "repair": corrections.request_also("launch/patient")},
    "mcp-state-missing": {
        "recognises": only_with("resource"),
        "repair": corrections.set_value("state", placeholders.EXAMPLE_STATE),
    },
    "mcp-prompt-consent": {"advises": _asks_for_offline_consent},
    "mcp-credentials-other-issuer": {"recognises": only_with("resource")},
}
