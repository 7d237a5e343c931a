"""Rules about the scopes of identity and refresh: openid, fhirUser, profile, online_access, offline_access."""

from collections.abc import Callable

from sickbay.authorization.asked_scopes import CLAIMS
from sickbay.authorization.authorize.reading import meant
from sickbay.authorization.known import AuthorizeKnown
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.authorization.values import Client
from sickbay.diagnosis import repairs, specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.refusal import Facts
from sickbay.protocol.scopes import split

REFRESH = specs.SMART_SCOPES


def _when(true_of: Callable[[set[str]], bool]) -> Callable[[AuthorizeRequest, AuthorizeKnown], Facts | None]:
    """Advises where `true_of` the scopes asked."""

    def advises(request: AuthorizeRequest, known: AuthorizeKnown) -> Facts | None:
        asked = meant(request)
        return {"received": list(asked)} if true_of(set(asked)) else None

    return advises


def _with_openid(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return repairs.add_scopes(request, "openid")


OPENID_MISSING_WITH_FHIRUSER = Rule(
    id="openid-missing-with-fhiruser",
    stage="authorize",
    severity="warning",
    outcome="advice",
    advises=_when(lambda asked: bool(asked & {"fhirUser", "profile"}) and "openid" not in asked),
    parameter="scope",
    title="Your app asked who signed in, but not for the id_token that says so",
    why="fhirUser is a claim of the id_token, and the id_token comes with openid.",
    fix="Add openid.",
    spec=specs.SMART_IDENTITY,
    repair=_with_openid,
)

FHIRUSER_MISSING = Rule(
    id="fhiruser-missing",
    stage="authorize",
    severity="info",
    outcome="advice",
    advises=_when(lambda asked: "openid" in asked and not asked & {"fhirUser", "profile"}),
    parameter="scope",
    title="Your app asked for an id_token without the person's FHIR resource",
    why="openid alone gives an identifier. fhirUser adds which Practitioner or Patient it is.",
    fix="Add fhirUser, if your app is to know who signed in.",
    spec=specs.SMART_IDENTITY,
)

PROFILE_SCOPE_DEPRECATED = Rule(
    id="profile-scope-deprecated",
    stage="authorize",
    severity="info",
    outcome="advice",
    advises=_when(lambda asked: "profile" in asked and "fhirUser" not in asked),
    parameter="scope",
    title="Your app asked for profile, the name that fhirUser had before SMART 1.0",
    why="Newer servers give the claim fhirUser for the scope fhirUser alone.",
    fix="Ask fhirUser.",
    spec=specs.SMART_IDENTITY,
)


def _offline(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return repairs.drop_scopes(request, {"scopes": ["online_access"]})


OFFLINE_AND_ONLINE_BOTH = Rule(
    id="offline-and-online-both",
    stage="authorize",
    severity="warning",
    outcome="advice",
    advises=_when(lambda asked: {"offline_access", "online_access"} <= asked),
    parameter="scope",
    title="Your app asked for offline_access and online_access at once",
    why="One outlives the session, the other ends with it. A server picks one of them, silently.",
    fix="Ask for one: offline_access to work while nobody is there, online_access otherwise.",
    spec=REFRESH,
    repair=_offline,
)


def _offline_not_registered(request: AuthorizeRequest, known: AuthorizeKnown) -> Facts | None:
    if not isinstance(known.client, Client) or "offline_access" not in meant(request):
        return None
    held = split(known.client.scope, " ,")
    if "offline_access" in held:
        return None
    other = "online_access" if "online_access" in held else None
    return {"received": "offline_access", "expected": other, "scopes": ["offline_access"], "corrected": [other or ""]}


OFFLINE_ACCESS_NOT_ALLOWED = Rule(
    id="offline-access-not-allowed",
    stage="authorize",
    severity="warning",
    outcome="dropped",
    advises=_offline_not_registered,
    parameter="scope",
    title="Your app asked for offline_access, which it did not register",
    why="The scope is left out, so no refresh token will come that outlives the session.",
    fix="Register offline_access, or ask for online_access.",
    spec=REFRESH,
    repair=repairs.swap_scopes,
)


def _claims(request: AuthorizeRequest, known: AuthorizeKnown) -> Facts | None:
    asked = [one for one in meant(request) if one in CLAIMS]
    return {"received": asked, "scopes": asked, "corrected": []} if asked else None


OPENID_CLAIMS_IGNORED = Rule(
    id="scope-openid-claims",
    stage="authorize",
    severity="info",
    outcome="dropped",
    advises=_claims,
    parameter="scope",
    title="`{scopes}` isn't granted: the server doesn't have these claims",
    why="OpenID Connect defines `email`, `phone` and `address`, and many libraries request them by default. SMART names the "
    "user by `fhirUser`. This server leaves them out; a stricter one answers `invalid_scope`.",
    fix="Set the scope in your library yourself, for example `openid fhirUser`.",
    spec=specs.SMART_IDENTITY,
    repair=repairs.drop_scopes,
)

RULES = (
    OPENID_MISSING_WITH_FHIRUSER,
    FHIRUSER_MISSING,
    PROFILE_SCOPE_DEPRECATED,
    OFFLINE_AND_ONLINE_BOTH,
    OFFLINE_ACCESS_NOT_ALLOWED,
    OPENID_CLAIMS_IGNORED,
)
