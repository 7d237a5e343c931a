"""The declaration of a rule, which explains a refusal or gives advice but never decides, and the finding that it creates.

If several rules explain the same refusal, they are tried in the order of the catalogue, and the general one, whose id is the
refusal's name, is tried last. The first that recognises the facts explains it. Advice depends only on the
request and its context, not on a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, TypedDict

from msgspec import Struct

from sickbay.diagnosis.lists import WORDS
from sickbay.kernel.checks import UNKNOWN, Facts
from sickbay.kernel.english import count

Severity: TypeAlias = Literal["error", "warning", "info"]
Degree: TypeAlias = Literal["certain", "probable", "advice"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
GUESS = "guess"
"""The fact that says what was assumed, if the context had to be guessed (`guesses`)."""
_SEVERITY_FACTS = frozenset(("level", "at_most"))


class Spec(NamedTuple):
    """A section of a specification, and its URL."""

    name: str
    url: str


def is_severity(name: str, value: Any) -> bool:
    """Whether a fact is a severity that a rule reads. It is Sickbay's own word, so it is never hidden, whatever was sent."""
    return name in _SEVERITY_FACTS and value in SEVERITIES


def recognise_always(facts: Facts) -> Facts | None:
    """Recognises any facts. The general rule of a refusal uses it."""
    return facts


def only_with(name: str, value: object = None) -> Callable[[Facts], Facts | None]:
    """Recognises facts among which this one isn't empty, or has this value."""
    return lambda facts: facts if (facts.get(name) if value is None else facts.get(name) == value) else None


def add_count(facts: Facts) -> Facts:
    """The facts with `count` as words in `counted`: 1 problem, 2 problems."""
    return {**facts, "counted": count(facts["count"], "problem")}


def severity_by(name: str, present: Severity, absent: Severity) -> Callable[[Facts], Severity]:
    """The severity of a rule with this fact, and of one where it is missing or empty."""
    return lambda facts: present if facts.get(name) else absent


def read_spec(link: str) -> Spec:
    """A link in Markdown: `[name](url)`."""
    return Spec(*link.removeprefix("[").removesuffix(")").rsplit("](", 1))


class RuleCondition(NamedTuple):
    """What a request and its context must have before a rule looks at them. Many rules share one (`RuleIndex.advising`)."""

    unknown: str | None = None
    given: str | None = None
    sent: str | None = None
    absent: str | None = None

    def is_met(self, request: Any, context: Any) -> bool:
        if self.unknown and getattr(context, self.unknown, None) is not UNKNOWN:
            return False
        if (self.given and not getattr(context, self.given, None)) or (self.sent and not _has_parameter(request, self.sent)):
            return False
        return not (self.absent and _has_parameter(request, self.absent))


class WordList(NamedTuple):
    """The texts for a slot, by the value of the first of these facts that has one; of a parameter, by its modifier.

    `otherwise` has the text for all other values.
    """

    facts: Sequence[str]
    texts: Mapping[str, str]

    def choose(self, facts: Facts) -> str | None:
        keys = (str(facts.get(name)).rpartition(":")[2] for name in self.facts)
        return next((self.texts[key] for key in (*keys, "otherwise") if key in self.texts), None)


class Functions(TypedDict, total=False):
    """The fields of a rule that are functions."""

    recognises: Callable[[Facts], Facts | None]
    advises: Callable[[Any, Any], Facts | None]
    repair: Callable[[Any, Facts], Any]
    insert_placeholder: Callable[[Any], Any]
    severity: Callable[[Facts], Severity]


RuleFunctions: TypeAlias = Mapping[str, Functions]
"""The functions of the rules in a file, by their ids."""


