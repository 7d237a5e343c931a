"""The settings of a policy as fields of a form, for a hospital and for an app.

A field shows the current value. One that has the inherited value, when it is sent, overrides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sickbay.authorization.models import Policy
from sickbay.authorization.policy import MAXIMUM_SECONDS, SETTINGS, PolicySetting
from sickbay.kernel import english
from sickbay.protocol.parameters import Parameters
from sickbay.web.pages.parts import Choice

GROUPS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (
        "Lifetimes",
        (
            "code_lifetime",
            "launch_lifetime",
            "token_lifetime",
            "id_token_lifetime",
            "refresh_lifetime",
            "session_lifetime",
            "rotate_refresh",
            "public_refresh",
            "revokes_access",
        ),
    ),
    (
        "Launch and consent",
        (
            "launches",
            "pkce",
            "state_required",
            "redirect_uri_optional",
            "standalone_picker",
            "own_patient_is_context",
            "always_ask",
            "framed",
        ),
    ),
    ("Apps in the chart", ("frame_sandbox", "frame_allow", "frame_size", "frame_check")),
    ("Scopes", ("drop_unregistered_scopes", "wildcard_scopes", "scope_versions", "mixed_scope_versions")),
    (
        "Client authentication",
        ("auth_methods", "basic_secret", "assertion_algorithms", "assertion_audience", "assertion_limits"),
    ),
    ("Registration", ("registration_scopes", "registration_grants", "propagation_delay")),
    (
        "FHIR",
        ("requires_patient", "requires_category", "strict_search", "explain_empty", "versioned_update", "multiple_deletes"),
    ),
    ("Agents (MCP)", ("resource_metadata", "missing_resource", "client_id_documents")),
    ("Browsers (CORS)", ("strict_cors", "credentialed_cors")),
)
"""All settings. tests/web/portal/test_policy_form.py finds those that are missing here."""
WORDS: Final = {"true": "Yes", "false": "No"}
CHOICE_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "framed": {"all": "All", "signed-in": "All but the sign-in page", "none": "None"},
    "frame_sandbox": {"none": "No sandbox", "pop-ups": "With pop-ups", "strict": "Strict"},
    "frame_size": {"fill": "Fill the space", "800x600": "800 × 600", "400x600": "400 × 600"},
    "pkce": {"required": "Required", "if-sent": "Checked if sent", "off": "Off"},
    "basic_secret": {"either": "Either", "decoded": "URL-decoded", "raw": "As it was sent"},
    "assertion_audience": {"issuer-or-endpoint": "Any of them", "token-endpoint": "Only the token endpoint"},
    "missing_resource": {"default": "A token", "agents": "A token, if it’s an agent", "refuse": "An error"},
}
"""Labels that the form shows instead of the values of sickbay.toml."""


class PolicyField(NamedTuple):
    """One setting. kind: seconds, choice, list or scopes. help: its range or length. inherited: the value that it overrides.

    source: where the current value comes from; "" if it is inherited from the dialect; unsaved if it was only typed.
    """

    name: str
    label: str
    kind: str
    value: str
    inherited: str
    source: str
    choices: tuple[Choice, ...] = ()
    minimum: int = 0
    fault: str = ""

    @property
    def maximum(self) -> int:
        return MAXIMUM_SECONDS

    @property
    def help(self) -> str:
        """Writes a number of seconds in words."""
        return _describe_seconds(int(self.value)) if self.kind == "seconds" and self.value.isdecimal() else ""


class PolicyGroup(NamedTuple):
    title: str
    fields: tuple[PolicyField, ...]

    @property
    def changed(self) -> tuple[PolicyField, ...]:
        """The settings that have their own value here."""
        return tuple(field for field in self.fields if field.source == "this page")


def has_faults(groups: Sequence[PolicyGroup]) -> bool:
    """Whether a field of the form is marked."""
    return any(field.fault for group in groups for field in group.fields)


class SentPolicy(NamedTuple):
    """chosen: the settings that differ from the inherited ones. faults: by name, what a value must be."""

    chosen: dict[str, Any]
    faults: dict[str, str]


def make_groups(
    inherited: Policy,
    chosen: Mapping[str, Any],
    file: Mapping[str, Any],
    *,
    app: bool = False,
    sent: Parameters | None = None,
    faults: Mapping[str, str] | None = None,
) -> tuple[PolicyGroup, ...]:
    """The fields in their groups. sent: what was typed, if it had faults. app: only settings that an app may have."""
    made = []
    for title, names in GROUPS:
        shown = [name for name in names if SETTINGS[name].app or not app]
        fields = tuple(_policy_field(name, inherited, chosen, file, sent, (faults or {}).get(name, "")) for name in shown)
        made += [PolicyGroup(title, fields)] if fields else []
    return tuple(made)


def _policy_field(
    name: str, inherited: Policy, chosen: Mapping[str, Any], file: Mapping[str, Any], sent: Parameters | None, fault: str
) -> PolicyField:
    setting, default = SETTINGS[name], getattr(inherited, name)
    values = _select_sent_values(sent.all(name), setting) if sent is not None else _texts_of_value(chosen.get(name, default))
    source = "this page" if name in chosen else "sickbay.toml" if name in file else ""
    source = "unsaved" if sent is not None and values != _texts_of_value(chosen.get(name, default)) else source
    words = CHOICE_WORDS.get(name, WORDS)
    choices = tuple(Choice(text, words.get(text, text), text in values) for text in _choices_of_setting(setting, default))
    kind = "choice" if setting.kind == "flag" else setting.kind
    shown = english.join([words.get(text, text) for text in _texts_of_value(default)]) or (
        "none" if setting.kind == "list" else "as the app is registered"
    )
    return PolicyField(name, setting.description, kind, " ".join(values), shown, source, choices, setting.least, fault)


def _describe_seconds(seconds: int) -> str:
    """'8 hours'; "" if seconds are the best unit."""
    units = ((86_400, "day"), (3_600, "hour"), (60, "minute"))
    return next((english.count(seconds // size, unit) for size, unit in units if seconds and seconds % size == 0), "")


def _choices_of_setting(setting: PolicySetting, default: Any) -> tuple[str, ...]:
    if setting.kind == "flag":
        return tuple(WORDS)
    return setting.choices if default is not None or setting.kind == "list" else ("", *setting.choices)


def _texts_of_value(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, bool):
        return ("true" if value else "false",)
    return tuple(map(str, value)) if isinstance(value, (list, tuple)) else (str(value),)


def _select_sent_values(values: tuple[str, ...], setting: PolicySetting) -> tuple[str, ...]:
    return values if setting.kind == "list" else values[-1:]


def read(sent: Parameters, inherited: Policy, *, app: bool = False) -> SentPolicy:
    """The settings that a form sent. A setting that wasn't sent is inherited, except a list: there, nothing was ticked."""
    chosen, faults = {}, {}
    for _, names in GROUPS:
        for name in (name for name in names if SETTINGS[name].app or not app):
            setting, default = SETTINGS[name], getattr(inherited, name)
            value = _sent_value(setting, _select_sent_values(sent.all(name), setting))
            if value is None or value == default:
                continue
            if expected := setting.fault(value):
                faults[name] = f"Enter {expected}." if setting.kind != "list" else "Choose at least one."
            else:
                chosen[name] = list(value) if isinstance(value, tuple) else value
    return SentPolicy(chosen, faults)


def _sent_value(setting: PolicySetting, texts: tuple[str, ...]) -> Any:
    """The value that was sent; None if the setting is to be inherited."""
    if setting.kind == "list":
        return texts
    text = texts[0].strip() if texts else ""
    if not text:
        return None
    if setting.kind == "seconds":
        return int(text) if text.isascii() and text.isdecimal() and len(text) <= 12 else text
    return text == "true" if setting.kind == "flag" and text in WORDS else text
