"""Combines the answer: what the rules found, and the causes of the messages that the text shows."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from itertools import repeat
from typing import NamedTuple
from urllib.parse import urlsplit

from sickbay.diagnosis.answers.values import is_specific
from sickbay.diagnosis.lists import LISTS
from sickbay.diagnosis.rule import Finding, Severity, Spec
from sickbay.doctor import compiled, facts, phrases
from sickbay.doctor.diagnose import LikelyCause
from sickbay.doctor.evidence import Evidence
from sickbay.doctor.facts.registry import SEARCHED_CHARACTERS
from sickbay.doctor.fill import capture_values, fill
from sickbay.doctor.match import Shown, find_shown
from sickbay.doctor.model import Basis, Knowledge, Message
from sickbay.doctor.rank import DESCRIBED_LETTERS, RankedCause, is_repeated, rank_causes
from sickbay.kernel.late_patterns import compile_late

RANKS = ("most likely", "likely", "possible")
"""The likelihood of a cause, by its place in the list."""
BASES: dict[Basis, str] = {"documented": "Documented", "observed": "Reported by users", "inferred": "Inferred"}


class Recognised(NamedTuple):
    """What the knowledge says about a text. facts: what is true, with values."""

    knowledge: Knowledge
    shown: Shown
    facts: Mapping[str, Mapping[str, str]]
    ranked: Sequence[RankedCause]
    evidence: Evidence


def recognise_causes(evidence: Evidence, knowledge: Knowledge | None = None) -> Recognised:
    """Finds the products, messages and causes that a text shows."""
    knowledge = knowledge or compiled.load_knowledge()
    true = facts.TrueFacts(evidence, knowledge.facts)
    found = _drop_doubtful_messages(find_shown(knowledge, evidence.words, evidence.codes, true), knowledge, evidence)
    return Recognised(knowledge, found, true, rank_causes(knowledge, found, true), evidence)


_CLASS = compile_late(r"\b\w{1,80}(?:Error|Exception)\b")
_DESCRIBING = frozenset(("oauth", "authorization", "bearer"))


def _drop_doubtful_messages(shown: Shown, knowledge: Knowledge, evidence: Evidence) -> Shown:
    """Without messages that the error's own words don't have, if these have others.

    If not, a message elsewhere points to no cause of an error that a server of OAuth describes. FHIR servers describe less.
    """
    if not shown.messages or any(each.kind == "outcome" for each in evidence.answers):
        return shown
    from sickbay.doctor.errors.quotes import find_quote  # most texts need no quotation

    described = [each.description for each in evidence.answers if each.kind in _DESCRIBING and is_specific(each.description)]
    said = described or [find_quote(evidence.text, ""), *_CLASS.findall(evidence.text, 0, SEARCHED_CHARACTERS)[-1:]]
    parts = phrases.find_parts(knowledge.phrases, phrases.split_words("\n\n".join(said)))
    ids = {each.message.id for each in shown.messages if is_said(each.message, parts)}
    if ids:
        return shown._replace(
            messages=tuple(each for each in shown.messages if each.message.id in ids or _needs_no_words(each.message))
        )
    doubted = (each if _needs_no_words(each.message) else each._replace(letters=0, is_proved=False) for each in shown.messages)
    return shown._replace(messages=tuple(doubted)) if described else shown


def is_said(message: Message, parts: Mapping[int, Sequence[phrases.WordRange]]) -> bool:
    """Whether a phrase of the message is among these."""
    return any(phrases.find_phrase(phrase, parts) for group in message.wordings for phrase in group)


def _needs_no_words(message: Message) -> bool:
    """Whether the message may be recognised elsewhere: by codes or facts, or because only its product writes it."""
    is_of_connection = message.strength == "evident" and message.id.startswith("http/")  # which clients print below it
    return not message.wordings or bool(message.needs) or message.unmistakable or is_of_connection


def name_product(recognised: Recognised) -> str:
    """The name of the only server that the text shows, or of the only library whose message it shows; otherwise ""."""
    products = [recognised.knowledge.products[id] for id in recognised.shown.products]
    implied = {id for product in products for id in product.implies}
    shown = [product for product in products if product.id not in implied]
    speaking = {found.message.product for found in recognised.shown.messages}
    # an OperationOutcome may come from another server than the one that the text names
    servers = [product for product in shown if not product.accompanies and "is_operation_outcome" not in recognised.facts]
    named = servers or [each for each in shown if each.id in speaking]
    return named[0].name if len(named) == 1 else ""


def list_causes(recognised: Recognised, ranks: Sequence[str] = RANKS) -> tuple[LikelyCause, ...]:
    """The causes as they are shown, the most likely first. ranks: how likely the first ones are, and all others.

    If nothing in the text points to the first one rather than to others, all are only possible.
    """
    if recognised.ranked and not _is_likely(recognised.ranked[0]):
        ranks = ranks[-1:]
    likely = (*ranks, *repeat(ranks[-1], len(recognised.ranked)))
    return tuple(_make_likely_cause(recognised, ranked, rank) for ranked, rank in zip(recognised.ranked, likely, strict=False))


def _is_likely(ranked: RankedCause) -> bool:
    """Whether the text points to the cause, and not only by words of a product that occur for other reasons too.

    Of 49 fresh texts, such words were wrong for 3 of 8, and other evidence for 4 of 41.
    """
    is_clear = ranked.is_confirmed or ranked.is_evident or ranked.message.unmistakable
    return ranked.is_supported and bool(is_clear or not ranked.message.product)


def _make_likely_cause(recognised: Recognised, ranked: RankedCause, rank: str) -> LikelyCause:
    values, cause = _values_for_cause(recognised, ranked), ranked.cause
    fix = _fix_of_cause(recognised, ranked, values)
    return LikelyCause(cause.id, fill(cause.title, values), fill(cause.check, values), fix, rank)


IF_SO = "If this is the cause: "
"""The beginning of an explanation that may be wrong."""


def to_finding(recognised: Recognised, ranked: RankedCause, severity: Severity) -> Finding:
    """A cause as a finding. Its why begins with what the message says in plain words."""
    values, cause = _values_for_cause(recognised, ranked), ranked.cause
    means = ranked.message.means if ranked.message.product in ("", *recognised.shown.products) else ""
    said = "" if is_repeated(means, cause.title) and cause.why else means
    if said and not _is_likely(ranked):
        said = f"The message usually means: {said}"
    explained = cause.why if _is_likely(ranked) or not cause.why else f"{IF_SO}{cause.why}"
    why = " ".join(filter(None, (said, explained, _name_other_causes(recognised, ranked))))
    source = Spec(f"{BASES[cause.basis]}: {urlsplit(cause.source).netloc}", cause.source)
    return Finding(
        cause.id,
        severity,
        fill(cause.title, values),
        fill(why, values),
        _fix_of_cause(recognised, ranked, values),
        source,
        "probable",
        refused=severity == "error",
    )


def find_clearest_meaning(recognised: Recognised) -> str:
    """The clearest message that has a cause, in plain words; "" if only codes and short phrases were recognised."""
    behind = {id for ranked in recognised.ranked for id in ranked.cause.behind}
    clear = (found for found in recognised.shown.messages if found.letters >= DESCRIBED_LETTERS)
    said = (found.message.means for found in clear if found.message.id in behind or not behind)
    return fill(next(said, ""), dict(recognised.evidence.sent))


def say_first_message(recognised: Recognised) -> str:
    """The message of the first cause in plain words, with the values of the text."""
    return fill(recognised.ranked[0].message.means, _values_for_cause(recognised, recognised.ranked[0]))


NAMED_CAUSES = 2
"""The number of other causes that are named if the text doesn't decide between them."""


