"""Diagnoses pasted text: what the rules find in its requests, what its error messages mean, and their likely causes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from sickbay.authorization.scopes.resource_types import ALL_TYPES
from sickbay.diagnosis.answers.finding import UNEXPLAINED, add_finding, quote_message
from sickbay.diagnosis.answers.values import ErrorAnswer, is_specific
from sickbay.diagnosis.explain import Explanation
from sickbay.diagnosis.lists import LISTS
from sickbay.diagnosis.rule import Finding, Severity
from sickbay.doctor import answer, compiled, phrases, prose
from sickbay.doctor.answer import RANKS, Recognised
from sickbay.doctor.diagnose import Diagnosis, RelatedTopic
from sickbay.doctor.evidence import Evidence
from sickbay.doctor.model import Knowledge
from sickbay.doctor.pieces import addresses
from sickbay.doctor.rank import DESCRIBED_LETTERS, has_lead, list_unseen_causes, select_related_causes
from sickbay.doctor.reading import Reading, read_exchange, read_text
from sickbay.kernel.late_patterns import compile_late
from sickbay.protocol import urls


def diagnose_text(
    text: str, context: Mapping[str, Any] | None = None, knowledge: Knowledge | None = None
) -> tuple[dict[str, Any], Diagnosis]:
    """Reads pasted text. Returns the exchange in it that has the worst finding, and the diagnosis of the whole text.

    context: what is known about the server, for exchanges that don't say it themselves. knowledge: by default everything.

    Raises ValueError if an exchange can't be read, and KeyError if its kind is unknown.
    """
    reading = read_text(text, context)
    recognised = answer.recognise_causes(to_evidence(reading), knowledge)
    diagnosis = _diagnose_reading(reading, recognised)
    if (difference := addresses.find_mismatch(reading.text, recognised.evidence.sent.get("redirect_uri"))) is not None:
        diagnosis = diagnosis.prepend(difference)
    if diagnosis.has_problem:
        return reading.evidence, diagnosis
    diagnosis = diagnosis._replace(corrected=None)
    if early := _find_early_end(reading):
        explanation = diagnosis.explanation  # where the text ends too early is information, and changes no verdict
        diagnosis = diagnosis._replace(explanation=explanation._replace(findings=(*early, *explanation.findings)))
    elif not _is_understood(reading, recognised):
        has_problem = prose.names_a_problem(reading.text)
        related = _find_related_topics(recognised, reading.text) if has_problem else ()
        diagnosis = diagnosis._replace(is_understood=False, names_problem=has_problem, causes=(), related=related)
    return reading.evidence, diagnosis


_ACCESS_LOG = compile_late("|".join(LISTS["requests_in_access_logs"]))
"""A request in the access log of the app's server, which doesn't show what the server itself requested."""


def _find_early_end(reading: Reading) -> tuple[Finding, ...]:
    if reading.is_single or len(reading.inputs) < 2 or _ACCESS_LOG.search(reading.text):
        return ()
    from sickbay.doctor import ending  # only a text with several requests can be a launch

    return ending.findings_of_inputs(reading.inputs)


def _is_understood(reading: Reading, recognised: Recognised) -> bool:
    """Whether the text says nothing about a problem besides what was recognised: at least a product, if it is code."""
    if reading.is_general or (not reading.diagnosis.is_examined and prose.names_a_problem(reading.outside_resources)):
        return False
    if reading.is_empty:
        return bool(recognised.shown.products) and prose.is_code(reading.text)
    if not all(_is_known_address(each.evidence) for each in reading.inputs) or prose.are_settings(reading.text):
        return False
    return reading.is_single or not prose.tells_of_a_problem(reading.prose)


def _is_known_address(evidence: Mapping[str, Any]) -> bool:
    """Whether a FHIR request names a resource type, an operation or the metadata, or has a body: others may be anything."""
    parts = urls.split(str(evidence.get("url") or "")).path.split("/")
    is_known = any(part in _NAMES or part[:1] == "$" for part in parts) or bool(evidence.get("body"))
    return is_known or evidence.get("kind") != "fhir_request"


_NAMES = frozenset((*ALL_TYPES, "metadata", "_history"))


def diagnose_exchange(inputs: Sequence[dict[str, Any]], answers: tuple[ErrorAnswer, ...], text: str) -> Diagnosis:
    """Diagnoses the inputs of one exchange as a whole. text: the address and the response."""
    reading = read_exchange(inputs, answers, text)
    return _diagnose_reading(reading, answer.recognise_causes(to_evidence(reading))) if answers else reading.diagnosis


def to_evidence(reading: Reading) -> Evidence:
    """What is known about the text, for the messages and causes."""
    found = reading.diagnosis.explanation.findings
    return Evidence(
        reading.text,
        reading.diagnosis.answers,
        [each.evidence for each in reading.inputs],
        reading.diagnosis.pieces,
        frozenset(finding.id for finding in found if finding.severity == "error"),
    )


def _diagnose_reading(reading: Reading, recognised: Recognised) -> Diagnosis:
    diagnosis = reading.diagnosis
    if _is_about_a_problem(reading, recognised):
        return _add_causes(reading, recognised)
    if diagnosis.answers and not (reading.explaining and "server_failed" not in recognised.facts):
        return _report_unexplained_error(diagnosis, recognised)
    if not diagnosis.has_problem and not _shows_success(recognised):
        unseen = recognised._replace(ranked=list_unseen_causes(recognised.knowledge, recognised.facts))
        return diagnosis._replace(causes=answer.list_causes(unseen))
    return diagnosis


READ_LINES = 300
"""The maximum number of lines in which the message of the first cause is searched for."""


def _first_cause_is_answer(reading: Reading, recognised: Recognised) -> bool:
    """Whether the first cause is the answer. It isn't if Sickbay knows only the code of an error that the server describes."""
    first, quoted = recognised.ranked[0], _find_quote(recognised)
    quoted = quoted if is_specific(quoted) else ""
    is_bare = not (first.letters or first.is_confirmed or first.is_evident or first.message.product)
    is_only = len(recognised.knowledge.causes_of.get(first.message.id, ())) == 1
    if select_related_causes(recognised.ranked, quoted) == [first] and first.cause.behind[first.message.id] == "usual":
        return True
    return not (is_bare and quoted) and has_lead(recognised.ranked, is_quoted=_has_phrase(recognised, quoted), is_only=is_only)


