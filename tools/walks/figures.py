"""Figures about a walk: decision depth, files by phase, files that call each other, and files that are entered for little."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from tools.walks.recorder import Walk

PHASES = {
    "agents": "show",
    "web/exchanges": "show",
    "web/pages": "show",
    "web/portal": "show",
    "web/ehr": "show",
    "web/explorer": "show",
    "web/html_response": "show",
    "web": "HTTP",
    "services/decision": "decide",
    "services/empty_searches": "explain",
    "services/journal": "record",
    "services/redaction": "record",
    "services/request_metrics": "record",
    "services/writing": "store",
    "services": "load",
    "sandbox": "load",
    "settings": "load",
    "population": "load",
    "storage": "store",
    "doctor": "explain",
    "diagnosis": "explain",
    "authorization": "decide",
    "dialects": "decide",
    "faults": "decide",
    "fhir/readable": "show",
    "fhir": "decide",
    "protocol": "decide",
    "kernel/checks": "decide",
    "kernel": "load",
}
"""Folders and files -> what is done there. The first that fits counts."""
NAMES = ("HTTP", "load", "decide", "explain", "record", "show", "store")
DEEP = frozenset(NAMES) - {"HTTP", "load"}
TABLES = {
    "authorization/access/": "",
    "authorization/authorize/": "",
    "authorization/login/": "",
    "authorization/registration/": "",
    "authorization/token/": "",
    "diagnosis/evidence/": "diagnosis/kinds.py",
    "diagnosis/examiners/": "diagnosis/kinds.py",
    "diagnosis/rules/": "diagnosis/catalogue.py",
    "doctor/facts/": "",
    "fhir/definitions/": "",
    "web/fhir/interactions/": "",
    "web/fhir/operations/": "",
    "web/middleware/": "web/app.py",
}
"""Folders whose files are the rows of a table, such as the checks of a stage, and the file with the table, if it is elsewhere.
Who knows the table knows the rows, so they count as one file.
"""
DECORATORS = frozenset(("kernel/checks.py", "kernel/memoize.py"))
"""Files that call the functions that they decorate. Every way goes through them."""
FEW_FUNCTIONS = 2


class Figures(NamedTuple):
    """phases: phase -> number of files. pairs: files that call each other. small: files entered for at most two functions.

    stack: the deepest call stack, without the files of HTTP and loading.
    """

    files: int
    calls: int
    stack: tuple[str, ...]
    phases: dict[str, int]
    pairs: list[tuple[str, str]]
    small: list[str]

    @property
    def depth(self) -> int:
        return len(self.stack)


def measure(walk: Walk) -> Figures:
    functions: Counter[str] = Counter()
    for file, entered in walk.functions.items():
        functions[row_of(file)] += len(entered)
    return Figures(
        files=len(functions),
        calls=walk.total,
        stack=max((decision_stack(stack) for stack in walk.stacks), key=len),
        phases=dict(Counter(phase_of(file) for file in functions)),
        pairs=list(list_pairs(walk)),
        small=[file for file, number in functions.items() if number <= FEW_FUNCTIONS and file not in DECORATORS],
    )


def row_of(file: str) -> str:
    """The table that this file is a row of, or else the file."""
    return next((rows for rows, table in TABLES.items() if file.startswith(rows) or file == table), file)


def phase_of(file: str) -> str:
    return next(phase for start, phase in PHASES.items() if file.startswith((f"{start}/", f"{start}.")))


def decision_stack(stack: tuple[str, ...]) -> tuple[str, ...]:
    """The files on a call stack in which something is decided, explained, recorded, shown or stored."""
    return tuple(dict.fromkeys(row_of(file) for file in stack if phase_of(file) in DEEP))


def list_pairs(walk: Walk) -> Iterator[tuple[str, str]]:
    """Pairs of files that call each other, except those of one table, and what only decorates the other's functions."""
    for caller, called in walk.calls:
        is_pair = caller < called and (called, caller) in walk.calls and row_of(caller) != row_of(called)
        if is_pair and not DECORATORS & {caller, called}:
            yield caller, called


class Ceilings(NamedTuple):
    """The largest allowed figures of a walk. small: files entered for at most two functions, as a share of all."""

    depth: int = 9
    pairs: int = 0
    small: float = 1 / 6


def find_problems(name: str, figures: Figures, allowed: Ceilings) -> Iterator[str]:
    """What is larger than it may be."""
    if figures.depth > allowed.depth:
        yield f"{name}: decision depth {figures.depth} (allowed: {allowed.depth}): {', '.join(figures.stack)}"
    if len(figures.pairs) > allowed.pairs:
        listed = "; ".join(" and ".join(pair) for pair in figures.pairs)
        yield f"{name}: {len(figures.pairs)} pairs of files call each other (allowed: {allowed.pairs}): {listed}"
    if len(figures.small) > allowed.small * figures.files:
        share = f"{len(figures.small)} of {figures.files}"
        listed = ", ".join(figures.small)
        yield f"{name}: {share} files are entered for at most two functions (allowed: {allowed.small:.0%}): {listed}"