def _name_other_causes(recognised: Recognised, ranked: RankedCause) -> str:
    """The next causes, if nothing in the text points to this one rather than to them."""
    others = [each for each in recognised.ranked if each is not ranked][:NAMED_CAUSES]
    if ranked.is_supported or not others:
        return ""
    titles = (fill(re.sub(r"( \S*): .*", r"\1", each.cause.title), _values_for_cause(recognised, each)) for each in others)
    return f"Also possible: {'; '.join(map(_lower_first_letter, titles))}."


def _lower_first_letter(title: str) -> str:
    """A title as part of a sentence. Names keep their capital letter."""
    return title[0].lower() + title[1:] if title.startswith(("The ", "A ", "An ", "No ", "What ", "Only ")) else title


def _fix_of_cause(recognised: Recognised, ranked: RankedCause, values: Mapping[str, str]) -> str:
    """The remedy, with its place in the first product in the text for which the cause has one."""
    shown_first = (ranked.message.product, *sorted(recognised.shown.products))
    product = next((id for id in shown_first if id in ranked.cause.where and id in recognised.shown.products), None)
    fix = ranked.cause.fix
    if product:
        fix += f" {recognised.knowledge.products[product].name}: {ranked.cause.where[product].removesuffix('.')}."
    return fill(fix, values)


