"""The reference of the checks: which request each one examines, and the rules whose outcome differs from their refusal."""

from __future__ import annotations

from itertools import chain
from typing import Any, TypeAlias

from tools.reference.tables import WRITTEN, quote_code, write_table

from sickbay.authorization import introspection, launch, login, logout, redirect, registration, revocation, token, userinfo
from sickbay.authorization.access import CHECKS as TOKEN_AND_SCOPES
from sickbay.authorization.access import app_state, operations, search, writes
from sickbay.authorization.authorize.stage import CHECKS as AUTHORIZE
from sickbay.authorization.token import client_assertion
from sickbay.diagnosis import stages
from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.checks import Check

Checks: TypeAlias = tuple[Check[Any, Any], ...]

WRITES: Checks = (
    writes.resource_type_can_be_written,
    *writes.BODY,
    *writes.PATCH,
    writes.deletes_do_not_cascade,
    *writes.BEFORE_SAVING,
)
ACCESS: Checks = (*TOKEN_AND_SCOPES, *search.CHECKS, *operations.CHECKS, *WRITES)
APP_STATE: Checks = (
    *app_state.TOKEN,
    *app_state.BODY,
    *app_state.THERE,
    app_state.subject_and_code_are_unchanged,
    app_state.query_has_a_code_and_no_unknown_parameter,
)


LETTERS = "RLASBCFKIVUDPO"
"""One for each column, so that the table is narrow and a row says what it means without the head."""


def list_columns() -> dict[str, Checks]:
    """Maps each stage to every check that can examine its requests. The token request has a column for each grant."""
    by_grant = {grant: (*checks, *client_assertion.ASSERTION) for grant, checks in token.CHECKS.items() if grant}
    listed: dict[str, Checks] = {
        stages.REGISTRATION.name: registration.CHECKS,
        stages.LAUNCH.name: launch.CHECKS,
        stages.AUTHORIZE.name: AUTHORIZE,
        stages.LOGIN.name: login.CHECKS,
        stages.REDIRECT.name: redirect.CHECKS,
        **{f"{stages.TOKEN.name} {grant}": checks for grant, checks in by_grant.items()},
        stages.INTROSPECTION.name: (*introspection.BY_TOKEN, *introspection.BY_CLIENT, *client_assertion.ASSERTION),
        stages.REVOCATION.name: (*revocation.CHECKS, *client_assertion.ASSERTION),
        stages.USERINFO.name: userinfo.CHECKS,
        stages.ACCESS.name: ACCESS,
        stages.APP_STATE.name: APP_STATE,
        stages.LOGOUT.name: logout.CHECKS,
    }
    return {head: (*stages.STAGES[head.split()[0]].examiner.pasted, *checks) for head, checks in listed.items()}


INTRODUCTION = f"""# Checks

{WRITTEN}

A check asserts one thing about a request. All checks of a request run, and the first refusal decides the response
([decide and explain](../architecture/decide-and-explain.md)). The names are those in the JSON of an exchange. The table shows
which check examines which request. It has a column for each stage, and for each grant of a token request:

"""
DIFFERENT = """
## Rules that differ from their refusals

The outcome of a rule follows from the refusal that it explains: from its error, its status and where it is sent. A refusal is
an error, and a rule that explains none gives advice. These rules differ:

"""


def make_page() -> str:
    return f"{INTRODUCTION}{_stage_legend()}\n\n{_table_of_checks()}\n{DIFFERENT}{_table_of_differences()}\n"


def _stage_legend() -> str:
    heads = (head.split() for head in list_columns())
    titles = (f"{stages.STAGES[name].title} ({' with '.join(map(quote_code, (name, *grant)))})" for name, *grant in heads)
    return "\n".join(f"- **{letter}**: {title}" for letter, title in zip(LETTERS, titles, strict=True))


def _table_of_checks() -> str:
    """A check stands where the first stage has it."""
    names = [[check.name for check in checks] for checks in list_columns().values()]
    marks = list(zip(LETTERS, names, strict=True))
    rows = [
        (quote_code(name), *(letter if name in column else "" for letter, column in marks))
        for name in dict.fromkeys(chain(*names))
    ]
    return write_table(("check", *LETTERS), rows)


def _table_of_differences() -> str:
    rules = [rule for rule in RULES if rule.differs]
    rows = [(quote_code(rule.id), _severity_of_rule(rule), rule.outcome, rule.differs) for rule in rules]
    return write_table(("rule", "severity", "outcome", "why"), rows)


def _severity_of_rule(rule: Rule) -> str:
    return "by facts" if callable(rule.severity) else rule.severity
