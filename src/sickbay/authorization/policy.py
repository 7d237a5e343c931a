"""What may be chosen of a policy, by name: for a whole hospital, or for one app. The dialect's own word stands below both.

A name that is none and a value that does not fit are said in one sentence, with the name that was likely meant.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, NamedTuple, TypeAlias

from sickbay.authorization.values import Policy
from sickbay.protocol import jose, scopes

Kind: TypeAlias = Literal["seconds", "flag", "choice", "list", "scopes"]
LONGEST = 10 * 365 * 86400
GRANTS = Policy().registration_grants


class Knob(NamedTuple):
    """choices: of "choice" one, of "list" any. app: whether it may be chosen for an app too."""

    kind: Kind
    says: str
    choices: tuple[str, ...] = ()
    app: bool = True
    least: int = 1

    def fault(self, value: Any) -> str:
        """What the value should be; "" where it is."""
        if self.kind == "seconds":
            fits = isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= LONGEST
            return "" if fits else f"a number of seconds, {self.least} or more"
        if self.kind == "flag":
            return "" if isinstance(value, bool) else "true or false"
        if self.kind == "scopes":
            return "" if _are_scopes(value) else "one string of SMART scopes, separated by spaces"
        if self.kind == "choice":
            return "" if value in self.choices else f"one of {', '.join(self.choices)}"
        fits = isinstance(value, (list, tuple)) and bool(value) and all(one in self.choices for one in value)
        return "" if fits else f"a list of {', '.join(self.choices)}"


def _are_scopes(value: Any) -> bool:
    tokens = scopes.split(value) if isinstance(value, str) and len(value) <= scopes.MOST else ()
    parsed = scopes.parse_all(tokens)
    return bool(tokens) and len(parsed) == len(tokens) and all(scopes.is_enforceable(scope) for scope in parsed)


KNOBS: dict[str, Knob] = {
    "code_lifetime": Knob("seconds", "that an authorization code may wait"),
    "launch_lifetime": Knob("seconds", "that a launch code may wait"),
    "token_lifetime": Knob("seconds", "that an access token lives", app=False),
    "refresh_lifetime": Knob("seconds", "that a refresh token lives unused"),
    "session_lifetime": Knob("seconds", "that a sign-in lives", app=False),
    "propagation_delay": Knob("seconds", "until an app that was registered or changed is known everywhere", app=False, least=0),
    "id_token_lifetime": Knob("seconds", "that an id_token is good for"),
    "rotate_refresh": Knob("flag", "a refresh brings a new refresh token, and the old one ends"),
    "public_refresh": Knob("flag", "apps without a secret or a key get refresh tokens"),
    "framed": Knob("choice", "which pages of an authorization the EHR may show in its frame", ("all", "signed-in", "none")),
    "launches": Knob("list", "from where an app may be opened", ("ehr", "standalone")),
    "pkce": Knob("choice", "whether PKCE must be used, whatever the app registered", ("required", "if-sent", "off"), app=False),
    "drop_unregistered_scopes": Knob("flag", "scopes that are not registered are left out, not refused"),
    "wildcard_scopes": Knob("flag", "wildcard scopes are granted"),
    "mixed_scope_versions": Knob("flag", "an app of v2 may ask in the letters of v1, and the other way round"),
    "scope_versions": Knob("list", "of SMART scopes that are granted", ("v1", "v2"), app=False),
    "state_required": Knob("flag", "state must be sent"),
    "standalone_picker": Knob("flag", "launch/patient on its own opens a patient picker"),
    "own_patient_is_context": Knob("flag", "a patient app has the person who signs in as its patient, unasked"),
    "redirect_uri_optional": Knob("flag", "redirect_uri may be left out where one is registered"),
    "assertion_algorithms": Knob("list", "with which a client assertion may be signed", jose.ALGORITHMS, app=False),
    "auth_methods": Knob("list", "by which an app may prove who it is", Policy().auth_methods, app=False),
    "registration_scopes": Knob("scopes", "the most that an app may ask for when it registers itself", app=False),
    "registration_grants": Knob("list", "of grant types that an app may register for itself", GRANTS, app=False),
    "revokes_access": Knob("flag", "an access token can be revoked; otherwise it runs out", app=False),
    "basic_secret": Knob("choice", "how the secret in a Basic header is compared", ("either", "decoded", "raw")),
    "requires_patient": Knob("flag", "a search must name a patient", app=False),
    "requires_category": Knob("flag", "a search of observations must name a category", app=False),
    "versioned_update": Knob("flag", "an update must say If-Match", app=False),
    "multiple_deletes": Knob("flag", "a conditional delete deletes all that match", app=False),
    "strict_search": Knob("flag", "an unknown search parameter is refused", app=False),
    "strict_cors": Knob("flag", "only registered origins may read answers", app=False),
    "credentialed_cors": Knob("flag", "registered origins may send requests with credentials", app=False),
}
"""token_lifetime and pkce of an app are members of its own registration."""


def faults(given: Mapping[str, Any], *, app: bool = False) -> list[str]:
    """One sentence for each name or value that will not do."""
    known = {name: knob for name, knob in KNOBS.items() if knob.app or not app}
    return [said for name, value in given.items() if (said := _fault(name, value, known))]


def unknown(given: Mapping[str, Any]) -> list[str]:
    """One sentence for each name that is none, of those that are taken back."""
    return [f"There is no policy {name}{meant(name, KNOBS)}" for name in given if given[name] is None and name not in KNOBS]


def _fault(name: str, value: Any, known: Mapping[str, Knob]) -> str:
    knob = known.get(name)
    if knob is None:
        return f"There is no policy {name}{meant(name, known)}"
    wanted = knob.fault(value)
    return f"The policy {name} must be {wanted}" if wanted else ""


def meant(name: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    """The nearest known name, as the rest of a sentence."""
    near = difflib.get_close_matches(name, list(known), 1, 0.5)
    return f": {near[0]} was meant, perhaps" if near else f": there are {', '.join(sorted(known))}"


def values(policy: Policy) -> dict[str, Any]:
    """What holds of all that may be chosen, by name."""
    return {name: getattr(policy, name) for name in KNOBS}


def under(policy: Policy, given: Mapping[str, Any]) -> Policy:
    """The policy with what was chosen. Names that are no longer known are left out."""
    kept = {name: one for name, one in given.items() if name in KNOBS}
    chosen: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in kept.items()}
    if "token_lifetime" in chosen and policy.expires_in is not None:
        chosen["expires_in"] = None
    return replace(policy, **chosen) if chosen else policy