def _has_phrase(recognised: Recognised, text: str) -> bool:
    """Whether the text has a phrase of the message by which the first cause was found."""
    parts = phrases.find_parts(recognised.knowledge.phrases, phrases.split_words(text))
    return answer.is_said(recognised.ranked[0].message, parts)


def _shows_success(recognised: Recognised) -> bool:
    """Whether the text shows a request and its success."""
    kinds, pieces = recognised.evidence.kinds, recognised.evidence.pieces
    return kinds >= {"token_request", "token_response"} or any(piece.is_success for piece in pieces)


def _add_causes(reading: Reading, recognised: Recognised) -> Diagnosis:
    """Adds the causes of the messages: the first one as the answer, or all as a list if the text doesn't point to it."""
    diagnosis, is_led = reading.diagnosis, _first_cause_is_answer(reading, recognised)
    severity: Severity = "error" if diagnosis.answers else "warning"
    combined = answer.combine_findings(diagnosis.explanation.findings, recognised, severity, reading.explaining, is_led=is_led)
    if not is_led and not combined.is_proven:
        return _report_unexplained_error(diagnosis, recognised)
    corrected = diagnosis.corrected if combined.keeps_corrected else None
    findings = tuple(_quote_in(found, recognised) for found in combined.findings)
    explanation = Explanation(findings, diagnosis.explanation.corrected)
    return diagnosis._replace(explanation=explanation, corrected=corrected, causes=combined.causes)


def _quote_in(finding: Finding, recognised: Recognised) -> Finding:
    """The finding of a FHIR cause with the message by which it was found, which names the element and its value."""
    is_outcome = any(each.kind == "outcome" for each in recognised.evidence.answers)
    if finding.id != recognised.ranked[0].cause.id or not (is_outcome or finding.id.startswith("fhir-")):
        return finding
    quoted = " ".join(_find_quote(recognised).split())
    is_said = is_specific(quoted) and prose.TOLD.search(quoted) is None and (is_outcome or _has_phrase(recognised, quoted))
    return structs.replace(finding, why=f"{quote_message('message', quoted)} {finding.why}".rstrip()) if is_said else finding


def _is_about_a_problem(reading: Reading, recognised: Recognised) -> bool:
    """Whether a message is about an error, a problem that the text describes, or a fault that it shows.

    The words of a request aren't a message.
    """
    if not recognised.ranked or reading.is_general:
        return False
    first = recognised.ranked[0]
    if reading.diagnosis.answers or (first.is_confirmed and not first.letters):
        return True
    if prose.is_proposal(reading.prose) or prose.is_success(reading.prose):
        return False
    if not (is_report := prose.is_report(reading.text, reading.prose)) or first.is_evident:
        return is_report
    if _shows_success(recognised) and not prose.names_a_problem(reading.prose):
        return False
    if (reading.is_single and reading.inputs) or prose.are_settings(reading.text):
        return False
    is_short = "\n" not in reading.text.strip()  # and may be a message
    if not (is_short or prose.has_sentences(reading.text) or prose.names_a_problem(reading.text)):
        return False
    return reading.is_described or _has_phrase(recognised, reading.prose)


