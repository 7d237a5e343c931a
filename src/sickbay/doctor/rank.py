"""Orders the causes behind the messages that a text shows, the most likely first."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import NamedTuple

from sickbay.diagnosis.answers.values import BEARER_CODES, SHARED_CODES, TOKEN_CODES, is_specific
from sickbay.diagnosis.lists import LISTS
from sickbay.doctor.match import SKIPPED_WORDS, SPREAD_WORDS, FoundMessage, Shown
from sickbay.doctor.model import WEIGHTS, Cause, Knowledge, Message
from sickbay.kernel.late_patterns import compile_late

SHOWN_CAUSES, UNSEEN_CAUSES = 6, 4
FURTHER_MESSAGES = 0.2
"""The points that each further message for the same cause adds."""
LEAST_SHARE = 0.25
"""A cause with a smaller share of the first one's points is left out."""
OWN_PRODUCT = 0.5
CONFIRMED_SHARE = 0.25
"""A cause that a fact confirms comes first if it has at least this share of the most points."""


class RankedCause(NamedTuple):
    """message: the one by which it was found. letters: of its longest phrase. is_evident: the text shows the cause itself.

    is_supported: words or facts of the text point to this cause before others, not only a code or status that several have.
    """

    cause: Cause
    points: float
    message: Message
    letters: int
    is_confirmed: bool
    is_evident: bool
    is_supported: bool


def rank_causes(knowledge: Knowledge, shown: Shown, facts: Container[str]) -> list[RankedCause]:
    """The causes in order. One that belongs to a product is left out unless the text shows the product."""
    found: dict[str, list[FoundMessage]] = {}
    for message in shown.messages:
        for id in knowledge.causes_of.get(message.message.id, ()):
            found.setdefault(id, []).append(message)
    known = [knowledge.causes[id] for id in sorted(found, key=knowledge.places.__getitem__)]
    possible = [
        each
        for each in known
        if (not each.product or each.product in shown.products) and not any(name in facts for name in each.excluded_by)
    ]
    shared = _find_shared_messages(possible)  # also causes that aren't shown because the text doesn't name their field
    causes = [cause for cause in possible if is_in_its_field(cause, shown, facts)]
    ranked = [_rank_cause(cause, found[cause.id], facts, shared) for cause in causes]
    most = max((each.points for each in ranked), default=0)
    ranked.sort(key=lambda each: (not (each.is_confirmed and each.points >= CONFIRMED_SHARE * most), -each.points))
    apart = list(_leave_out_same_remedies(each for each in ranked if each.points >= LEAST_SHARE * most))[:SHOWN_CAUSES]
    is_doubtful = _has_rival(apart) or _is_doubtful(apart, shown, facts)
    return [apart[0]._replace(is_supported=False), *apart[1:]] if is_doubtful else apart


def _find_shared_messages(causes: Iterable[Cause]) -> frozenset[str]:
    """The ids of the messages that several of these causes explain, not only rarely. Causes with the same fix count once."""
    remedies: dict[str, set[str]] = {}
    for cause in causes:
        remedy = cause.fix.casefold()
        for message, weight in cause.behind.items():
            if weight != "rare":
                remedies.setdefault(message, set()).add(remedy)
    return frozenset(message for message, apart in remedies.items() if len(apart) > 1)


RIVAL_SHARE = 0.6
"""A cause with this share of the first one's points, which another message supports, makes both only possible."""


def _has_rival(ranked: Sequence[RankedCause]) -> bool:
    """Whether another message supports another cause about as much as the first one."""
    if not ranked or ranked[0].is_confirmed or ranked[0].is_evident:
        return False
    first = ranked[0]
    rivals = (each for each in ranked[1:] if each.is_supported and each.message != first.message)
    return any(each.points >= RIVAL_SHARE * first.points for each in rivals)


OWN_LETTERS = 11
"""The minimum length of a product's message that isn't found by chance."""
QUOTED_LETTERS, DESCRIBED_LETTERS, ONLY_LETTERS = 8, 16, 9
"""A shorter phrase is too short to be a quotation: of a single phrase, of several, and of a message that has only one cause."""


