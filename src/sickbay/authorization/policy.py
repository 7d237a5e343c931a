"""The settings of a policy, by name, for a whole tenant or for one app. Both override the dialect.

An unknown name and an invalid value get one sentence each, with the name that was probably meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from msgspec import structs

from sickbay.authorization.models import Policy
from sickbay.fhir.visibility import is_enforceable
from sickbay.kernel.english import join
from sickbay.kernel.similar_names import find_closest
from sickbay.protocol import jose, scopes

Kind: TypeAlias = Literal["seconds", "flag", "choice", "list", "scopes"]
MAXIMUM_SECONDS = 10 * 365 * 86400
FRAME_FEATURES = ("camera", "clipboard-read", "clipboard-write", "display-capture", "fullscreen", "geolocation", "microphone")
GRANTS = Policy().registration_grants


class PolicySetting(NamedTuple):
    """One setting. choices: one of them for "choice", any for "list". app: whether an app may set it."""

    kind: Kind
    description: str
    choices: tuple[str, ...] = ()
    app: bool = True
    least: int = 1

    def fault(self, value: Any) -> str:
        """Returns what the value must be; "" if it is valid."""
        if self.kind == "seconds":
            fits = isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= MAXIMUM_SECONDS
            return "" if fits else f"a number of seconds, {self.least} or more"
        if self.kind == "flag":
            return "" if isinstance(value, bool) else "true or false"
        if self.kind == "scopes":
            return "" if _are_scopes(value) else "one string of SMART scopes, separated by spaces"
        if self.kind == "choice":
            return "" if value in self.choices else join(self.choices, "or")
        fits = isinstance(value, (list, tuple)) and len(value) >= self.least and all(item in self.choices for item in value)
        return "" if fits else f"a list of {', '.join(self.choices)}"


def _are_scopes(value: Any) -> bool:
    tokens = scopes.split(value) if isinstance(value, str) and len(value) <= scopes.MAXIMUM_SCOPE_CHARACTERS else ()
    parsed = scopes.parse_scopes(tokens)
    return bool(tokens) and len(parsed) == len(tokens) and all(is_enforceable(scope) for scope in parsed)


SETTINGS: dict[str, PolicySetting] = {
    "code_lifetime": PolicySetting("seconds", "Lifetime of an authorization code, in seconds"),
    "launch_lifetime": PolicySetting("seconds", "Lifetime of a launch code, in seconds"),
    "token_lifetime": PolicySetting("seconds", "Lifetime of an access token, in seconds", app=False),
    "refresh_lifetime": PolicySetting("seconds", "How long a refresh token stays valid without being used, in seconds"),
    "session_lifetime": PolicySetting("seconds", "How long a user stays signed in, in seconds", app=False),
    "propagation_delay": PolicySetting(
        "seconds", "Delay until a new or changed registration takes effect, in seconds", app=False, least=0
    ),
    "id_token_lifetime": PolicySetting("seconds", "Lifetime of an `id_token`, in seconds"),
    "rotate_refresh": PolicySetting("flag", "Each refresh issues a new refresh token and invalidates the old one"),
    "public_refresh": PolicySetting("flag", "Public apps get refresh tokens"),
    "framed": PolicySetting("choice", "Authorization pages that the EHR may show in a frame", ("all", "signed-in", "none")),
    "frame_sandbox": PolicySetting(
        "choice",
        "Sandbox of the frame that the chart opens an app in: none, one that also allows pop-ups, downloads and dialogs, or "
        "one that allows only scripts, forms and the app's own storage",
        ("none", "pop-ups", "strict"),
    ),
    "frame_allow": PolicySetting(
        "list", "Browser features that the chart's frame lets an app use (the attribute `allow`)", FRAME_FEATURES, least=0
    ),
    "frame_size": PolicySetting("choice", "Size of the chart's frame, in CSS pixels", ("fill", "800x600", "400x600")),
    "frame_check": PolicySetting(
        "flag",
        "Before the chart's frame opens an app on this machine, and when its launch stalls, Sickbay asks whether it answers",
    ),
    "launches": PolicySetting("list", "Ways to launch an app", ("ehr", "standalone")),
    "pkce": PolicySetting(
        "choice", "Whether PKCE is required, regardless of the app's registration", ("required", "if-sent", "off"), app=False
    ),
    "drop_unregistered_scopes": PolicySetting("flag", "Unregistered scopes are dropped instead of refused"),
    "wildcard_scopes": PolicySetting("flag", "Wildcard scopes are granted"),
    "mixed_scope_versions": PolicySetting("flag", "SMART 2 apps may request SMART 1 scopes, and vice versa"),
    "scope_versions": PolicySetting("list", "Versions of SMART scopes that are granted", ("v1", "v2"), app=False),
    "state_required": PolicySetting("flag", "`state` is required"),
    "standalone_picker": PolicySetting("flag", "A standalone launch with `launch/patient` shows a patient picker"),
    "own_patient_is_context": PolicySetting(
        "flag", "A patient app gets the signed-in user as its patient without requesting `launch/patient`"
    ),
    "always_ask": PolicySetting("flag", "Users are asked for consent each time, even if they gave it before"),
    "redirect_uri_optional": PolicySetting("flag", "`redirect_uri` is optional if only one is registered"),
    "assertion_algorithms": PolicySetting(
        "list", "Accepted signature algorithms for a client assertion", jose.ALGORITHMS, app=False
    ),
    "assertion_audience": PolicySetting(
        "choice",
        "What a client assertion may have as `aud`: only the token endpoint, or also the issuer or the endpoint that is called",
        ("issuer-or-endpoint", "token-endpoint"),
    ),
    "assertion_limits": PolicySetting(
        "flag",
        "A client assertion is issued at most five minutes before `exp` (`iat`, `nbf`), and `jti` has at most 151 characters",
    ),
    "auth_methods": PolicySetting("list", "Accepted client authentication methods", Policy().auth_methods, app=False),
    "registration_scopes": PolicySetting("scopes", "Maximum scopes for dynamic registration", app=False),
    "registration_grants": PolicySetting("list", "Grant types allowed for dynamic registration", GRANTS, app=False),
    "revokes_access": PolicySetting("flag", "Access tokens can be revoked; otherwise they only expire", app=False),
    "basic_secret": PolicySetting(
        "choice", "Whether the secret in a Basic header is URL-decoded before it is compared", ("either", "decoded", "raw")
    ),
    "requires_patient": PolicySetting("flag", "A search must name a patient", app=False),
    "requires_category": PolicySetting("flag", "A search for observations must name a category", app=False),
    "versioned_update": PolicySetting("flag", "An update needs `If-Match`", app=False),
    "multiple_deletes": PolicySetting("flag", "A conditional delete deletes all matches", app=False),
    "strict_search": PolicySetting("flag", "Unknown search parameters are refused", app=False),
    "explain_empty": PolicySetting(
        "flag", "A search that finds nothing says why, in an OperationOutcome in the Bundle", app=False
    ),
    "client_id_documents": PolicySetting(
        "flag", "A `client_id` may be the URL of a metadata document, which Sickbay fetches", app=False
    ),
    "missing_resource": PolicySetting(
        "choice",
        "A request without `aud` and `resource` gets a token for the FHIR base, gets one only from an agent, or is refused",
        ("default", "agents", "refuse"),
    ),
    "resource_metadata": PolicySetting(
        "flag", "FHIR bases have protected resource metadata (RFC 9728), and challenges name them", app=False
    ),
    "strict_cors": PolicySetting("flag", "Only registered origins may read responses (CORS)", app=False),
    "credentialed_cors": PolicySetting("flag", "Registered origins may send requests with credentials (CORS)", app=False),
}
REGISTERED = frozenset(("token_lifetime", "pkce"))
"""Settings of a hospital that an app has as members of its own registration."""


def find_problems(settings: Mapping[str, Any], *, app: bool = False) -> list[str]:
    """Returns one sentence for each invalid name or value."""
    known = {name: setting for name, setting in SETTINGS.items() if setting.app or not app}
    return [message for name, value in settings.items() if (message := _problem_of_value(name, value, known))]


def explain_unknown(settings: Mapping[str, Any]) -> list[str]:
    """Returns one sentence for each unknown name among the settings to reset."""
    return [
        f"There is no policy {name}{suggest_names(name, SETTINGS)}"
        for name in settings
        if settings[name] is None and name not in SETTINGS
    ]


def _problem_of_value(name: str, value: Any, known: Mapping[str, PolicySetting]) -> str:
    setting = known.get(name)
    if setting is None and name in SETTINGS:
        return _describe_wrong_level(name)
    if setting is None:
        return f"There is no policy {name}{suggest_names(name, known)}"
    expected = setting.fault(value)
    return f"The policy {name} must be {expected}" if expected else ""


def _describe_wrong_level(name: str) -> str:
    place = "the app's registration" if name in REGISTERED else "the hospital's policy"
    return f"An app can't have a policy {name} of its own. Set {name} in {place}"


def suggest_names(name: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    """Returns the most similar known name, or all names, in parentheses."""
    near = find_closest(name, known, 0.5)
    return f" (did you mean {near}?)" if near else f" (available: {join(sorted(known))})"


def list_values(policy: Policy) -> dict[str, Any]:
    """Returns the effective values of all settings, by name."""
    return {name: getattr(policy, name) for name in SETTINGS}


def override_policy(policy: Policy, settings: Mapping[str, Any]) -> Policy:
    """Returns the policy with these settings. Names that no longer exist are left out."""
    known = {name: value for name, value in settings.items() if name in SETTINGS}
    chosen: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in known.items()}
    if "token_lifetime" in chosen and policy.expires_in is not None:
        chosen["expires_in"] = None
    return structs.replace(policy, **chosen) if chosen else policy
