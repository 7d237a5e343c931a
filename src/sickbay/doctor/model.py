"""The knowledge as it is compiled and loaded: products, their messages, and the causes behind messages."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Raw, Struct

Basis: TypeAlias = Literal["documented", "observed", "inferred"]
"""documented: the product's documentation or source says so. observed: users found it out, and others confirmed it.
inferred: it follows from the specification or from how such servers work."""
Weight: TypeAlias = Literal["usual", "possible", "rare"]
Strength: TypeAlias = Literal["general", "message", "evident"]
"""general: says little, such as an HTTP status. evident: shows the cause itself, such as a space in a configured value."""
Trie: TypeAlias = dict[str, Any]
"""Word by word; below the key "" are the numbers of the parts that end there."""
Phrase: TypeAlias = tuple[int, ...]
"""The numbers of its parts, which must follow each other in the text, with few words between them."""
WEIGHTS: dict[Weight, float] = {"usual": 1.0, "possible": 0.55, "rare": 0.25}


class Product(Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A server, gateway, library or tool.

    marks:       phrases by which a text shows it. without: phrases in which a mark doesn't count.
    implies:     other products that a text shows if it shows this one, such as the service that a library belongs to.
    accompanies: people use it together with any authorization server, so a text that shows it may still be about another one.
    """

    id: str
    name: str
    marks: Annotated[tuple[Phrase, ...], Meta(min_length=1)]
    without: tuple[Phrase, ...] = ()
    implies: tuple[str, ...] = ()
    accompanies: bool = False


class Message(Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A message of a product, or one that many products have (product "").

    wordings:     groups of phrases; of each group one must be in the text.
    without:      phrases that must not be in the text.
    codes:        OAuth error codes, HTTP statuses or issue types; one of them must have been recognised. Empty: any.
    needs:        facts that must be true.
    means:        what it says in plain words.
    captures:     regular expressions with named groups, whose values fill the texts of causes.
    unmistakable: only this product writes it, so that it shows the product.
    undecided:    several causes are behind it about equally often, so none of them is called the most likely.
    proved:       how many phrases of each group, the first ones, prove a usual cause (`proof`). Empty: all of them.
                  The others find causes, but none is called the most likely because of them.
    """

    id: str
    product: str
    means: str
    wordings: tuple[tuple[Phrase, ...], ...] = ()
    without: tuple[Phrase, ...] = ()
    codes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    captures: tuple[str, ...] = ()
    strength: Strength = "message"
    unmistakable: bool = False
    undecided: bool = False
    proved: tuple[int, ...] = ()


class Cause(Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A cause.

    id:      `product-name`, as on pages and in findings. product: "" if it belongs to none.
    behind:  the ids of messages, and how often it is behind them.
    where:   the place in each product's console or options.
    was:     ids of earlier releases that lead here.
    """

    id: str
    product: str
    title: str
    why: str
    check: str
    fix: str
    basis: Basis
    source: str
    behind: dict[str, Weight]
    confirmed_by: tuple[str, ...] = ()
    excluded_by: tuple[str, ...] = ()
    where: dict[str, str] = {}
    was: tuple[str, ...] = ()


class FactPattern(Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A fact that patterns find in the text, or that a request shows. The format is described in facts.toml."""

    means: str
    patterns: tuple[str, ...] = ()
    words: tuple[tuple[str, ...], ...] = ()  # groups: the text needs a word of each (kernel.required_words)
    values: dict[str, str] = {}
    kind: str = ""
    grant: str = ""
    sends: dict[str, str] = {}
    lacks: dict[str, str] = {}


class CodeMistake(Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A mistake that only source code shows. The format is described in code.toml."""

    severity: Literal["error", "warning", "info"]
    title: str
    why: str
    fix: str
    same: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    words: tuple[tuple[str, ...], ...] = ()  # as of a FactPattern
    unless: str = ""
    is_of_requests: bool = False
    slots: dict[str, dict[str, str]] = {}


class CodeLibrary(Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """How the settings of an OAuth library are recognised: by the path of a call, or by one of these groups of names."""

    path: str = ""
    names: tuple[tuple[str, ...], ...] = ()


class CodeKnowledge(Struct, frozen=True, forbid_unknown_fields=True):
    """forms: how each library sends a form. The others are words with spaces between them: the format is in code.toml."""

    mistakes: dict[str, CodeMistake] = {}
    forms: dict[str, str] = {}
    libraries: dict[str, CodeLibrary] = {}
    functions: dict[str, str] = {}
    collections: dict[str, str] = {}
    settings: dict[str, str] = {}


class Knowledge(Struct, frozen=True, dict=True):
    """Everything, with the phrases as one trie.

    phrases: by its first word what follows it, a Trie, which is decoded when a text has that word (`phrases`).
    pieces: what each piece of evidence is in words, by its kind and subkind.
    unseen: for each fact about a request, the ids of the causes that can't be seen in it.
    """

    products: dict[str, Product]
    messages: dict[str, Message]
    causes: dict[str, Cause]
    phrases: dict[str, Raw]
    unseen: dict[str, tuple[str, ...]] = {}
    facts: dict[str, FactPattern] = {}
    code: CodeKnowledge = CodeKnowledge()
    pieces: dict[str, dict[str, str]] = {}

    @cached_property
    def by_part(self) -> dict[int, list[tuple[str, Phrase]]]:
        """For each part of a phrase, the phrases that begin with it in the first groups of messages, with the messages' ids."""
        found: dict[int, list[tuple[str, Phrase]]] = {}
        for message in self.messages.values():
            for phrase in message.wordings[0] if message.wordings else ():
                found.setdefault(phrase[0], []).append((message.id, phrase))
        return found

    @cached_property
    def by_code(self) -> dict[str, list[str]]:
        """For each code, the ids of the messages without wordings that need it; for "", of those that need no code."""
        found: dict[str, list[str]] = {}
        for message in self.messages.values():
            for code in () if message.wordings else message.codes or ("",):
                found.setdefault(code, []).append(message.id)
        return found

    @cached_property
    def marked(self) -> dict[int, list[str]]:
        """For each part of a phrase, the ids of the products that have a mark which begins with it."""
        found: dict[int, dict[str, None]] = {}
        for product in self.products.values():
            for mark in product.marks:
                found.setdefault(mark[0], {})[product.id] = None
        return {part: [*ids] for part, ids in found.items()}

    @cached_property
    def causes_of(self) -> dict[str, list[str]]:
        """For each message, the ids of the causes behind it."""
        found: dict[str, list[str]] = {}
        for cause in self.causes.values():
            for message in cause.behind:
                found.setdefault(message, []).append(cause.id)
        return found

    @cached_property
    def places(self) -> dict[str, int]:
        """The places of messages and causes in their order."""
        return {id: place for place, id in enumerate((*self.messages, *self.causes))}