def has_lead(ranked: Sequence[RankedCause], *, is_quoted: bool, is_only: bool) -> bool:
    """Whether the first cause is the answer: the text points to it, or it is the usual cause of the text's message or facts.

    is_quoted: its message is in the most specific one of the text. is_only: no other cause is behind its message.
    If the true cause is left out of the knowledge, another one is the answer for 19 % of its texts.
    """
    first, message = ranked[0], ranked[0].message
    is_clear = message.strength != "general"
    if first.is_supported or (is_clear and message.unmistakable and (first.letters >= OWN_LETTERS or not message.wordings)):
        return True
    if first.cause.behind[message.id] != "usual":
        return False
    is_only = is_only and is_clear and first.letters >= ONLY_LETTERS
    if message.product and (is_only or (is_clear and is_quoted and not message.undecided)):
        return True
    is_said = is_only or first.letters >= DESCRIBED_LETTERS or (is_clear and bool(message.needs))
    return is_said and not any(each.points >= RIVAL_SHARE * first.points for each in ranked[1:2])


UNRELATED_MESSAGES = 6
"""A text with so many messages is a log or a report of several errors."""
DOUBTS = ("tells_a_solution", "tells_what_is_right", "message_is_doubted")
"""Facts that may contradict the usual meaning of a message: what was wrong, or what isn't."""


def _is_doubtful(ranked: Sequence[RankedCause], shown: Shown, facts: Container[str]) -> bool:
    """Whether the text gives a reason to doubt what the first cause's message says."""
    if not ranked or not ranked[0].is_supported:  # the text is doubted anyway, and the facts take long
        return False
    if ranked[0].is_confirmed or (ranked[0].is_evident and ranked[0].message.needs):
        return False
    first = ranked[0]
    is_hidden = "shows_network_failure" in facts and not first.cause.id.startswith("http-")
    is_scattered = not first.message.unmistakable and any(
        each.message is first.message and (each.skipped >= SKIPPED_WORDS or each.spread >= SPREAD_WORDS)
        for each in shown.messages
    )
    is_denied = any(name in facts for name in DOUBTS)
    return is_hidden or is_scattered or is_denied or len(shown.messages) >= UNRELATED_MESSAGES


REPEATED_SHARE = 0.75
"""If the title of a cause has this share of the words of a message, the message adds nothing."""


def is_repeated(means: str, title: str) -> bool:
    """Whether the title says most of what the message says. Articles, prepositions and the like don't count."""
    words = _find_words(means)
    return len(words & _find_words(title)) >= REPEATED_SHARE * len(words)


def _find_words(text: str) -> set[str]:
    return set(_SAID_WORD.findall(text.lower()))


_SAID_WORD = compile_late(r"\w{4,}")


def select_related_causes(ranked: Sequence[RankedCause], quoted: str) -> list[RankedCause]:
    """Leaves out causes of a code with many causes if their titles share no word with a more specific quoted message."""
    if not is_specific(quoted):
        return [*ranked]
    said = _find_stems(quoted)
    return [each for each in ranked if not _is_by_code_alone(each) or said & _find_stems(each.cause.title)]


def _is_by_code_alone(ranked: RankedCause) -> bool:
    """Whether it was found by a code or status that has many causes."""
    has_many = any(code in AMBIGUOUS_CODES or code.isdigit() for code in ranked.message.codes)
    return not (ranked.letters or ranked.is_confirmed) and (has_many or ranked.message.strength == "general")


def _find_stems(text: str) -> set[str]:
    words = set(re.findall(r"[^\W_]{4,}", text.lower())).difference(LISTS["words_that_connect_nothing"])
    return {word[:5] for word in words}


FIELDS = {"oauth": ("shows_access",), "fhir": ("shows_fhir",), "unanswered": ("shows_access", "shows_fhir")}
"""Folders of causes that belong to no product, with the facts that show a text about the same field: one is enough."""
UNANSWERED = ("http-connection-closed", "http-connection-refused", "http-name-unknown", "http-timeout")
"""Causes that a request to any other software can have too."""


