"""Reads pasted text: a single exchange, or whatever pieces of evidence it contains, and examines what it finds."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from sickbay.diagnosis.answers.values import TOKEN_CODES, ErrorAnswer
from sickbay.diagnosis.lists import LISTS
from sickbay.diagnosis.rule import SEVERITIES, Finding
from sickbay.diagnosis.stages import AUTHORIZE
from sickbay.doctor import layout, single_exchange
from sickbay.doctor.code.find import find_mistakes
from sickbay.doctor.copying import leave_out_working_requests, undo_copying
from sickbay.doctor.diagnose import Diagnosis, add_mistakes, diagnose
from sickbay.doctor.errors.find import find_in_paste
from sickbay.doctor.pieces import variables
from sickbay.doctor.pieces.find import find_pieces as find_pieces
from sickbay.doctor.pieces.inputs import ESSENTIAL, Input, list_inputs, mark_shortened_values
from sickbay.doctor.pieces.piece import Piece, describe_each
from sickbay.doctor.text_form import TextForm, determine_form, has_words, texts_between
from sickbay.kernel.checks import Examination
from sickbay.kernel.late_patterns import compile_late
from sickbay.kernel.text_search import fold_case
from sickbay.protocol.parameters import parse

EXAMINED_INPUTS = 20
"""The maximum number of requests and responses in one text that are examined."""


class Reading(NamedTuple):
    """The evidence read from a text, before the error messages in it are looked up.

    evidence:  the exchange with the worst finding, as an input of `diagnose()`.
    diagnosis: that of all exchanges together. diagnoses: those of each.
    inputs:    the exchanges. is_single: the text is exactly one of them.
    """

    evidence: dict[str, Any]
    diagnosis: Diagnosis
    diagnoses: tuple[Diagnosis, ...]
    inputs: tuple[Input, ...]
    is_single: bool
    text: str
    is_general: bool = False
    """The text describes what can happen or what has changed, and reports no event."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing in the text was recognised."""
        found = self.diagnosis.explanation.findings or self.diagnosis.answers or describe_each(self.diagnosis.pieces)
        return not (self.inputs or found)

    @property
    def explaining(self) -> frozenset[str]:
        """The IDs of the findings that may name the cause of an error response."""
        refused = {answer.code for answer in self.diagnosis.answers if answer.kind == "oauth"} & TOKEN_CODES
        later = _CHECKED_LATER if refused != {"invalid_client"} else ("client_id",)
        return frozenset(
            finding.id
            for each in self.diagnoses
            if each.explanation.names_cause(each.stage, each.examination)
            for finding in each.explanation.findings
            if each.stage != AUTHORIZE.name or not refused or finding.parameter in later
            if finding.id not in _ACCEPTED or any(str(finding.parameter) in said for _, _, said in self.diagnosis.answers)
        )

    @property
    def outside_resources(self) -> str:
        """The text around resources and documents of CDS Hooks, whose words don't report a problem."""
        return "".join(texts_between(self.text, [it for it in self.diagnosis.pieces if it.subkind in ("resource", "hooks")]))

    @property
    def prose(self) -> str:
        """The text around the pieces."""
        return "".join(texts_between(self.text, self.diagnosis.pieces))

    @property
    def is_described(self) -> bool:
        """Whether the text around the pieces describes a problem."""
        return not self.is_single and has_words(self.prose)


def read_text(text: str, context: Mapping[str, Any] | None = None) -> Reading:
    """Reads pasted text and examines the requests and responses in it.

    context: what is known about the server, for exchanges that don't say it themselves.

    Raises KeyError if the kind of an exchange is unknown.
    """
    pasted, text = text, leave_out_working_requests(undo_copying(text))
    pasted = pasted if pasted.count("\n") == text.count("\n") else text  # a log or escapes aren't the layout of a document
    single, pieces = _single_exchange(text), tuple(find_pieces(text))
    answers = find_in_paste(text, is_url=single is not None and single_exchange.is_url(single.evidence, text))
    form = TextForm(text, answers) if single else determine_form(pasted, text, pieces, answers)
    hints = {"response_mode": "fragment"} if _FRAGMENT.search(fold_case(text)) else {}
    found = _select_inputs([single] if single else _put_together(pieces, text), form, hints | dict(context or {}))
    examined = [*(_examine_single(found[0], form) if single else _examine_each(found, pieces, form))]
    diagnoses = tuple(diagnosis for _, diagnosis in examined)
    place = _find_faulty(diagnoses)
    evidence = examined[place][0].evidence if examined else {"kind": "error_answer", "text": text}
    merged = _merge_diagnoses(diagnoses or [diagnose({"kind": "error_answer", "text": ""}, ())], place)
    merged = _leave_out_refuted(merged, form.answers, text)
    merged = merged if form.is_general else add_mistakes(merged, find_mistakes(text, pieces))
    merged = merged._replace(answers=form.answers, pieces=pieces, is_examined=bool(diagnoses))
    return Reading(evidence, merged, diagnoses, tuple(found), single is not None, text, form.is_general)


