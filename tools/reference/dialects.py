"""The reference of the dialects: addresses, policies and discovery of each, from its TOML file."""

from __future__ import annotations

from tools.reference.tables import WRITTEN, quote_code, write_table

from sickbay import dialects
from sickbay.dialects import load
from sickbay.dialects.dialect import Dialect

INTRODUCTION = f"""# Dialects in detail

{WRITTEN} [How the dialects differ](../dialects.md) explains the differences and where they were observed.

"""


def make_page() -> str:
    return INTRODUCTION + "\n".join(_dialect_section(load(name)) for name in dialects.list_names())


def _dialect_section(dialect: Dialect) -> str:
    return "\n".join(
        [
            f"## {dialect.name}",
            "",
            f"{dialect.about} FHIR versions: {', '.join(dialect.fhir)}.",
            "",
            f"Addresses, relative to `/{dialect.name}`:",
            "",
            write_table(
                ("endpoint", "path"), [(name, quote_code(path)) for name, path in sorted(dialect.paths.items()) if path]
            ),
            "",
            *_value_lines("Policies that differ from the standard", dialect.policy),
            *_value_lines("Members of `smart-configuration` that differ; with `false` they are left out", dialect.discovery),
            *_value_lines("Members that the token response adds", dialect.token_response),
        ]
    )


def _value_lines(title: str, values: object) -> list[str]:
    rows = [(quote_code(name), quote_code(value)) for name, value in dict(values).items()]  # type: ignore[call-overload]
    return [f"{title}:", "", write_table(("name", "value"), rows), ""] if rows else []