def _values_for_cause(recognised: Recognised, ranked: RankedCause) -> dict[str, str]:
    """The values from the messages, then from the facts that confirm the cause, then those that were sent."""
    messages = [found.message for found in recognised.shown.messages if found.message.id in ranked.cause.behind]
    confirming = (recognised.facts[name] for name in ranked.cause.confirmed_by if name in recognised.facts)
    values = {name: sent for name, sent in recognised.evidence.sent.items() if not _MASKED.search(sent)}
    for more in (*confirming, capture_values(messages, recognised.evidence.text)):
        values |= more
    return values


_MASKED = compile_late(r"://[^/]{0,100}\*|^https?\*|[\x00-\x1f]|\*\*\*|xxx", re.I)


class Combined(NamedTuple):
    """findings: in order. is_proven: the first one is proven by a rule or leads.

    keeps_corrected: whether the corrected request may get another response.
    """

    findings: tuple[Finding, ...]
    causes: tuple[LikelyCause, ...]
    keeps_corrected: bool
    is_proven: bool


def combine_findings(
    by_rules: Sequence[Finding], recognised: Recognised, severity: Severity, explaining: Container[str], *, is_led: bool
) -> Combined:
    """Puts the first cause among the findings of the rules: after the faults that they prove, unless the text shows it.

    explaining: the IDs of the faults that may explain the error response. A server that failed is at fault itself.
    """
    first = recognised.ranked[0]
    proven = _select_proven_findings(by_rules, recognised, () if "server_failed" in recognised.facts else explaining)
    rest = [found for found in by_rules if found not in proven]
    ordered = _order_by_faulty_parameter(recognised, proven)
    is_restated = not {found.id for found in proven}.isdisjoint(first.cause.confirmed_by)
    known = [] if is_restated or not is_led else [to_finding(recognised, first, severity)]
    findings = (*known, *proven, *rest) if first.is_evident else (*proven, *known, *rest)
    causes = list_causes(recognised._replace(ranked=ordered))
    return Combined(tuple(findings), causes, _has_correction(by_rules, recognised), bool(proven))


def _order_by_faulty_parameter(recognised: Recognised, proven: Sequence[Finding]) -> list[RankedCause]:
    """The causes, first those about a parameter that has a proven fault."""
    faulty = {found.parameter for found in proven}
    return sorted(recognised.ranked, key=lambda ranked: faulty.isdisjoint(_parameters_in(ranked.cause.title)))


def _select_proven_findings(by_rules: Sequence[Finding], recognised: Recognised, explaining: Container[str]) -> list[Finding]:
    """The faults that come before what the message means: those that may explain it, and what code shows.

    A fault of one parameter doesn't explain a message about another one. A cause behind a mere code says nothing about it.
    """
    errors = [
        found for found in by_rules if found.severity == "error" and (found.id in explaining or found.id.startswith("code-"))
    ]
    first = recognised.ranked[0]
    said = f"{first.message.means} {first.cause.title if first.letters else ''}"
    if first.is_evident or not (named := _parameters_in(said)):
        return errors
    named = named.union(*(_parameters_in(ranked.cause.title) for ranked in recognised.ranked))
    return errors if any(found.parameter in named for found in errors) else [e for e in errors if not e.parameter]


def _has_correction(by_rules: Sequence[Finding], recognised: Recognised) -> bool:
    """Whether the corrected request fixes a fault, or what the message is about."""
    named = _parameters_in(" ".join(f"{ranked.message.means} {ranked.cause.title}" for ranked in recognised.ranked))
    return any(found.parameter in named if named else found.severity == "error" for found in by_rules)


def _parameters_in(text: str) -> frozenset[str]:
    """The parameters of OAuth that a text names."""
    return _PARAMETERS & frozenset(re.findall(r"\w+", text))


_PARAMETERS = frozenset(LISTS["parameters_in_titles"])