def _report_unexplained_error(diagnosis: Diagnosis, recognised: Recognised) -> Diagnosis:
    """Says what is known about the error, and lists its possible causes, or topics that may help if none is known."""
    answers = diagnosis.answers or (ErrorAnswer("message", ""),)
    quoted = _find_quote(recognised) or _find_line_with_message(recognised)
    is_doubted = not diagnosis.answers or "message_is_doubted" in recognised.facts or prose.TOLD.search(quoted) is not None
    explanation = add_finding(diagnosis.stage, diagnosis.explanation, answers, quoted, is_doubted=is_doubted)
    recognised = recognised._replace(ranked=select_related_causes(recognised.ranked, quoted))
    said = "" if is_doubted else _say_quoted_message(recognised, quoted)
    known = [
        _improve_title(each, recognised, quoted, said) if each.id == UNEXPLAINED else each for each in explanation.findings
    ]
    unexplained = diagnosis._replace(explanation=explanation._replace(findings=tuple(known)), corrected=None)
    if not recognised.ranked:
        return unexplained._replace(related=_find_related_topics(recognised, quoted or recognised.evidence.text))
    return unexplained._replace(causes=answer.list_causes(recognised, RANKS[-1:]))


def _find_quote(recognised: Recognised) -> str:
    """The most specific message of the text, or otherwise the longest description of an error."""
    from sickbay.doctor.errors.quotes import find_quote  # most texts need no quotation

    answers = recognised.evidence.answers
    described = max((each.description for each in answers), key=len, default="")
    redirected = (it.description for it in answers if it.kind == "authorization" and it.code and is_specific(it.description))
    return next(redirected, "") or find_quote(recognised.evidence.text, described) or described


def _find_line_with_message(recognised: Recognised) -> str:
    """The first line with a phrase by which the first cause was found; "" if it was found by a code, or far below."""
    lines = recognised.evidence.text.splitlines()[:READ_LINES] if recognised.ranked else ()
    said = (line.strip(' \t"') for line in lines if _has_phrase(recognised, line) and not prose.is_code(line))
    return next((line for line in said if not _SAYS_NOTHING.match(line)), "")


_SAYS_NOTHING = compile_late(r"\"[^\"\n]{0,80}\"\s?:|[<{]|`?(?:[A-Z]{3,7} )?https?://\S+$|[A-Z]{3,7} /\S*$")
"""A member in JSON, markup, a URL or the first line of a request."""


def _say_quoted_message(recognised: Recognised, quoted: str) -> str:
    """What the quoted message says, in plain words; "" if that isn't known, or if the message may say two things."""
    if not recognised.ranked or not is_specific(quoted):
        return ""
    first = recognised.ranked[0].message
    parts = phrases.find_parts(recognised.knowledge.phrases, phrases.split_words(quoted))
    clear = (each.message for each in recognised.shown.messages if each.letters >= DESCRIBED_LETTERS)
    said = [message for message in clear if message.product == first.product and answer.is_said(message, parts)]
    return answer.say_first_message(recognised) if said == [first] else ""


def _improve_title(finding: Finding, recognised: Recognised, quoted: str, said: str) -> Finding:
    """The finding for an error that isn't explained. Its title is what the server says, or names the product."""
    if said:
        return structs.replace(finding, title=said.removesuffix("."), why=f"{finding.title.partition('. ')[0]}. {finding.why}")
    name = answer.name_product(recognised)
    means = "" if quoted else answer.find_clearest_meaning(recognised)
    if not recognised.evidence.answers:
        title = "The text describes a problem that several causes have. Sickbay can't tell which one it is"
        return structs.replace(finding, title=title, why=f"{means} {finding.why}".strip(), severity="warning", refused=False)
    title = f"Sickbay read this error of {name}, and doesn't know its causes" if name and not recognised.ranked else ""
    return structs.replace(finding, title=title or finding.title, why=f"{means} {finding.why}".strip())


def _find_related_topics(recognised: Recognised, text: str) -> tuple[RelatedTopic, ...]:
    """text: what the server says. The error isn't about the names of members in the rest of a response."""
    from sickbay.doctor import topics  # most texts need no topics

    found = topics.suggest_topics(compiled.load_topics(), text, recognised.shown.products)
    return tuple(RelatedTopic(topic.title, topic.url) for topic in found)
