"""The list of all rules, the only page about them in the repository: a running Sickbay and `make site` write the others."""

from __future__ import annotations

from tools.checks.files import ROOT

from sickbay.diagnosis import case
from sickbay.diagnosis.catalogue import RULES
from sickbay.doctor import rule_docs

INTRODUCTION = f"""# The rules

Sickbay has {len(RULES)} rules. `sickbay rules ID` explains one, and so does `/rules/ID` of a running server. The links go to
the cases: each is a refused request, its fix, and the corrected request. `make docs` writes this list.
"""


def make_page() -> str:
    cases = {id: (case.CASES.folder / path).relative_to(ROOT).as_posix() for id, path in case.list_paths().items()}
    lines = [INTRODUCTION]
    for stage, rules in rule_docs.group_by_stage().items():
        lines += [f"## {stage}", ""]
        lines += [f"- [`{rule.id}`](../../{cases[rule.id]}): {rule.outcome}" for rule in rules] + [""]
    return "\n".join(lines)
