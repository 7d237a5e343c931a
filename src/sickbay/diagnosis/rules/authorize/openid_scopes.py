"""Rules about the identity and refresh scopes: openid, fhirUser, profile, online_access and offline_access."""

from collections.abc import Callable

from sickbay.authorization.authorize.parameters import correct_scopes
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Client
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.authorization.scopes.requested import CLAIMS
from sickbay.diagnosis import corrections, specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.checks import Facts
from sickbay.protocol.scopes import split_at

REFRESH = specs.SMART_SCOPES


def _when(true_of: Callable[[set[str]], bool]) -> Callable[[AuthorizeRequest, AuthorizeContext], Facts | None]:
    """Advises if `true_of` holds for the requested scopes of SMART."""

    def advises(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
        requested = correct_scopes(request) if context.smart else ()
        return {"received": list(requested)} if true_of(set(requested)) else None

    return advises


def _with_openid(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return corrections.add_scopes(request, "openid")


OPENID_MISSING_WITH_FHIRUSER = Rule(
    id="openid-missing-with-fhiruser",
    severity="warning",
    advises=_when(lambda requested: bool(requested & {"fhirUser", "profile"}) and "openid" not in requested),
    parameter="scope",
    title="`scope` requests `fhirUser` or `profile` without `openid`",
    why="`fhirUser` is a claim of the ID token, and the server issues an ID token only for the scope `openid`.",
    fix="Add `openid` to `scope`.",
    spec=specs.SMART_IDENTITY,
    repair=_with_openid,
)

FHIRUSER_MISSING = Rule(
    id="fhiruser-missing",
    severity="info",
    advises=_when(lambda requested: "openid" in requested and not requested & {"fhirUser", "profile"}),
    parameter="scope",
    title="`scope` contains `openid` without `fhirUser`",
    why="Without `fhirUser`, the ID token has only an identifier. `fhirUser` adds the URL of the user's FHIR resource, "
    "such as a Practitioner.",
    fix="Add `fhirUser` to `scope` if your app needs to know who signed in.",
    spec=specs.SMART_IDENTITY,
)

PROFILE_SCOPE_DEPRECATED = Rule(
    id="profile-scope-deprecated",
    severity="info",
    advises=_when(lambda requested: "profile" in requested and "fhirUser" not in requested),
    parameter="scope",
    title="`scope` contains `profile`, the old name of `fhirUser`",
    why="The scope was renamed in SMART 1.0. Newer servers return the `fhirUser` claim only for the scope `fhirUser`.",
    fix="Request `fhirUser` instead of `profile`.",
    spec=specs.SMART_IDENTITY,
)


def _offline(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return corrections.drop_scopes(request, {"scopes": ["online_access"]})


OFFLINE_AND_ONLINE_BOTH = Rule(
    id="offline-and-online-both",
    severity="warning",
    advises=_when(lambda requested: {"offline_access", "online_access"} <= requested),
    parameter="scope",
    title="`scope` contains both `offline_access` and `online_access`",
    why="With `offline_access`, the refresh token outlives the user's session; with `online_access`, it "
    "ends with the session. The server picks one without an error.",
    fix="Request `offline_access` if your app works without the user. Otherwise request `online_access`.",
    spec=REFRESH,
    repair=_offline,
)


def _offline_not_registered(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    if not isinstance(context.client, Client) or "offline_access" not in correct_scopes(request):
        return None
    registered = split_at(context.client.scope, " ,")
    if "offline_access" in registered:
        return None
    other = "online_access" if "online_access" in registered else None
    return {"received": "offline_access", "expected": other, "scopes": ["offline_access"], "corrected": [other or ""]}


OFFLINE_ACCESS_NOT_ALLOWED = Rule(
    id="offline-access-not-allowed",
    severity="warning",
    outcome="dropped",
    differs="The request is granted without this scope.",
    advises=_offline_not_registered,
    parameter="scope",
    title="`offline_access` isn't registered for your app",
    why="The server drops the scope, so it issues no refresh token that outlives the session.",
    fix="Register `offline_access`. If your app needs access only while the user is there, request `online_access`.",
    spec=REFRESH,
    repair=corrections.swap_scopes,
)


def _claims(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    requested = [scope for scope in correct_scopes(request) if scope in CLAIMS and context.smart]
    return {"received": requested, "scopes": requested, "corrected": []} if requested else None


OPENID_CLAIMS_IGNORED = Rule(
    id="scope-openid-claims",
    severity="info",
    outcome="dropped",
    differs="The request is granted without these scopes.",
    advises=_claims,
    parameter="scope",
    title="`scope` contains `{scopes}`, which this server doesn't grant",
    why="OpenID Connect defines `email`, `phone` and `address`, and many libraries request them by "
    "default. SMART identifies the user by `fhirUser`. This server drops the other scopes; a stricter "
    "one answers `invalid_scope`.",
    fix="Set the scope in your library explicitly, for example `openid fhirUser`.",
    spec=specs.SMART_IDENTITY,
    repair=corrections.drop_scopes,
)