def read_exchange(inputs: Sequence[dict[str, Any]], answers: tuple[ErrorAnswer, ...], text: str) -> Reading:
    """Reads one exchange as a whole, such as one of a HAR file. Any of its inputs may explain its error response.

    text: the address and the response, in which error messages are looked up.
    """
    diagnoses = tuple(diagnose(evidence, ()) for evidence in inputs)
    place = _find_faulty(diagnoses)
    merged = _merge_diagnoses(diagnoses, place)._replace(answers=answers)
    whole = Piece(kind="request", start=0, end=len(text))
    return Reading(inputs[place], merged, diagnoses, tuple(Input(evidence, True, whole) for evidence in inputs), True, text)


def _put_together(pieces: Sequence[Piece], text: str) -> list[Input]:
    if not (found := list_inputs(pieces)[:EXAMINED_INPUTS]):
        return found
    from sickbay.doctor.pieces.known import add_context  # many texts have no request

    shown = [it._replace(is_whole=it.is_whole and not _LEFT_OUT.search(text, it.piece.start, it.piece.end)) for it in found]
    return add_context(shown, pieces, text)


_LEFT_OUT = compile_late(r"(?<![\w/.*+=%-])(?:\.\.\.|…)(?![\w.\[({$])|\*{3}|(?:%2A){3}")
"""An ellipsis for parameters or members, which isn't the end of a shortened value, or a value that is masked."""


def _single_exchange(text: str) -> Input | None:
    """The exchange, if the text is exactly one. Raises ValueError for a HAR file."""
    try:
        evidence = single_exchange.read(text)
    except single_exchange.HarFile:
        raise
    except ValueError:
        return None
    found = mark_shortened_values(Input(evidence, True, Piece(kind="request", start=0, end=len(text))))
    return found if "..." in text else found._replace(unknown=found.unknown - {"client_id"})  # the ID of a sample isn't masked


_FRAGMENT = compile_late(r"response_?mode[\"'`]?\s{0,3}[=:]\s{0,3}[\"'`]?fragment|\bkeycloak-js\b")
"""Names `response_mode=fragment` in code or prose around an exchange. keycloak-js requests it by default."""


def _select_inputs(inputs: Sequence[Input], form: TextForm, context: Mapping[str, Any]) -> list[Input]:
    """With what is known about the server. Variables of templates count as unknown, unless something was refused."""
    shown = [_add_context(context, each) for each in inputs if not (form.is_general and each.piece.is_error)]
    if form.answers:
        return shown
    return [each._replace(unknown=each.unknown | layout.find_templates(each.evidence)) for each in shown]


def _add_context(context: Mapping[str, Any], found: Input) -> Input:
    if not context:
        return found
    return found._replace(evidence=found.evidence | {"context": {**context, **(found.evidence.get("context") or {})}})


def _select_accepted_requests(found: Sequence[Input], pieces: Sequence[Piece]) -> tuple[Input, ...]:
    """The requests that the text shows with success: token requests, of those before each response the last, and others."""
    responses = (each.piece.start for each in found if each.evidence["kind"] == "token_response")
    requests = [each for each in found if each.evidence["kind"] == "token_request"]
    before = ([each for each in requests if each.piece.end <= start][-1:] for start in responses)
    answered = {sent.start for sent, got in pairwise(pieces) if got.is_success or _is_read(sent, got)}
    return tuple(each for last in before for each in last) + tuple(each for each in found if each.piece.start in answered)


def _is_read(sent: Piece, got: Piece) -> bool:
    """Whether the second piece is a resource directly below the request that reads it."""
    is_below = sent.values.get("method") == "GET" and got.start - sent.end <= len("\n\n")
    return is_below and got.subkind == "resource" and got.values.get("resourceType") != "OperationOutcome"


def _examine_single(found: Input, form: TextForm) -> Iterator[tuple[Input, Diagnosis]]:
    diagnosis = diagnose(found.evidence, ())
    diagnosis = _add_token_elsewhere(_mark_as_part(diagnosis, found) if found.unknown else diagnosis, found)
    yield found, diagnosis if form.answers else layout.allow_layout(diagnosis, found, [found], form.text)


