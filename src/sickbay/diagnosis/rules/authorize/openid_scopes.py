"""Rules about the identity and refresh scopes: openid, fhirUser, profile, online_access and offline_access."""

from collections.abc import Callable

from sickbay.authorization.authorize.parameters import correct_scopes
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Client
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.authorization.scopes.requested import CLAIMS
from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import Facts
from sickbay.protocol.scopes import split_at


def _advise_if(true_of: Callable[[set[str]], bool]) -> Callable[[AuthorizeRequest, AuthorizeContext], Facts | None]:
    """Advises if `true_of` holds for the requested scopes of SMART."""

    def advises(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
        requested = correct_scopes(request) if context.smart else ()
        return {"received": list(requested)} if true_of(set(requested)) else None

    return advises


def _offline_is_not_registered(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    if not isinstance(context.client, Client) or "offline_access" not in correct_scopes(request):
        return None
    registered = split_at(context.client.scope, " ,")
    if "offline_access" in registered:
        return None
    other = "online_access" if "online_access" in registered else None
    return {"received": "offline_access", "expected": other, "scopes": ["offline_access"], "corrected": [other or ""]}


def _requests_claim_scopes(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    requested = [scope for scope in correct_scopes(request) if scope in CLAIMS and context.smart]
    return {"received": requested, "scopes": requested, "corrected": []} if requested else None


FUNCTIONS: RuleFunctions = {
    "openid-missing-with-fhiruser": {
        "advises": _advise_if(lambda requested: bool(requested & {"fhirUser", "profile"}) and "openid" not in requested),
        "repair": corrections.request_also("openid"),
    },
    "fhiruser-missing": {
        "advises": _advise_if(lambda requested: "openid" in requested and not requested & {"fhirUser", "profile"})
    },
    "profile-scope-deprecated": {
        "advises": _advise_if(lambda requested: "profile" in requested and "fhirUser" not in requested)
    },
    "offline-and-online-both": {
        "advises": _advise_if(lambda requested: {"offline_access", "online_access"} <= requested),
        "repair": lambda request, facts: corrections.drop_scopes(request, {"scopes": ["online_access"]}),
    },
    "offline-access-not-allowed": {"advises": _offline_is_not_registered, "repair": corrections.swap_scopes},
    "scope-openid-claims": {"advises": _requests_claim_scopes, "repair": corrections.drop_scopes},
}
