"""The reference of the checks: which request each one examines, and the rules whose outcome differs from their refusal."""

from __future__ import annotations

from typing import Any, TypeAlias

from tools.reference.tables import WRITTEN, code, table

from sickbay.authorization import introspection, launch, login, logout, redirect, registration, revocation, token, userinfo
from sickbay.authorization.access import CHECKS as TOKEN_AND_SCOPES
from sickbay.authorization.access import app_state, operations, search, writes
from sickbay.authorization.authorize import CHECKS as AUTHORIZE
from sickbay.authorization.token import client_assertion
from sickbay.diagnosis import stages
from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.checks import Check

Checks: TypeAlias = tuple[Check[Any, Any], ...]

WRITES: Checks = (
    writes.type_is_served,
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
    app_state.subject_and_code_stay,
    app_state.query_names_what_it_wants,
)


def columns() -> dict[str, Checks]:
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
    return {head: (*stages.STAGES[head.split()[0]].pasted, *checks) for head, checks in listed.items()}


INTRODUCTION = f"""# Checks

{WRITTEN}

A check asserts one thing about a request. All checks of a request run, and the first refusal decides the response
([decide and explain](../architecture/decide-and-explain.md)). This table shows which check examines which
request. The columns are stages, and a token request has a column for each grant. A check stands where the first stage has it.

"""
DIFFERENT = """
## Rules that differ from their refusals

The outcome of a rule follows from the refusal that it explains: from its error, its status and where it is sent. A refusal is
an error, and a rule that explains none gives advice. These rules differ:

"""


def page() -> str:
    return f"{INTRODUCTION}{_checks()}\n{DIFFERENT}{_different()}\n"


def _checks() -> str:
    listed = columns()
    files: dict[str, dict[str, None]] = {}
    for check in (check for checks in listed.values() for check in checks):
        files.setdefault(check.name, {})[_file(check)] = None
    names = [{check.name for check in checks} for checks in listed.values()]
    rows = [(code(name), ", ".join(files[name]), *("●" if name in column else "" for column in names)) for name in files]
    return table(("check", "file", *(head.replace(" ", "<br>") for head in listed)), rows)


def _file(check: Check[Any, Any]) -> str:
    return check.decide.__module__.removeprefix("sickbay.authorization.").replace(".", "/")


def _different() -> str:
    rules = [rule for rule in RULES if rule.differs]
    rows = [(code(rule.id), _severity(rule), rule.outcome, rule.differs) for rule in rules]
    return table(("rule", "severity", "outcome", "why"), rows)


def _severity(rule: Rule) -> str:
    return "by facts" if callable(rule.severity) else rule.severity
