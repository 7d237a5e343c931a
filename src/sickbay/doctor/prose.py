"""Determines whether the text around what was recognised describes a problem or a request that works, or is only code."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from sickbay.diagnosis.answers.values import CODES
from sickbay.diagnosis.lists import LISTS
from sickbay.kernel.late_patterns import compile_late
from sickbay.kernel.text_search import fold_case

READ_CHARACTERS = 100_000
LINE_CHARACTERS = 2_000
SENTENCE_WORDS = 4
_WORD = compile_late(r"[\"'(“‘`*]{0,3}[^\W\d_]\w*(?:['’-]\w+)*[,.:;!?)\"”`*]*")
_SURE = compile_late(r"[\u3040-\u9fff]{6}|(?<![\w-])(?:fails\b|(?:returns?|gives?|answers?) (?:nothing\b|\[\]))")
"""Six characters of a script without spaces, or a few words that say that something fails."""
_CODE = ('"""', "//", "#", "*", "/*", "--", "-d ", "-H ", "<")
"""The beginnings of comments and of some lines of code."""
_MEMBER = compile_late(r"[\w.'\"-]{1,60}\s?[:=]\s?\S+,?$")
_SETTING = compile_late(r"(?:[-*] )?(?:--)?[\w.'/\[\]+-]{1,80}\s?[:=](?:\s?\S|$)|- \S+$|---$|#")
SETTINGS = 4
"""The minimum number of lines, because a line such as `reason: …` may be a message."""
_PROBLEM = compile_late("|".join(LISTS["patterns_of_a_problem"]).replace("WORDS", "|".join(LISTS["words_of_a_problem"])))
"""Of a folded text: a pattern that ignores case takes seven times as long."""
FOREIGN_WORDS = 3
"""Text with this many words in other letters than Latin can't be read."""


def tells_of_a_problem(prose: str) -> bool:
    """Whether a sentence asks a question, says that something fails, or can't be read."""
    return any(names_a_problem(line) or _SURE.search(fold_case(line)) or _is_foreign(line) for line in _split_sentences(prose))


TOLD, _MARK, _RECORD, _STATEMENT = (compile_late("|".join(LISTS[name]), re.M) for name in LISTS["of_reports"][:-4])
_PROPOSED, _GENERAL, _STATED, _SPECIFIED = (
    compile_late(rf"(?:^|\b(?=\w))(?:{'|'.join(LISTS[name])})", re.M) for name in LISTS["of_reports"][-4:]
)
"""All of these begin with a line or a word. At each other character, dozens of patterns would be tried in vain."""
WORDS = 54
"""The maximum number of different words of a message. A log has few, because it repeats them."""


def is_report(text: str, around: str, *, has_error: bool = False) -> bool:
    """Whether its author reports a problem, or it is as short as a message. Other texts describe what can happen."""
    sentences, is_code = _split_sentences(around), is_program(text)
    is_mostly = 2 * sum(map(names_a_problem, sentences)) >= len(sentences)
    is_short = len({*(text if is_code else around).split()}) <= WORDS
    return (is_short and not _handles_errors(text)) or _is_told(text, sentences) or (is_mostly and has_error and not is_code)


def is_success(text: str) -> bool:
    """Whether it says that something was successful, and names no problem."""
    text = text[:READ_CHARACTERS]
    return _SUCCESS.search(text) is not None and _CONTRADICTED.search(text) is None and not names_a_problem(text)


_SUCCESS = compile_late(r"(?<!un)(?<!not )\b(?:auth|login_?)?success(?:ful(?:ly)?)?\b", re.I)
_CONTRADICTED = compile_late(r"\b(?:but|however|even (?:when|though))\b", re.I)


def is_proposal(text: str) -> bool:
    """Whether it asks for a feature or documentation, and doesn't say that something fails."""
    text = text[:READ_CHARACTERS]
    return _PROPOSED.search(text) is not None and _SURE.search(fold_case(text)) is None


def is_general(pasted: str, around: str, *, shows_error: bool = False) -> bool:
    """Whether the text says what can happen or what has changed, and reports no event. around: the text between its pieces.

    shows_error: it has an error response, which general sentences and headings don't hide.
    """
    text = pasted[:READ_CHARACTERS]
    rest, said = (_SPECIFIED.sub(" ", each) for each in (text, around))
    if _is_told(rest, () if is_proposal(around) else _split_sentences(said)):
        return False
    listed = CODES.intersection(_ERROR_CODE.findall(fold_case(text)))
    texts = {text, _BREAK_IN_SENTENCE.sub(" ", text)}
    is_stated = not shows_error and any(map(_STATED.search, texts))
    return len(listed) > 2 or is_stated or any(map(_GENERAL.search, texts))


