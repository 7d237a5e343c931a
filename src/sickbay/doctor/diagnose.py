"""Diagnoses a request or response offline. `sickbay doctor`, the /doctor page and the case tests use it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import structs

from sickbay.diagnosis.answers.finding import add_finding
from sickbay.diagnosis.answers.meanings import describe_answer
from sickbay.diagnosis.answers.values import ErrorAnswer
from sickbay.diagnosis.explain import Explanation, explain
from sickbay.diagnosis.rule import SEVERITIES, Finding, Spec
from sickbay.diagnosis.rule_index import load_index
from sickbay.diagnosis.stages import ANSWER
from sickbay.doctor import compiled
from sickbay.doctor.errors.find import find_in_input
from sickbay.doctor.pieces.piece import Piece, describe_each
from sickbay.doctor.verdict import Verdict, decide
from sickbay.kernel.checks import Examination
from sickbay.kernel.english import join

if TYPE_CHECKING:
    from sickbay.diagnosis.kinds import Kind
    from sickbay.doctor.code.models import Mistake


class Diagnosis(NamedTuple):
    """answers: the error responses in the input.

    causes: the likely causes of an error that the request doesn't explain, the most likely first.
    pieces: what was recognised in a pasted text, in the order of the text.
    is_examined: a request or response was examined. Otherwise the text only mentions or describes something.
    is_understood: the text mentions no problem other than what was recognised, and all of it was read.
    names_problem: it says that something fails.
    related: topics that may help where causes aren't known.
    """

    stage: str
    examination: Examination
    explanation: Explanation
    corrected: dict[str, Any] | None
    answers: tuple[ErrorAnswer, ...] = ()
    causes: tuple[LikelyCause, ...] = ()
    pieces: tuple[Piece, ...] = ()
    is_examined: bool = True
    related: tuple[RelatedTopic, ...] = ()
    is_understood: bool = True
    names_problem: bool = True

    @property
    def recognised(self) -> list[str]:
        """Describes what was recognised: the requests and other evidence, then the error responses."""
        return list(dict.fromkeys((*describe_each(self.pieces), *map(describe_answer, self.answers))))

    def prepend(self, finding: Finding) -> Diagnosis:
        """The same diagnosis with this finding first."""
        others = tuple(other for other in self.explanation.findings if other.id != finding.id)
        return self._replace(explanation=self.explanation._replace(findings=(finding, *others)))

    def select(self, kept: Sequence[Finding]) -> Diagnosis:
        """With only these of its findings, and without the corrected request if some are left out."""
        if len(kept) == len(self.explanation.findings):
            return self
        return self._replace(explanation=self.explanation._replace(findings=tuple(kept), corrected=None), corrected=None)

    def drop(self, ids: Collection[str]) -> Diagnosis:
        return self.select([each for each in self.explanation.findings if each.id not in ids])

    def turn_into_advice(self, ids: Collection[str] | None = None) -> Diagnosis:
        """For documentation, and for requests that didn't fail. ids: those of the findings that become advice; None for all."""
        found = self.explanation.findings
        advice = tuple(structs.replace(it, severity="info") if ids is None or it.id in ids else it for it in found)
        return self._replace(explanation=self.explanation._replace(findings=advice))

    @property
    def verdict(self) -> Verdict:
        severities = [finding.severity for finding in self.explanation.findings]
        return decide(severities, has_error=bool(self.answers), is_examined=self.is_examined, is_understood=self.is_understood)

    @property
    def has_problem(self) -> bool:
        return self.verdict.exit_code == 1

    @property
    def begins_with_summary(self) -> bool:
        """Whether nothing is wrong with what was read, except for advice."""
        is_probable = any(finding.degree == "probable" for finding in self.explanation.findings[:1])
        return self.verdict == Verdict.UNKNOWN or not (self.has_problem or is_probable)

    @property
    def summary(self) -> str:
        """The verdict on a text without a problem."""
        if self.verdict == Verdict.UNKNOWN:
            if not self.recognised:
                return "Nothing in this text is recognised."
            return PROBLEM_NOT_UNDERSTOOD if self.names_problem else NO_FAULT_FOUND
        if self.verdict == Verdict.UNEXAMINED:
            found = f": {join(self.recognised)}" if self.recognised else ""
            return (
                f"This text was read, and it contains nothing to check{found}. If a request fails, paste it with its response."
            )
        return "No problems found. Checks that need the app's registration were skipped."

    @property
    def what_to_paste(self) -> str:
        """Says which parts of a text that isn't understood were read, and what to paste instead; "" for other texts."""
        if self.verdict != Verdict.UNKNOWN:
            return ""
        read = f"It read: {join(self.recognised)}. " if self.recognised else ""
        return f"{read}{WHAT_TO_PASTE}"

    @property
    def help(self) -> str:
        """The summary, and what to paste instead."""
        return f"{self.summary} {self.what_to_paste}".rstrip()


NO_FAULT_FOUND = "Sickbay found no fault in this text, but it can't tell whether everything in it is right."
PROBLEM_NOT_UNDERSTOOD = "Sickbay doesn't understand the problem that this text describes."
WHAT_TO_PASTE = (
    "Paste the request that failed or its response: open the developer tools of the "
    "browser (F12), choose Network, right-click the request, and choose Copy as cURL. A URL, an error response in JSON, a log "
    "line with the error, or the code that sends the request will do too."
)


