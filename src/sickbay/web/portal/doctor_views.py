"""The views of the doctor's page, of the list of rules, and of a rule."""

from __future__ import annotations

from urllib.parse import urlencode

from msgspec import Struct

from sickbay.doctor.diagnose import LikelyCause, RelatedTopic
from sickbay.doctor.verdict import KNOWN
from sickbay.web.exchanges import code_samples
from sickbay.web.exchanges.parameter_table import Row
from sickbay.web.pages.exchange_summary import Step, group_steps
from sickbay.web.pages.parts import FindingView, Link, Verdict
from sickbay.web.portal.doctor_examples import EXAMPLES
from sickbay.web.portal.paste_views import PastePart, TokenView


class DoctorView(Struct, frozen=True, kw_only=True):
    """The doctor's page. fault: why the input wasn't recognised, as a sentence.

    input, added: the texts in the two boxes. marked: the paste with what was recognised in it. tokens: decoded tokens.
    check: how to find out whether the first finding is the cause. causes: the likely causes, the most likely first.
    known: the first of them, if the text doesn't point to one.
    help: what to paste instead of a text that isn't understood.
    is_only_possible: whether the first finding is one cause of several, so that it has to be checked first.
    rest: what is folded, in words. related: topics that may help where causes aren't known.
    """

    input: str = ""
    added: str = ""
    marked: tuple[PastePart, ...] = ()
    tokens: tuple[TokenView, ...] = ()
    check: str = ""
    causes: tuple[LikelyCause, ...] = ()
    known: tuple[LikelyCause, ...] = ()
    known_title: str = KNOWN
    rest: str = ""
    related: tuple[RelatedTopic, ...] = ()
    fault: str = ""
    kind: str = ""
    headline: str = ""
    help: str = ""
    verdict: str = ""
    verdict_kind: Verdict | str = ""
    has_problem: bool = False
    findings: tuple[FindingView, ...] = ()
    rows: tuple[Row, ...] = ()
    tabs: tuple[code_samples.Tab, ...] = ()
    corrected: bool = False
    filled: str = ""
    steps: tuple[Step, ...] = ()
    tally: str = ""
    is_only_possible: bool = False

    @property
    def examples(self) -> tuple[Link, ...]:
        """Links to texts to try. None once something was examined, so that it isn't lost."""
        return (
            () if self.is_examined or self.fault else tuple(Link(name, f"?{urlencode({'example': name})}") for name in EXAMPLES)
        )

    @property
    def step_groups(self) -> tuple[tuple[Step, ...], ...]:
        return group_steps(self.steps)

    @property
    def is_examined(self) -> bool:
        return bool(self.headline)

    @property
    def asks_for_more(self) -> bool:
        """Whether a second text may decide between the causes."""
        return bool(self.added or (self.is_examined and self.causes))


class RuleRow(Struct, frozen=True):
    id: str
    href: str
    title: str
    kind: Verdict
    outcome: str


class RulesView(Struct, frozen=True):
    """The list of rules. groups: the name of each group and its rules. total: the number of rules, found or not.

    text, stage, severity: what is searched for. stages: all that can be chosen. found: the number of rows.
    """

    groups: tuple[tuple[str, tuple[RuleRow, ...]], ...]
    total: int
    text: str = ""
    stage: str = ""
    severity: str = ""
    stages: tuple[str, ...] = ()
    found: int = 0

    @property
    def is_searched(self) -> bool:
        return bool(self.text or self.stage or self.severity)


class RuleView(Struct, frozen=True, kw_only=True):
    """prose: the paragraphs of the case. refused, corrected: the requests of the case as code, None if it has none."""

    id: str
    title: str
    kind: Verdict
    why: str
    fix: str
    outcome: str
    stage: str
    degree: str
    spec: Link
    prose: str = ""
    tab: str = "Refused"
    """The label of the case's request: if the rule only gives advice, the request was granted."""
    refused: code_samples.Tab | None = None
    corrected: code_samples.Tab | None = None
    rows: tuple[Row, ...] = ()