def _examine_each(found: Sequence[Input], pieces: Sequence[Piece], form: TextForm) -> Iterator[tuple[Input, Diagnosis]]:
    """Each input that can be examined, and its diagnosis, without what is no fault in a text of this form."""
    accepted = () if form.answers else _select_accepted_requests(found, pieces)
    excused = _list_excused(accepted, form)
    for each in found:
        if (diagnosis := _try_diagnose(each)) is None:
            continue
        diagnosis = _drop_errors(diagnosis) if each in accepted else diagnosis  # for which it would have been refused
        diagnosis = _drop_unsaid(diagnosis, each, form) if has_words(form.around) else diagnosis
        diagnosis = diagnosis if form.answers else layout.allow_layout(diagnosis, each, found, form.text)
        diagnosis = diagnosis.drop(excused)
        yield each, diagnosis.turn_into_advice() if form.has_examples else diagnosis


def _list_excused(accepted: Sequence[Input], form: TextForm) -> Collection[str]:
    """The IDs of findings about what examples, and code with comments, leave open."""
    if form.answers:
        return ()
    if not layout.shows_what_was_sent(form.text) and _COMMENT.search(form.around):
        return layout.OF_EXAMPLES
    is_example = form.is_guide or any(layout.UNFILLED.search(str(each.evidence)) for each in accepted)
    return layout.OF_VALUES if is_example else ()


_COMMENT = compile_late(r"^[ \t]*(?:#|//) [A-Z]", re.M)


def _drop_errors(diagnosis: Diagnosis) -> Diagnosis:
    kept = [it for it in diagnosis.explanation.findings if it.severity != "error" and it.id not in TOKEN_IN_AUTHORIZATION]
    return diagnosis.select(kept).turn_into_advice()._replace(corrected=None)


def _try_diagnose(found: Input) -> Diagnosis | None:
    """None if a member of an object in the text has a type with which it can't be examined."""
    try:
        diagnosis = diagnose(found.evidence, ())
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    return _add_token_elsewhere(_mark_as_part(diagnosis, found), found)


def _mark_as_part(diagnosis: Diagnosis, found: Input) -> Diagnosis:
    """Removes the findings about what the text doesn't show: parts that were left out, and values of variables."""
    is_jwt = found.piece.kind == "jwt"  # whose header and claims are whole, although the request around it wasn't pasted
    examination = _select_looked_at(diagnosis.examination, found)
    hidden = {refusal.name for refusal in diagnosis.examination.refusals} - {refusal.name for refusal in examination.refusals}
    shown = tuple(
        finding
        for finding in diagnosis.explanation.findings
        if finding.id not in hidden
        and (found.is_whole or not _is_about_absence(finding) or (is_jwt and finding.id.startswith("assertion-")))
        and not _is_unknown(finding, found.unknown)
        and not (finding.id in layout.OF_VALUES and layout.TEMPLATE.match(str(found.evidence.get("url"))))
    )
    is_complete = found.is_whole or len(shown) == len(diagnosis.explanation.findings)
    corrected = diagnosis.corrected if is_complete and shown else None
    corrected = corrected and variables.insert_placeholders(corrected, str(found.piece.values))
    explanation = diagnosis.explanation._replace(findings=shown)
    return diagnosis._replace(explanation=explanation, corrected=corrected, examination=examination)


_OF_A_REFUSAL = compile_late("|".join(LISTS["words_of_a_refusal"]), re.I)


def _drop_unsaid(diagnosis: Diagnosis, found: Input, form: TextForm) -> Diagnosis:
    """Leaves out what the request lacks if the words around it don't mention it: people shorten the requests that they show.

    A whole request next to its refusal isn't shortened.
    """
    if found.piece.kind == "jwt" or (form.answers and _is_unabridged(found)):
        return diagnosis
    around = form.text[: found.piece.start] + form.text[found.piece.end :]
    findings, headers = diagnosis.explanation.findings, str(found.evidence.get("headers"))
    doubted = TOKEN_IN_AUTHORIZATION if "Basic " in headers else ()  # many FHIR servers have users of their own
    kept = [each for each in findings if not (_is_about_absence(each) or each.id in doubted) or _is_said(each, around)]
    return diagnosis.select(kept)


def _is_unabridged(found: Input) -> bool:
    """Whether it is a whole request, or an authorization URL with all but one of the parameters that each has."""
    named = ESSENTIAL.intersection(parse(str(found.evidence.get("url")).partition("?")[2]).names())
    return found.is_whole and (
        found.piece.kind == "request" or found.piece.subkind == "curl" or len(named) >= len(ESSENTIAL) - 1
    )


