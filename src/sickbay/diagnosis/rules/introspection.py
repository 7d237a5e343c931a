"""Rules about requests to the introspection and revocation endpoints."""

from sickbay.authorization.contexts import SubjectContext
from sickbay.authorization.introspection import list_audiences
from sickbay.authorization.models import AccessToken, Client, Server, TokenFamily
from sickbay.authorization.requests import TokenRequest
from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import Facts
from sickbay.protocol import urls


def _rename_to_token(request: TokenRequest, facts: Facts) -> TokenRequest:
    """Renames `access_token` or `refresh_token`, the names in a token response, to `token`."""
    name = next((name for name in ("access_token", "refresh_token") if request.parameters.get(name)), None)
    if name is None:
        return request
    return corrections.set_parameters(request, ("token", request.parameters.get(name)), (name, None))


def _find_foreign(request: TokenRequest, context: SubjectContext) -> Facts | None:
    """The token is for a different server than the one whose client introspects it."""
    audiences, subject = list_audiences(context), context.subject
    if not audiences or not isinstance(subject, AccessToken | TokenFamily) or subject.base in audiences or _is_own(context):
        return None
    return {"received": subject.base, "expected": audiences[0]}


def _is_own(context: SubjectContext) -> bool:
    client, subject = context.client, context.subject
    return isinstance(client, Client) and getattr(subject, "client_id", None) == client.client_id


def _token_is_of_agent(request: TokenRequest, context: SubjectContext) -> Facts | None:
    facts = _find_foreign(request, context)
    return facts if facts and _is_for_fhir(context) and urls.is_web(getattr(context.subject, "client_id", "")) else None


def _is_for_fhir(context: SubjectContext) -> bool:
    return isinstance(context.server, Server) and getattr(context.subject, "base", "") in context.server.fhir_bases


def _token_is_of_another_app(request: TokenRequest, context: SubjectContext) -> Facts | None:
    return None if _token_is_of_agent(request, context) else _find_foreign(request, context)


def _has_no_audience(request: TokenRequest, context: SubjectContext) -> Facts | None:
    """A client without a registered server introspects another app's token, at a hospital that has such servers."""
    server, subject = context.server, context.subject
    if not isinstance(server, Server) or not server.resources or not isinstance(subject, AccessToken | TokenFamily):
        return None
    is_client = isinstance(context.client, Client) and not isinstance(context.caller, AccessToken)
    return {"received": subject.base} if is_client and not list_audiences(context) and not _is_own(context) else None


FUNCTIONS: RuleFunctions = {
    "mcp-resource-is-fhir-base": {"advises": _token_is_of_agent},
    "mcp-fhir-token-at-mcp": {"advises": _token_is_of_another_app},
    "mcp-audience-unchecked": {"advises": _has_no_audience},
    "token-parameter-missing": {"repair": _rename_to_token},
}
