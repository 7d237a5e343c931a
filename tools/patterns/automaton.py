"""Translates a regular expression to a nondeterministic automaton, with what the engine looks at before and after a place.

What can't be translated exactly may take more texts than the expression does, so a slow expression is never missed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from re import _constants as constants  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

from tools.patterns.alphabet import Alphabet

COPIES, COPIED = 4, 12
"""A repetition of at most COPIES times, or of COPIED characters, is copied. A larger one becomes a loop with a bound."""
UNBOUNDED = 1 << 30
_REPEATS = (constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT)
_SINGLE = (constants.LITERAL, constants.NOT_LITERAL, constants.ANY, constants.IN)


class Guard(NamedTuple):
    """What an empty step requires: the characters before and after the place, and whether the text may begin or end there.

    is_exit: the step leaves a possessive loop, which reads the other characters, so it never makes a match fail.
    """

    before: int
    after: int
    begins: bool = True
    ends: bool = True
    is_exit: bool = False


class Step(NamedTuple):
    """An empty step to another state. guard: None if nothing is required."""

    target: int
    guard: Guard | None = None


@dataclass
class State:
    """reads: the characters that lead to `target`. bound: how often the loops around it can be repeated altogether."""

    bound: int
    reads: int = 0
    target: int = -1
    steps: list[Step] = field(default_factory=list)


class Automaton:
    """The automaton of a pattern. `start` and `accept` are states."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        tree = parser.parse(pattern, flags)
        self.flags = tree.state.flags
        self.alphabet = Alphabet(tree, self.flags)
        self.states: list[State] = []
        self._bounds = [1]
        self.start = self._new_state()
        self.accept = self._add_sequence(tree, self.start)

    def _new_state(self) -> int:
        self.states.append(State(self._bounds[-1]))
        return len(self.states) - 1

    def _add_step(self, source: int, target: int, guard: Guard | None = None) -> None:
        self.states[source].steps.append(Step(target, guard))

    def _step_to_new_state(self, source: int, guard: Guard | None = None) -> int:
        target = self._new_state()
        self._add_step(source, target, guard)
        return target

    def _add_sequence(self, items: Any, at: int) -> int:
        for op, argument in items:
            at = self._add_item(op, argument, at)
        return at

    def _add_item(self, op: Any, argument: Any, at: int) -> int:
        if op in _SINGLE:
            return self._read_characters(self.alphabet.matched_by(op, argument), at)
        if op in _REPEATS:
            return self._add_repeat(op, *argument, at=at)
        match op:
            case constants.BRANCH:
                return self._add_branch(argument[1], at)
            case constants.SUBPATTERN:
                return self._add_sequence(argument[3], at)
            case constants.ATOMIC_GROUP:
                return self._add_sequence(argument, at)
            case constants.AT:
                return self._add_anchor(argument, at)
            case constants.ASSERT | constants.ASSERT_NOT:
                return self._add_lookaround(argument[0], argument[1], at, negated=op is constants.ASSERT_NOT)
            case constants.GROUPREF:
                return self._add_repeat(constants.MAX_REPEAT, 0, constants.MAXREPEAT, [(constants.ANY, None)], at=at)
            case constants.GROUPREF_EXISTS:
                return self._add_branch([argument[1], argument[2] or []], at)
        raise NotImplementedError(f"{op} of a regular expression")

    def _read_characters(self, characters: int, at: int) -> int:
        source = self._step_to_new_state(at)
        target = self._new_state()
        self.states[source].reads, self.states[source].target = characters, target
        return target

    def _add_branch(self, branches: Any, at: int) -> int:
        end = self._new_state()
        for branch in branches:
            self._add_step(self._add_sequence(branch, self._step_to_new_state(at)), end)
        return end

    def _add_repeat(self, op: Any, least: int, most: Any, body: Any, *, at: int) -> int:
        size = len(body)
        bound = UNBOUNDED if most is constants.MAXREPEAT else int(most)
        if bound <= COPIES or (bound * size <= COPIED and all(op in _SINGLE for op, _ in body)):
            return self._add_copies(least, bound, body, at)
        for _ in range(least if least * size <= COPIED else 1):
            at = self._add_sequence(body, at)
        self._bounds.append(min(UNBOUNDED, self._bounds[-1] * bound))
        head = self._step_to_new_state(at)
        self._add_step(self._add_sequence(body, head), head)
        self._bounds.pop()
        is_possessive = op is constants.POSSESSIVE_REPEAT and bound == UNBOUNDED and size == 1 and body[0][0] in _SINGLE
        others = self.alphabet.everything & ~self.alphabet.matched_by(*body[0]) if is_possessive else 0
        return self._step_to_new_state(head, Guard(self.alphabet.everything, others, is_exit=True) if is_possessive else None)

    def _add_copies(self, least: int, most: int, body: Any, at: int) -> int:
        end = self._new_state()
        for number in range(most):
            if number >= least:
                self._add_step(at, end)
            at = self._add_sequence(body, at)
        self._add_step(at, end)
        return end

    def _add_lookaround(self, direction: int, body: Any, at: int, *, negated: bool) -> int:
        """A single character is required exactly. What else is looked for ahead is read, and nothing follows it."""
        characters = self._single_character(body)
        everything = self.alphabet.everything
        if characters is not None and direction < 0:
            guard = Guard(everything & ~characters, everything) if negated else Guard(characters, everything, begins=False)
            return self._step_to_new_state(at, guard)
        if characters is not None:
            guard = Guard(everything, everything & ~characters) if negated else Guard(everything, characters, ends=False)
            return self._step_to_new_state(at, guard)
        if direction > 0:
            self._add_sequence(body, self._step_to_new_state(at))
            return at
        last = self._single_character(list(body)[-1:])
        if last is None or negated:
            return at
        return self._step_to_new_state(at, Guard(last, everything, begins=False))

    def _single_character(self, body: Any) -> int | None:
        """The characters of a body that is one character, or one of several; None if it is something else."""
        items = list(body)
        if len(items) == 1 and items[0][0] in _SINGLE:
            return self.alphabet.matched_by(*items[0])
        if len(items) == 1 and items[0][0] is constants.BRANCH:
            parts = [self._single_character(branch) for branch in items[0][1][1]]
            return None if None in parts else sum_of(part for part in parts if part is not None)
        if len(items) == 1 and items[0][0] is constants.SUBPATTERN:
            return self._single_character(items[0][1][3])
        return None

    def _add_anchor(self, anchor: Any, at: int) -> int:
        everything = self.alphabet.everything
        line = self.alphabet.where(lambda char: char == "\n")
        word = self.alphabet.matched_by(constants.IN, [(constants.CATEGORY, constants.CATEGORY_WORD)])
        other = everything & ~word
        guards = {
            constants.AT_BEGINNING: (Guard(line if self.flags & re.MULTILINE else 0, everything),),
            constants.AT_BEGINNING_STRING: (Guard(0, everything),),
            constants.AT_END: (Guard(everything, line),),
            constants.AT_END_STRING: (Guard(everything, 0),),
            constants.AT_BOUNDARY: (Guard(word, other, begins=False), Guard(other, word, ends=False)),
            constants.AT_NON_BOUNDARY: (Guard(word, word, False, False), Guard(other, other)),
        }[anchor]
        target = self._new_state()
        for guard in guards:
            self._add_step(at, target, guard)
        return target


def sum_of(parts: Any) -> int:
    total = 0
    for part in parts:
        total |= part
    return total