def _is_said(finding: Finding, around: str) -> bool:
    """Whether the text around the request names what it lacks, or has a refusal if that is the token."""
    named = _OF_A_REFUSAL.search(around) is not None
    return named if finding.id in TOKEN_IN_AUTHORIZATION else str(finding.parameter).lower() in around.lower()


def _select_looked_at(examination: Examination, found: Input) -> Examination:
    """The results of the checks of the pasted text."""
    names = found.looked_at
    return Examination(tuple(result for result in examination.checked if names is None or result.name in names))


def _is_about_absence(finding: Finding) -> bool:
    received = finding.facts.get("received")
    return "-missing" in finding.id or received == "it is empty" or (finding.parameter == "Content-Type" and not received)


def _is_unknown(finding: Finding, unknown: frozenset[str]) -> bool:
    """Whether the finding is only about parameters whose values aren't in the text."""
    names = finding.facts.get("names")
    about = names if isinstance(names, (list, tuple)) and names else [finding.facts.get("parameter") or finding.parameter]
    return {str(name).lower() for name in about} <= {name.lower() for name in unknown}


_CHECKED_LATER = frozenset(("client_id", "code_challenge", "code_challenge_method"))
"""Parameters of an authorization request whose fault the token endpoint may be the first to refuse."""
_ACCEPTED = frozenset(("state-missing", "client-secret-in-url"))
"""Faults that harm the app. Few servers refuse them, so they explain only an error that names the parameter."""
NO_TOKEN = "fhir-token-missing"
"""Comes after other faults, because people leave the token out of what they paste."""
TOKEN_IN_AUTHORIZATION = (NO_TOKEN, "fhir-token-not-bearer")
"""Say that Authorization needs a token."""
PAST_AUTHORIZATION = frozenset(("409", "410", "412", "422"))
"""Statuses of a server that has accepted the token, or needs none."""
_OF_ACCESS = compile_late("|".join(LISTS["words_of_access"]))


def _leave_out_refuted(diagnosis: Diagnosis, answers: Sequence[ErrorAnswer], text: str) -> Diagnosis:
    """Without what the text around the requests refutes: that a token is missing, or what only MCP forbids (RFC 8707)."""
    diagnosis = diagnosis.drop(TOKEN_IN_AUTHORIZATION) if _is_past_authorization(answers, text) else diagnosis
    diagnosis = diagnosis if answers or _OF_A_REFUSAL.search(text) else diagnosis.turn_into_advice((NO_TOKEN,))
    others = [each for each in diagnosis.explanation.findings if not each.id.startswith("mcp-")]
    return diagnosis if "mcp" in fold_case(text) else diagnosis.select(others)


def _is_past_authorization(answers: Sequence[ErrorAnswer], text: str) -> bool:
    """Whether the server has looked at the resource, or reports a fault and the text has no word of access."""
    is_past = any(each.code in PAST_AUTHORIZATION for each in answers)
    return is_past or (any(each.kind == "outcome" for each in answers) and not _OF_ACCESS.search(text.lower()))


_CREDENTIALS = re.compile(r"\s*Bearer\s+\S", re.I)


def _add_token_elsewhere(diagnosis: Diagnosis, found: Input) -> Diagnosis:
    """Without the advice to send the token in Authorization, if the request sends it in a header of this server's own."""
    headers = found.evidence.get("headers")
    is_elsewhere = isinstance(headers, Mapping) and any(_CREDENTIALS.match(str(value)) for value in headers.values())
    return diagnosis.drop(TOKEN_IN_AUTHORIZATION) if is_elsewhere else diagnosis


def _find_faulty(diagnoses: Sequence[Diagnosis]) -> int:
    """The place of the exchange with the worst finding; of several, the first."""
    worst = [min(map(_rank_finding, each.explanation.findings), default=(len(SEVERITIES), False)) for each in diagnoses]
    return worst.index(min(worst)) if worst else 0


def _rank_finding(finding: Finding) -> tuple[int, bool]:
    return SEVERITIES.index(finding.severity), finding.id == NO_TOKEN


def _merge_diagnoses(diagnoses: Sequence[Diagnosis], place: int = 0) -> Diagnosis:
    """The diagnosis at this place, with the findings of all, each once."""
    first = diagnoses[place]
    findings = {finding.id: finding for diagnosis in diagnoses[::-1] for finding in diagnosis.explanation.findings[::-1]}
    found = findings.values() if len(diagnoses) > 1 else first.explanation.findings
    ordered = tuple(sorted(found, key=_rank_finding)[: 2 * EXAMINED_INPUTS])
    return first._replace(explanation=first.explanation._replace(findings=ordered))
