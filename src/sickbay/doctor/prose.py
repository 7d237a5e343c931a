"""Says whether the text around what was recognised has sentences, and whether they tell of a problem."""

from __future__ import annotations

import re
from collections.abc import Iterator

READ_CHARACTERS = 100_000
LINE_CHARACTERS = 2_000
SENTENCE_WORDS = 4
_WORD = re.compile(r"[\"'(“‘]?[^\W\d_]\w*(?:['’-]\w+)*[,.:;!?)\"”]*")
_WITHOUT_BLANKS = re.compile(r"[\u3040-\u9fff]{6}")
"""Six characters of a script without blanks."""
_CODE = ("//", "#", "*", "/*", "--", "<", "import ", "from ", "export ", "using ", "package ", "function ")
"""How comments and some lines of code begin."""
_CALL = re.compile(r"[\w.:= ]{1,100}\([\"']")
_CODE_END = (";", "{", "}", "(", "=>", "*/")
_PROBLEM = re.compile(
    r"\?(?:$|[\s\"')])|n['’]t\b|\b(?:not|cannot|unable|fail\w*|errors?|exceptions?|wrong\w*|problems?|issues?|trouble|refus\w+|reject\w+"
    r"|den(?:y|ies|ied)|missing|empty|instead|why|stuck|strange|unexpected\w*|incorrect\w*|broken|never|nothing|unauthori[sz]ed"
    r"|forbidden|invalid|disappear\w*|lost|loses|drops?|dropped|ignor\w+|must|should|expected)\b",
    re.I,
)


def has_sentences(prose: str) -> bool:
    """Whether a line says something. What ends with a colon only introduces what follows it."""
    return any(not line.endswith(":") or _PROBLEM.search(line) for line in _sentences(prose))


def tells_of_a_problem(prose: str) -> bool:
    """Whether a sentence asks a question, or says that something fails."""
    return any(_PROBLEM.search(line) for line in _sentences(prose))


def _sentences(prose: str) -> Iterator[str]:
    lines = (line[:LINE_CHARACTERS].strip() for line in prose[:READ_CHARACTERS].splitlines())
    return (line for line in lines if _is_sentence(line) and not _is_code(line))


def _is_sentence(line: str) -> bool:
    """Whether most of the line are words. A question may be shorter."""
    tokens = line.split()
    words = sum(_WORD.fullmatch(token) is not None for token in tokens)
    is_long = words >= SENTENCE_WORDS - line.endswith("?") and 2 * words > len(tokens)
    return is_long or _WITHOUT_BLANKS.search(line) is not None


def _is_code(line: str) -> bool:
    return line.startswith(_CODE) or line.endswith(_CODE_END) or _CALL.match(line) is not None