class Rule(Struct, frozen=True, kw_only=True):
    """One rule. `rule_file` reads it: its functions are Python, the other fields are in a Markdown file.

    id:         names the problem, never its fix. Stable: it is part of URLs and stored findings.
    explains:   the name of the refusal that it explains; None if it only gives advice. A file says it only if that isn't the
                refusal with its id, and `-` if it doesn't explain that one.
    stage:      the stage whose requests it examines. No file says it: it follows from the folder.
    recognises: facts of that refusal -> the same facts or more; None if this rule doesn't apply.
    advises:    (request, context) -> facts, or None. Called for every request of the stage, refused or not, unless one of the
                next four fields excludes it.
    unknown:    it advises only if this member of the context is UNKNOWN: `server` if the server isn't known, as in most
                pasted requests.
    given:      it advises only if this member of the context has a value.
    sent:       it advises only if this parameter was sent.
    absent:     it advises only if this parameter wasn't sent.
    at:         other stages whose requests it also advises on. For example, a client secret is part of a token request.
    severity:   fixed, or a function of the facts. A refusal is an error.
    outcome:    the response in the standard dialect: the OAuth error, "401 invalid_token", "dropped" or "advice". It follows
                from the refusal, or is "advice".
    differs:    why the severity of a refusal, or the outcome, isn't what follows: a sentence. Only such a file says them.
    degree:     how sure it is. `advice` is on the quality of what every server accepts: in a pasted text always information.
    title, why, fix: templates that are filled with the facts (str.format).
    words:      for a slot in them that isn't a fact, its texts by the value of a fact: templates, too.
    parameter:  the request parameter that is wrong. The facts `received`, `expected` and `note` fill its row of the table.
    root:       this problem causes other refusals. It is listed first, and they refer to it. The fact `brings` (or else
                `names`) lists their names or their parameters.
    repair:     (request, facts) -> the corrected request. The extra fact `context` is the context of the request.
    insert_placeholder: request -> the request with a placeholder for a value that can't be sent again, such as a used code.
    """

    id: str
    title: str
    why: str
    fix: str
    spec: Spec
    words: Mapping[str, WordList] = {}
    stage: str = ""
    severity: Severity | Callable[[Facts], Severity] = "error"
    outcome: str = ""
    differs: str = ""
    degree: Degree = "certain"
    explains: str | None = None
    recognises: Callable[[Facts], Facts | None] = recognise_always
    advises: Callable[[Any, Any], Facts | None] | None = None
    unknown: str | None = None
    given: str | None = None
    sent: str | None = None
    absent: str | None = None
    at: tuple[str, ...] = ()
    parameter: str | None = None
    repair: Callable[[Any, Facts], Any] | None = None
    root: bool = False
    insert_placeholder: Callable[[Any], Any] | None = None

    @property
    def condition(self) -> RuleCondition:
        return RuleCondition(self.unknown, self.given, self.sent, self.absent)

    def severity_of(self, facts: Facts) -> Severity:
        return self.severity(facts) if callable(self.severity) else self.severity


def _has_parameter(request: Any, name: str) -> bool:
    """Whether the request has this parameter with a value. A pasted response or a FHIR request may have no parameters."""
    return bool((getattr(request, "parameters", None) or {}).get(name))


class Finding(Struct, frozen=True):
    """What a rule says about a request, with its templates filled in."""

    id: str
    severity: Severity
    title: str
    why: str
    fix: str
    spec: Spec
    degree: Degree = "certain"
    facts: Facts = {}
    parameter: str | None = None
    refused: bool = False
    because: str | None = None
    """The id of the finding that caused this one. Fixing that one fixes this one too."""
    private: tuple[str, ...] = ()
    """Names of the facts that only the administrator may read."""

    def to_json(self) -> dict[str, Any]:
        """The form in which the API and `doctor --jsonl` return it."""
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


def fill_rule(rule: Rule, facts: Facts, *, refused: bool, ceiling: Severity = "error") -> Finding:
    """Fills in the rule's templates. ceiling: the highest severity that is allowed; for advice on a live request, warning.

    With the fact GUESS the finding is only probable, and at most a warning; the fact `at_most` lowers it to info.
    """
    guess = str(facts.get(GUESS, ""))
    most: Severity = facts.get("at_most", "warning" if guess else "error")
    severities = (rule.severity_of(facts), ceiling, most)  # one that an older Sickbay stored can be hidden
    severity = max((candidate for candidate in severities if candidate in SEVERITIES), key=SEVERITIES.index)
    facts = _choose_words(rule, facts)
    substitutes = {key: Words((text,)) for key, text in WORDS["facts_of_the_server"].items()} if "told" in facts else {}
    words = _Words({**substitutes, **{key: _words_of_fact(value, key) for key, value in facts.items()}})
    title, why, fix = rule.title, rule.why, rule.fix
    if "told" in facts:
        title, why, fix = "The server's answer names the cause: {told}", _drop_lists(why, facts), _drop_backticks(fix, facts)
    return Finding(
        id=rule.id,
        severity=severity,
        title=title.format_map(words),
        why=f"{why.format_map(words)} {guess}".rstrip(),
        fix=fix.format_map(words).rstrip(),
        spec=rule.spec,
        degree="probable" if guess and rule.degree == "certain" else rule.degree,
        facts=facts,
        parameter=rule.parameter,
        refused=refused,
    )


