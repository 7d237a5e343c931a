"""Explain: one rule speaks for one refusal, or gives advice. It never decides.

Rules that explain the same refusal are asked in the order of the catalogue, from the most specific to the general one,
whose id is the refusal's name; the first that recognises the facts speaks. Advice looks at request and knowledge itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from sickbay.kernel.checks import Facts

Severity: TypeAlias = Literal["error", "warning", "info"]
Degree: TypeAlias = Literal["certain", "probable", "advice"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


class Spec(NamedTuple):
    """The section that says so, and its address."""

    name: str
    url: str


def every(facts: Facts) -> Facts | None:
    """The general rule of a refusal recognises whatever the check said."""
    return facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One declaration.

    id:         from the list of failures; names the fault, never the remedy.
    stage:      where it is examined.
    explains:   the refusal it speaks for; None for advice alone.
    recognises: facts of that refusal -> facts (more, or the same), or None: not this fault.
    advises:    (request, known) -> facts or None, on requests that were granted or are somebody else's.
    at:         other stages whose requests it advises on too: a secret is looked at when a token is asked for.
    severity:   how loud; or a function of the facts.
    outcome:    what the standard dialect answers: the OAuth error, "401 invalid_token", "dropped", "advice".
    title, why, fix: templates over the facts (str.format): what was asked and what is wrong; why; what to send instead.
    parameter:  the request parameter at fault; facts `received`, `expected`, `note` fill its row of the table.
    root:       its fault brings others with it: it is said first, and they say that they follow from it. Their parameters, or
                they themselves, are named by the facts `brings`, else `names`.
    renews:     request -> the request with a place for what is spent and must be had anew, where something else is mended too.
    repair:     (request, facts) -> the request with this fault mended, where that can be known; the fact `known` is
                all that is known, for repairs alone.
    """

    id: str
    stage: str
    severity: Severity | Callable[[Facts], Severity]
    outcome: str
    title: str
    why: str
    fix: str
    spec: Spec
    degree: Degree = "certain"
    explains: str | None = None
    recognises: Callable[[Facts], Facts | None] = every
    advises: Callable[[Any, Any], Facts | None] | None = None
    at: tuple[str, ...] = ()
    parameter: str | None = None
    repair: Callable[[Any, Facts], Any] | None = None
    root: bool = False
    insert_placeholder: Callable[[Any], Any] | None = None

    def loudness(self, facts: Facts) -> Severity:
        return self.severity(facts) if callable(self.severity) else self.severity


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that spoke, its words filled with the facts."""

    id: str
    severity: Severity
    title: str
    why: str
    fix: str
    spec: Spec
    degree: Degree = "certain"
    facts: Facts = field(default_factory=dict)
    parameter: str | None = None
    refused: bool = False
    because: str | None = None
    """The finding from which this one follows, and with which it would go."""
    private: tuple[str, ...] = ()
    """Names of facts that only the administrator may read."""

    def to_json(self) -> dict[str, Any]:
        """The shape of the outside contract."""
        return {
            "id": self.id,
            "severity": self.severity,
            "title": self.title,
            "why": self.why,
            "fix": self.fix,
            "facts": dict(self.facts),
            "spec": {"name": self.spec.name, "url": self.spec.url},
            **({"because": self.because} if self.because else {}),
        }


def find(rule: Rule, facts: Facts, *, refused: bool, ceiling: Severity = "error") -> Finding:
    """Fill the rule's words; `ceiling` is the loudest it may be here (advice on a granted exchange: warning)."""
    severity = max(rule.loudness(facts), ceiling, key=SEVERITIES.index)
    told = {key: Words((text,)) for key, text in TOLD.items()} if "told" in facts else {}
    words = _Words({**told, **{key: _words(value, key) for key, value in facts.items()}})
    title = "The server's answer names the cause: {told}" if "told" in facts else rule.title
    return Finding(
        id=rule.id,
        severity=severity,
        title=title.format_map(words),
        why=rule.why.format_map(words),
        fix=rule.fix.format_map(words).rstrip(),
        spec=rule.spec,
        degree=rule.degree,
        facts=facts,
        parameter=rule.parameter,
        refused=refused,
    )


TOLD: dict[str, str] = {
    "received": "what your app sent",
    "expected": "what is registered",
    "registered": "see the registration",
    "base": "the FHIR base",
    "bases": "see its discovery document",
    "scopes": "the scopes",
    "corrected": "them right",
    "hint": "",
    "what": "",
    "tenant": "the hospital",
    "enabled": "see the registration",
    "ago": "earlier",
}
"""Text for facts that only the other server knows, if its response names the problem (the fact `told` says how)."""


PERHAPS = frozenset({"registered_here"})
"""Facts that are a sentence of their own, or nothing."""


class Words(str):
    """A fact as text. In a template, `{names}` is the text and `{names:code}` puts each item in backticks."""

    items: tuple[str, ...]

    def __new__(cls, items: Sequence[str], text: str | None = None) -> Words:
        words = super().__new__(cls, " ".join(items) if text is None else text)
        words.items = tuple(items)
        return words

    def __format__(self, spec: str) -> str:
        return _series([f"`{item}`" for item in self.items]) if spec == "code" else super().__format__(spec)


class _Words(dict[str, Words]):
    """Facts by name. An unknown fact becomes an ellipsis instead of an error, because an explanation must not fail."""

    def __missing__(self, key: str) -> Words:
        return Words(("" if key in PERHAPS else "…",))


LISTED = frozenset({"names", "missing", "renaming"})
"""Facts that read as a list: "a, b and c"."""


def _words(value: Any, key: str = "") -> Words:
    """A fact inside a sentence. Lists are joined by spaces, as scopes are, or read as a list; None is "(none)"."""
    if isinstance(value, (list, tuple)):
        items = [seen(str(item)) for item in value]
        return Words(items, _series(items) if key in LISTED else None)
    return Words(("(none)" if value is None else seen(str(value)),))


def _series(items: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    return f"{', '.join(items[:-1])} and {items[-1]}" if len(items) > 1 else "".join(items)


def seen(text: str) -> str:
    """With what nobody sees written out: a line break, a byte order mark, a blank that is none."""
    return text if text.isprintable() else "".join(one if one.isprintable() else f"<U+{ord(one):04X}>" for one in text)
