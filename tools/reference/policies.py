"""The reference of the policies: what each setting of a hospital means, and its value in each dialect."""

from __future__ import annotations

from typing import Any

from msgspec import structs
from tools.reference.schema import setting_schema
from tools.reference.settings import describe
from tools.reference.tables import WRITTEN, quote_code, write_table

from sickbay import dialects
from sickbay.authorization.models import Policy
from sickbay.authorization.policy import SETTINGS, PolicySetting
from sickbay.dialects import load

INTRODUCTION = f"""# Policies

{WRITTEN}

A policy is a setting of a hospital. Its default comes from the hospital's dialect. Each of these overrides the one before:

1. `[policy]` in `sickbay.toml` for all hospitals, `[tenants.epic.policy]` for one,
2. the hospital's page in the developer portal, or `PATCH /admin/policies/epic`,
3. the app's own page, or `sickbay apps edit APP --app-policy NAME=VALUE`, if the column “app” says so.

"""


def make_page() -> str:
    names = dialects.list_names()
    effective = {name: _policy_of_dialect(name) for name in names}
    rows = [
        (
            f"`{name}`",
            setting.description,
            _describe_values(setting),
            "yes" if setting.app else "",
            *(_format_setting(effective[it], name) for it in names),
        )
        for name, setting in SETTINGS.items()
    ]
    return INTRODUCTION + write_table(("policy", "what it does", "values", "app", *names), rows) + "\n"


def _policy_of_dialect(dialect: str) -> Policy:
    known = set(Policy.__struct_fields__)
    return structs.replace(Policy(), **{name: value for name, value in load(dialect).policy.items() if name in known})


def _describe_values(setting: PolicySetting) -> str:
    return (
        "seconds" if setting.kind == "seconds" else "scopes" if setting.kind == "scopes" else describe(setting_schema(setting))
    )


def _format_setting(policy: Policy, name: str) -> str:
    value: Any = getattr(policy, name)
    if value is None:
        return "as the app is registered"
    return ", ".join(quote_code(item) for item in value) if isinstance(value, tuple) else quote_code(value)