def _choose_words(rule: Rule, facts: Facts) -> Facts:
    """The facts with the texts of the rule's slots that they don't have."""
    chosen = {
        slot: text for slot, words in rule.words.items() if slot not in facts and (text := words.choose(facts)) is not None
    }
    words = _Words({key: _words_of_fact(value, key) for key, value in facts.items()}) if chosen else {}
    return {**facts, **{slot: text.format_map(words) for slot, text in chosen.items()}}


def is_policy(facts: Facts) -> bool:
    """Whether the facts are about what only some servers refuse (`guesses.POLICY`)."""
    return GUESS in facts and facts.get("at_most") == "info"


_LISTS = frozenset({"registered", "enabled", "bases"})
"""Facts that a reason lists. If only the other server knows them, the sentence is left out."""
_SENTENCE_END = re.compile(r"(?<=[.!?]) ")
_SLOT = re.compile(r"\{(\w{1,40})(?::code)?\}")
_CODE_SLOT = re.compile(r"`(?:([\w{}-]{1,40})(?:=|: ))?\{(\w{1,40})\}`|\{(\w{1,40}):code\}")


def _drop_lists(why: str, facts: Facts) -> str:
    """A template without the sentences that list what only the other server knows, unless no other sentence would remain."""
    sentences = _SENTENCE_END.split(_drop_backticks(why, facts))
    told = [sentence for sentence in sentences if not (_LISTS - facts.keys()).intersection(_SLOT.findall(sentence))]
    return " ".join(told or sentences)


def _drop_backticks(template: str, facts: Facts) -> str:
    """A template with words for slots that have no value: "the `aud` that the server expects" instead of "`aud={expected}`"."""

    def replace(slot: re.Match[str]) -> str:
        whose = "your app sent" if slot[2] == "received" else "the server expects"
        words = f"the `{slot[1]}` that {whose}" if slot[1] else f"{{{slot[2] or slot[3]}}}"
        return slot[0] if (slot[2] or slot[3]) in facts else words

    return _CODE_SLOT.sub(replace, template)


PERHAPS = frozenset({"registered_here", "registered_cause", "registered_fix", "requested"})
"""Facts that are a whole sentence. If they are missing, nothing is shown."""


class Words(str):
    """A fact as text. In a template, `{names}` is the text and `{names:code}` puts each item in backticks, except words in
    parentheses, which stand for a value that is missing or hidden.
    """

    items: tuple[str, ...]

    def __new__(cls, items: Sequence[str], text: str | None = None) -> Words:
        words = super().__new__(cls, " ".join(items) if text is None else text)
        words.items = tuple(items)
        return words

    def __format__(self, spec: str) -> str:
        if spec != "code":
            return super().__format__(spec)
        return _join_series([item if item.startswith("(") else f"`{item}`" for item in self.items])


class _Words(dict[str, Words]):
    """Facts by name. An unknown fact becomes an ellipsis instead of an error, because an explanation must not fail."""

    def __missing__(self, key: str) -> Words:
        return Words(("" if key in PERHAPS else "…",))


LISTED = frozenset({"names", "missing", "renaming"})
"""Facts that read as a list: "a, b and c"."""


def _words_of_fact(value: Any, key: str = "") -> Words:
    """A fact inside a sentence. Lists are joined by spaces, as scopes are, or read as a list; None is "(none)"."""
    if isinstance(value, (list, tuple)):
        items = [escape_unprintable(str(item)) for item in value]
        return Words(items, _join_series(items) if key in LISTED else None)
    return Words(("(none)" if value is None else escape_unprintable(str(value)),))


def _join_series(items: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    return f"{', '.join(items[:-1])} and {items[-1]}" if len(items) > 1 else "".join(items)


def escape_unprintable(text: str) -> str:
    """The text with unprintable characters, such as line breaks and byte order marks, written as <U+000A>."""
    return text if text.isprintable() else "".join(char if char.isprintable() else f"<U+{ord(char):04X}>" for char in text)


def strip_facts(template: str) -> str:
    """A rule's text without facts: placeholders are in angle brackets."""
    return (
        template.replace(":code}", "}")
        .replace("{{", "\0")
        .replace("{", "‹")
        .replace("}", "›")
        .replace("\0", "{")
        .replace("››", "}")
    )
