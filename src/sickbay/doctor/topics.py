"""Finds topics by their words: causes, rules, and passages of the documentation.

They are only suggested, because matching words doesn't show what is wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Container, Iterator
from itertools import islice
from typing import Literal, NamedTuple, TypeAlias

from msgspec import Struct

from sickbay.diagnosis.answers.finding import UNEXPLAINED
from sickbay.diagnosis.case import CASES, list_paths
from sickbay.diagnosis.lists import LISTS
from sickbay.doctor import pages
from sickbay.doctor.fill import fill
from sickbay.doctor.model import Cause, Knowledge
from sickbay.kernel.word_index import WordIndex, build_index, search_index, split_stems

TopicKind: TypeAlias = Literal["cause", "rule", "page"]
KINDS: tuple[TopicKind, ...] = ("cause", "rule", "page")
RELATED_TOPICS = 3
LEAST_SHARE = 0.6
"""A related topic with a smaller share of the first one's score is left out."""
LEAST_SCORE = 22.0
"""Of the topics with a lower score, one of six named the true cause of a known text; of the others, nearly half did."""
SHARED_RARITY, RAREST = 8.0, 4.0
"""The rarity of the words that a title and the text share: of all, and of the rarest. It is log(topics / topics with it)."""
QUERY_CHARACTERS = 4_000
ABOUT_APPS = LISTS["pages_about_apps"]
HEADING_WEIGHT, TITLE_WEIGHT = 4, 2
"""How often a word in the heading of a passage counts, and one in the title of its page."""


class Topic(Struct, frozen=True, gc=False):
    """id: of the cause or rule; for a passage of the documentation the path of its page and its anchor. product: of a cause."""

    kind: TopicKind
    id: str
    title: str
    product: str = ""

    @property
    def url(self) -> str:
        """The path at which Sickbay shows it."""
        if self.kind != "page":
            return f"/rules/{self.id}"
        page, _, anchor = self.id.partition("#")
        path = re.sub(r"(^|/)README$", r"\1index", page)
        return f"/docs/{path}.html" + (f"#{anchor}" if anchor else "")

    def to_json(self) -> dict[str, str]:
        return {"title": self.title, "url": self.url}


class Topics(Struct, frozen=True):
    """All topics in the order of KINDS, and the index of their words."""

    topics: list[Topic]
    index: WordIndex


class _Document(NamedTuple):
    topic: Topic
    texts: tuple[tuple[str, int], ...]


def list_files() -> list[str]:
    """The files from which the index is made, besides the knowledge."""
    return [f"{folder.folder}/{name}" for folder in (CASES, pages.PAGES) for name in folder.list_files(".md")]


def compile_topics(knowledge: Knowledge) -> Topics:
    """Makes the index, and lists all topics but the causes. A rule is represented by the texts of its case."""
    documents = [*_list_cause_documents(knowledge), *_list_rule_documents(), *_list_page_documents()]
    listed = [document.topic for document in documents if document.topic.kind != "cause"]
    return Topics(listed, build_index(document.texts for document in documents))


def add_causes(topics: Topics, knowledge: Knowledge) -> Topics:
    """Puts the causes first, whose titles aren't stored twice, since a wheel has the knowledge, too."""
    return Topics([*map(_make_topic, knowledge.causes.values()), *topics.topics], topics.index)


def _make_topic(cause: Cause) -> Topic:
    return Topic("cause", cause.id, fill(cause.title, {}), cause.product)


def _list_cause_documents(knowledge: Knowledge) -> Iterator[_Document]:
    for cause in knowledge.causes.values():
        names = " ".join(knowledge.products[id].name for id in sorted({cause.product, *cause.where}) if id)
        meanings = " ".join(knowledge.messages[id].means for id in cause.behind if id in knowledge.messages)
        texts = ((cause.title, 4), (f"{cause.id} {names}", 2), (meanings, 1), (cause.why, 1), (cause.check, 1))
        yield _Document(_make_topic(cause), (*texts, (cause.fix, 1)))


def _list_rule_documents() -> Iterator[_Document]:
    for path in list_paths().values():
        prose, fix = pages.read_prose(path)
        first_sentence = re.split(r"(?<=[.!?])\s", prose, maxsplit=1)[0]
        yield _Document(Topic("rule", path.stem, first_sentence), ((path.stem, 4), (prose, 2), (fix, 1)))


def _list_page_documents() -> Iterator[_Document]:
    for passage in pages.read_passages():
        title = passage.heading if passage.heading == passage.title else f"{passage.title}: {passage.heading}"
        yield _Document(
            Topic("page", passage.id, title),
            ((passage.heading, HEADING_WEIGHT), (passage.title, TITLE_WEIGHT), (passage.text, 1)),
        )


def find_topics(topics: Topics, query: str, *kinds: TopicKind) -> list[Topic]:
    """The topics of these kinds with every word of the query; if there are none, those with any of them. The best first."""
    among = _find_range_of_kinds(topics, kinds)
    found = (search_index(topics.index, query, among, every_word=each) for each in (True, False))
    return [topics.topics[number] for number, _ in next(filter(None, found), [])]


def _find_range_of_kinds(topics: Topics, kinds: Collection[TopicKind]) -> range:
    """The numbers of the topics of these kinds, which follow each other."""
    numbers = [number for number, topic in enumerate(topics.topics) if topic.kind in kinds]
    return range(numbers[0], numbers[-1] + 1) if numbers else range(0)


def suggest_topics(topics: Topics, text: str, products: Container[str]) -> tuple[Topic, ...]:
    """At most three topics whose words the text has, if they stand out. products: those that the text shows."""
    scored = search_index(topics.index, text[:QUERY_CHARACTERS], every_word=False, least=LEAST_SCORE)
    standing_out = ((topics.topics[number], score) for number, score in scored)
    words = frozenset(split_stems(text[:QUERY_CHARACTERS]))
    suggested = (
        pair for pair in standing_out if _may_be_suggested(pair[0], products) and is_near(topics.index, pair[0], words)
    )
    chosen = [*islice(suggested, RELATED_TOPICS)]
    return tuple(topic for topic, score in chosen if score >= LEAST_SHARE * chosen[0][1])


def is_near(index: WordIndex, topic: Topic, words: Container[str]) -> bool:
    """Whether the title has several of these stems, and one that few topics have."""
    shared = [each for each in {*split_stems(topic.title)} if len(each) > 1 and each in words and each in index.postings]
    rarity = [math.log(2 * len(index.lengths) / len(index.postings[each])) for each in shared]
    return len(rarity) > 1 and sum(rarity) >= SHARED_RARITY and max(rarity) >= RAREST


def _may_be_suggested(topic: Topic, products: Container[str]) -> bool:
    """No cause of a product that the text doesn't show, no page about Sickbay, and not the rule for an unexplained error."""
    if topic.kind == "page":
        return topic.id.startswith(ABOUT_APPS)
    return (not topic.product or topic.product in products) and topic.id != UNEXPLAINED
