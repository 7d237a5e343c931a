"""Rules about what an app may register for itself, limited by policy and by its first registration (RFC 7591, RFC 7592)."""

from msgspec import structs

from sickbay.authorization.requests import RegistrationRequest
from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import Facts


def _granted_types(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    return structs.replace(
        request, grant_types=tuple(grant for grant in request.grant_types or () if grant not in facts["received"])
    )


def _remove_uris_at_other_hosts(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    """Removes the URIs at other hosts, if at least one URI is left."""
    redirect_uris = tuple(uri for uri in request.redirect_uris if uri not in facts["received"])
    logout_uris = tuple(uri for uri in request.post_logout_redirect_uris if uri not in facts["received"])
    if not redirect_uris:
        return request
    return structs.replace(request, redirect_uris=redirect_uris, post_logout_redirect_uris=logout_uris)


LIKELY_TWINS = 2
"""Two installations of a client look the same too. More are probably one that forgets its registration."""


FUNCTIONS: RuleFunctions = {
    "reg-scope-not-granted": {"repair": corrections.swap_scopes},
    "reg-grant-type-not-granted": {"repair": _granted_types},
    "reg-host-not-granted": {"repair": _remove_uris_at_other_hosts},
    "mcp-dcr-each-start": {"advises": lambda request, _: {"twins": request.twins} if request.twins >= LIKELY_TWINS else None},
}