def is_in_its_field(cause: Cause, shown: Shown, facts: Container[str]) -> bool:
    """Whether the text shows the cause's product, or, if it has none, anything of the cause's field."""
    if cause.product:
        return cause.product in shown.products
    folder = "unanswered" if cause.id in UNANSWERED else cause.id.partition("-")[0]
    if folder not in FIELDS or (folder == "unanswered" and shown.products):
        return True
    certain = (each.message.id for each in shown.messages if each.message.unmistakable)
    return any(name in facts for name in FIELDS[folder]) or any(cause.behind.get(id) == "usual" for id in certain)


NO_MESSAGE = Message("", "", "")


def list_unseen_causes(knowledge: Knowledge, facts: Container[str]) -> list[RankedCause]:
    """The causes that can't be seen in the requests of the text, the most likely first."""
    listed = dict.fromkeys(id for fact, ids in knowledge.unseen.items() if fact in facts for id in ids)
    causes = (knowledge.causes[id] for id in listed)
    remaining = (cause for cause in causes if not any(name in facts for name in cause.excluded_by))
    return [RankedCause(cause, 0, NO_MESSAGE, 0, False, False, False) for cause in remaining][:UNSEEN_CAUSES]


def _rank_cause(cause: Cause, found: list[FoundMessage], facts: Container[str], shared: Container[str]) -> RankedCause:
    """shared: messages that other causes explain, too. They support a cause only if a fact of the text belongs to them."""
    weighted = sorted(
        ((each.points * WEIGHTS[cause.behind[each.message.id]], each) for each in found), key=lambda pair: -pair[0]
    )
    points = weighted[0][0] + FURTHER_MESSAGES * sum(points for points, _ in weighted[1:])
    # the ID of a rule, which has a hyphen, says that a request has a fault, which doesn't show why a server failed
    confirmed = any(name in facts for name in cause.confirmed_by if not ("-" in name and "server_failed" in facts))
    evident = any(each.message.strength == "evident" and cause.behind[each.message.id] == "usual" for each in found)
    points += OWN_PRODUCT * (cause.product != "")
    supported = confirmed or any(
        each.is_proved and _supports_cause(each.message, cause, shared) and not _only_names_a_topic(each) for each in found
    )
    first = weighted[0][1]
    return RankedCause(cause, points, first.message, first.letters, confirmed, evident, supported)


AMBIGUOUS_CODES = TOKEN_CODES.union(SHARED_CODES, BEARER_CODES, ("access_denied", "server_error")).difference(
    LISTS["clear_codes"]
)
"""Error codes that have many causes."""


def _supports_cause(message: Message, cause: Cause, shared: Container[str]) -> bool:
    """Whether the message says more than a status or a code of many causes, and points to this cause only.

    A fact that belongs to the message tells its causes apart, and a cause that repeats the message claims nothing more.
    """
    is_said = message.wordings or not any(code in AMBIGUOUS_CODES or code.isdigit() for code in message.codes)
    is_decisive = message.strength != "general" and not message.undecided and cause.behind[message.id] == "usual"
    if not (is_said and is_decisive):
        return False
    is_said_again = _find_words(cause.title) <= _find_words(message.means) and not _ALTERNATIVES.search(message.means)
    return bool(message.needs) or message.id not in shared or is_said_again


def _only_names_a_topic(found: FoundMessage) -> bool:
    """Whether only short words, such as "export" and "403", were found: they name a topic, and don't quote a message."""
    least = DESCRIBED_LETTERS if len(found.message.wordings) > 1 else QUOTED_LETTERS
    is_by_words = found.message.wordings and not (found.message.needs or found.message.product)
    return bool(is_by_words) and found.letters < least


_ALTERNATIVES = compile_late(r"\bor\b")
"""Words in the meaning of a message that itself names several reasons."""


def _leave_out_same_remedies(ranked: Iterable[RankedCause]) -> Iterator[RankedCause]:
    """Without the causes that have the same remedy as an earlier one."""
    remedies: set[str] = set()
    for each in ranked:
        remedy = each.cause.fix.casefold()
        if remedy not in remedies:
            remedies.add(remedy)
            yield each