_ERROR_CODE = compile_late(r"(?<![a-z_])[a-z]{2,20}(?:_[a-z]{2,20}){1,4}")
_BREAK_IN_SENTENCE = compile_late(r"\n[ \t]*+(?:[#*/;>]{1,3}[ \t]++)?(?=[a-z(`'\"+])")


def _is_told(text: str, sentences: Iterable[str]) -> bool:
    """Whether it has the record of an event, or a person tells what happened."""
    return _MARK.search(text) is not None or any(map(TOLD.search, sentences))


def leave_out_what_may_happen(text: str) -> str:
    """The text without the sentences and statements in it, but with the records of logs."""
    leaves_out = _is_code if is_program(text) else _STATEMENT.match
    lines = ((line, line.strip()) for line in text.splitlines())
    return "\n".join(line for line, it in lines if _RECORD.match(line) or not (_is_sentence(it) or leaves_out(it)))


def is_program(text: str) -> bool:
    """Whether most of its lines are statements."""
    lines = _read_code(text)
    return 2 * sum(is_statement for _, is_statement in lines) > len(lines)


def _handles_errors(text: str) -> bool:
    """Whether it is a program that names problems in code and comments only, and no message follows it."""
    lines = [each for each in _read_code(text) if not _COMMENT.match(each[0])]
    others = [line for line, is_statement in lines if not (is_statement or _PART.match(line))]
    is_whole = lines and lines[-1][0] not in others[-1:] and sum(is_statement for _, is_statement in lines) > 1
    is_alone = is_whole and 2 * len(others) < len(lines) and not _THROWN.search(text)
    return bool(is_alone) and names_a_problem(text) and not any(map(names_a_problem, others))


_PART = compile_late("|".join(LISTS["parts_of_statements"]))
"""A member or an argument, other than one of an error response that a program printed."""


@lru_cache(maxsize=2)
def _read_code(text: str) -> list[tuple[str, bool]]:
    """Its lines with words, and whether each is a statement."""
    lines = (line.strip() for line in text[:READ_CHARACTERS].splitlines())
    return [(line, _STATEMENT.match(line) is not None) for line in lines if re.search(r"\w", line)]


_COMMENT = compile_late(r"#|//|\*|/\*|`{3}|[\"']{3}")
_THROWN = compile_late(r"\bthrow new \w+\([\"'`]")
"""People paste the line of a library that throws."""


def names_a_problem(text: str) -> bool:
    """Whether any of its words reports a problem, even outside sentences."""
    return _PROBLEM.search(fold_case(text[:READ_CHARACTERS])) is not None


def _is_foreign(line: str) -> bool:
    """Whether it has words in Greek, Cyrillic, Hebrew, Arabic or a script of South Asia."""
    return sum("\u0370" <= word[0] <= "\u1fff" for word in line.split()) >= FOREIGN_WORDS


def are_settings(text: str) -> bool:
    """Whether it lists settings (YAML, properties, arguments, FHIR Shorthand), and at most asks whether they are right."""
    lines = [it for line in text[:READ_CHARACTERS].splitlines() if (it := line.strip()) and not _ASKS_TO_CHECK.search(it)]
    return len(lines) >= SETTINGS and all(map(_SETTING.match, lines)) and not names_a_problem("\n".join(lines))


_ASKS_TO_CHECK = compile_late(
    r"\b(?:is|are) (?:this|that|it|these) (?:all|right|correct|okay|ok|enough|fine|valid)\b[^?]{0,80}\?$", re.I
)


def has_sentences(text: str) -> bool:
    """Whether it has a line of words outside code."""
    return not is_program(text) and bool(_split_sentences(text))


def is_code(text: str) -> bool:
    """Whether most lines of a text without sentences are code."""
    lines = [line.strip() for line in text[:READ_CHARACTERS].splitlines() if line.strip()]
    return 2 * sum(map(_is_code, lines)) > len(lines) and not _split_sentences(text)


@lru_cache(maxsize=2)
def _split_sentences(prose: str) -> list[str]:
    """Remembered, because several questions about the same text need them."""
    lines = (line[:LINE_CHARACTERS].strip() for line in prose[:READ_CHARACTERS].splitlines())
    return [line for line in lines if _is_sentence(line) and not _is_code(line)]


def _is_sentence(line: str) -> bool:
    """Whether the line is mostly words. A question may be shorter, and a word that says that something fails is enough."""
    tokens = line.split()
    words = sum(_WORD.fullmatch(token) is not None for token in tokens)
    is_long = words >= SENTENCE_WORDS - line.endswith("?") and 2 * words > len(tokens)
    return is_long or _SURE.search(fold_case(line)) is not None


def _is_code(line: str) -> bool:
    return line.startswith(_CODE) or bool(_STATEMENT.match(line) or _MEMBER.match(line))