def diagnose(evidence: dict[str, Any], answers: tuple[ErrorAnswer, ...] | None = None) -> Diagnosis:
    """`evidence` is a case's `input`: kind, url/method/headers/body/…, context. Raises KeyError on an unknown kind.

    answers: error responses that were pasted with the input; by default those in the input itself.
    """
    if evidence["kind"] == "error_answer":
        return _diagnose_errors(find_in_input(evidence) if answers is None else answers)
    from sickbay.diagnosis.kinds import KINDS  # an error response has no request to examine
    from sickbay.diagnosis.skipped_checks import skip_unknown

    kind = KINDS[evidence["kind"]]
    request = kind.request(evidence)
    context = kind.context(evidence, request)
    stage, examination = kind.stage, kind.examine(request, context)
    again = partial(_examine_again, kind, evidence)
    explanation = explain(load_index(), stage.name, request, context, examination, again=again)
    corrected = None if explanation.corrected is None else evidence | stage.examiner.to_evidence(explanation.corrected)
    answers = find_in_input(evidence) if answers is None else answers
    if answers and not explanation.names_cause(stage.name, examination):
        explanation = add_finding(stage.name, explanation, answers)
    examination = skip_unknown(examination, evidence.get("context") or {}, context)
    return Diagnosis(stage.name, examination, explanation, corrected, answers)


def _diagnose_errors(answers: tuple[ErrorAnswer, ...]) -> Diagnosis:
    """The diagnosis of a text without a request: nothing in it can be examined."""
    explanation = Explanation((), None)
    explained = add_finding(ANSWER.name, explanation, answers) if answers else explanation
    return Diagnosis(ANSWER.name, Examination(()), explained, None, answers, is_examined=False)


def _examine_again(kind: Kind, evidence: dict[str, Any], corrected: Any) -> tuple[Examination, Any]:
    """Writes the corrected request and reads it again, because values derived from its URL may change."""
    written = evidence | kind.stage.examiner.to_evidence(corrected)
    request = kind.request(written)
    context = kind.context(written, request)
    return kind.examine(request, context), context


def diagnose_line(line: Any) -> dict[str, Any]:
    """Diagnoses one line of `doctor --jsonl`. `id` is echoed. If `input` can't be read, `trouble` says why."""
    from sickbay.diagnosis.kinds import KINDS

    id, evidence = (line.get("id"), line.get("input")) if isinstance(line, dict) else (None, None)
    unread: dict[str, Any] = {"id": id, "findings": [], "corrected": None}
    if not isinstance(evidence, dict):
        return unread | {"trouble": "the line isn't a JSON object with an input"}
    if evidence.get("kind") not in [*KINDS]:
        return unread | {"trouble": f"unknown kind {evidence.get('kind')!r}"}
    try:
        diagnosis = diagnose(evidence)
    except (AttributeError, KeyError, TypeError, ValueError):
        return unread | {"trouble": "a member of the input is missing or has the wrong type"}
    findings = [finding.to_json() for finding in diagnosis.explanation.findings]
    recognised = {"recognised": diagnosis.recognised} if diagnosis.recognised else {}
    return {"id": id, "verdict": diagnosis.verdict, "findings": findings, "corrected": diagnosis.corrected} | recognised


def add_mistakes(merged: Diagnosis, mistakes: Sequence[Mistake]) -> Diagnosis:
    """Adds the mistakes in source code, unless a rule has found the same in the request."""
    if not mistakes:
        return merged
    findings = list(merged.explanation.findings)
    ids = {finding.id for finding in findings}
    texts = compiled.load_knowledge().code.mistakes
    added = [_make_finding(mistake) for mistake in mistakes if ids.isdisjoint(texts[mistake.id].same)]
    ordered = sorted([*added, *findings], key=lambda finding: SEVERITIES.index(finding.severity))
    return merged._replace(explanation=merged.explanation._replace(findings=tuple(ordered)))


def _make_finding(mistake: Mistake) -> Finding:
    """Slots are filled with what was found in the code, or with the texts for its library."""
    code = compiled.load_knowledge().code
    text = code.mistakes[mistake.id]
    by = mistake.facts.get("by") or mistake.facts.get("language", "")
    chosen = {slot: texts.get(by) or texts[""] for slot, texts in {"how": code.forms, **text.slots}.items()}
    facts = {**chosen, **mistake.facts}
    first, last = mistake.lines
    lines = f"line {first}" if first == last else f"lines {first} to {last}"
    title, why, fix = (_fill_facts(part, facts) for part in (text.title, text.why, text.fix))
    return Finding(mistake.id, text.severity, title, why, fix, Spec(f"Read from {lines} of the code", ""), "probable")


def _fill_facts(text: str, facts: Mapping[str, str]) -> str:
    for name, value in facts.items():
        text = text.replace(f"{{{name}}}", value)
    return text


class LikelyCause(NamedTuple):
    """One cause. id: that of its page. why: how to check whether it is this one."""

    id: str
    title: str
    why: str
    fix: str
    confidence: str

    def to_json(self) -> dict[str, str]:
        return self._asdict()


class RelatedTopic(NamedTuple):
    """A cause, a rule or a passage of the documentation whose words the text has. url: the path at which Sickbay shows it."""

    title: str
    url: str

    def to_json(self) -> dict[str, str]:
        return self._asdict()
