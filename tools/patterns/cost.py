"""Finds out whether the time of a search with a regular expression grows faster than the text.

A backtracking engine tries every place of the text, and at each place every way to match. So a search is superlinear if a
text exists that can be repeated and that can be read in several ways (Weideman and others, "Analyzing Matching Time Behavior of
Backtracking Regular Expression Matchers by Using Ambiguity of NFA", 2016): from the start of the pattern into a loop, and in
that loop; in a loop, on the way to a second one, and in that one; or in two ways in the same loop. A loop after which nothing
can fail is never left for another attempt, so it doesn't count.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple, TypeVar

from tools.patterns.automaton import Automaton, Guard

OF_A_START = 200
"""How often a loop may be repeated for each place where a match may start, before it counts as unbounded."""
OF_TWO_LOOPS, OF_ENDLESS_LOOP = 2_000, 64
"""How many combinations of two bounded loops may read the same text, and how often a loop may be repeated before or after an
unbounded one that reads the same."""
BEGINNING = -1
"""Stands for the character before the text."""

T = TypeVar("T", bound=Hashable)


class Fault(NamedTuple):
    """How a pattern is superlinear. word: the text that is slow when it is repeated. kind: what reads it in several ways."""

    kind: str
    word: str

    def __str__(self) -> str:
        return f"{self.kind}, for example if the text repeats {self.word!r}"


class Place(NamedTuple):
    """A state that reads a character, and the classes of characters that it can read after the way by which it was reached."""

    state: int
    reads: int


class Search:
    """The ways in which a pattern reads a text. anywhere: a match may start at each place. whole: it must end with the text."""

    def __init__(self, automaton: Automaton, *, anywhere: bool, whole: bool = False) -> None:
        self._automaton, self._anywhere, self._whole = automaton, anywhere, whole
        self._class_of_mask: dict[int, int] = {}
        self._closures: dict[tuple[int, int], tuple[tuple[Place, ...], bool]] = {}
        self._successors: dict[tuple[Place, int], tuple[Place, ...]] = {}

    @cached_property
    def representatives(self) -> list[int]:
        """One bit for each class of characters that the pattern tells apart."""
        masks = {state.reads for state in self._automaton.states}
        guards = (step.guard for state in self._automaton.states for step in state.steps if step.guard)
        masks |= {mask for guard in guards for mask in (guard.before, guard.after)}
        ordered = sorted(masks)
        seen: dict[tuple[int, ...], int] = {}
        for index in range(len(self._automaton.alphabet.samples)):
            bit = 1 << index
            seen.setdefault(tuple(bool(mask & bit) for mask in ordered), bit)
        return list(seen.values())

    def classes(self, mask: int) -> int:
        if mask not in self._class_of_mask:
            bits = enumerate(self.representatives)
            self._class_of_mask[mask] = sum(1 << number for number, bit in bits if mask & bit)
        return self._class_of_mask[mask]

    def text(self, classes: Iterable[int]) -> str:
        samples = self._automaton.alphabet.samples
        return "".join(samples[self.representatives[number].bit_length() - 1] for number in classes)

    def closure(self, state: int, before: int) -> tuple[tuple[Place, ...], bool]:
        """The places that are reached without reading, and whether the pattern has matched then, whatever follows.

        A place that is reached in two ways is listed twice. before: the class of the character before.
        """
        key = (state, before)
        if key not in self._closures:
            places: list[Place] = []
            matched = self._walk(state, before, -1, True, places, {})
            self._closures[key] = (tuple(places), matched)
        return self._closures[key]

    def _walk(
        self, state: int, before: int, after: int, free: bool, places: list[Place], seen: dict[tuple[int, int, bool], int]
    ) -> bool:
        """after: the classes that the guards on the way allow; -1 for all, also for the end of the text.

        free: no guard on the way can make the match fail.
        """
        key = (state, after, free)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] > 2:
            return False
        node = self._automaton.states[state]
        matched = state == self._automaton.accept and free and not self._whole
        if node.target >= 0 and (reads := self.classes(node.reads) & after):
            places.append(Place(state, reads))
        for target, guard in node.steps:
            if guard is None or self._holds_before(guard, before):
                allowed, is_free = self._restricted_classes(guard, after)
                matched = self._walk(target, before, allowed, free and is_free, places, seen) or matched
        return matched

    def _restricted_classes(self, guard: Guard | None, after: int) -> tuple[int, bool]:
        """The classes that may follow a guard, and whether it lets everything pass."""
        if guard is None:
            return after, True
        allowed = self.classes(guard.after)
        if allowed == (1 << len(self.representatives)) - 1 and guard.ends:
            return after, True
        return (allowed if after == -1 else allowed & after), guard.is_exit

    def _holds_before(self, guard: Guard, before: int) -> bool:
        return guard.begins if before == BEGINNING else bool(self.classes(guard.before) >> before & 1)

    def after(self, place: Place, character: int) -> tuple[Place, ...]:
        """The places after reading a character of this class, each as often as there are ways to it."""
        key = (place, character)
        if key not in self._successors:
            is_read = place.reads >> character & 1
            target = self._automaton.states[place.state].target
            self._successors[key] = self.closure(target, character)[0] if is_read else ()
        return self._successors[key]

    def started(self, character: int) -> tuple[Place, ...]:
        """The places where a match begins after this character."""
        return self.closure(self._automaton.start, character)[0]

    def is_safe(self, place: Place) -> bool:
        """Whether the pattern has matched after this place, whatever follows."""
        target = self._automaton.states[place.state].target
        return all(self.closure(target, number)[1] for number in self._members_of(place.reads))

    def bound(self, place: Place) -> int:
        return self._automaton.states[place.state].bound

    def _members_of(self, classes: int) -> Iterator[int]:
        return (number for number in range(len(self.representatives)) if classes >> number & 1)

    @cached_property
    def places(self) -> list[Place]:
        """All places that can be reached."""
        characters = range(BEGINNING, len(self.representatives)) if self._anywhere else (BEGINNING,)
        waiting = [place for character in characters for place in self.started(character)]
        found = dict.fromkeys(waiting)
        while waiting:
            place = waiting.pop()
            for character in self._members_of(place.reads):
                for following in self.after(place, character):
                    if following not in found:
                        found[following] = None
                        waiting.append(following)
        return list(found)

    @cached_property
    def loops(self) -> list[frozenset[Place]]:
        """The sets of places that can be read again and again while the match may still fail."""
        unsafe = [place for place in self.places if not self.is_safe(place)]
        allowed = set(unsafe)
        graph = {
            place: {next_ for number in self._members_of(place.reads) for next_ in self.after(place, number)} & allowed
            for place in unsafe
        }
        return [group for group in find_components(graph) if len(group) > 1 or any(place in graph[place] for place in group)]

    # What follows looks for a word that several readers read at the same time. A reader moves inside one loop, or between two.

    def faults(self) -> Iterator[Fault]:
        for loop in self.loops:
            yield from self._from_the_start(loop)
            yield from self._in_two_ways(loop)
        for first in self.loops:
            for second in self.loops:
                if first is not second:
                    yield from self._in_both(first, second)

    def _from_the_start(self, loop: frozenset[Place]) -> Iterator[Fault]:
        for place in loop if self._anywhere else ():
            if self.bound(place) <= OF_A_START:
                continue
            begin: tuple[Place | None, Place] = (None, place)
            word = self._shortest_word(begin, (place, place), lambda pair, number: self._with_start(pair, number, loop))
            if word is not None:
                yield Fault("each start of a match may read to the end", word)
                return

    def _with_start(
        self, pair: tuple[Place | None, Place], number: int, loop: frozenset[Place]
    ) -> Iterator[tuple[Place | None, Place]]:
        waiting, inside = pair
        begun = (None, *self.started(number)) if waiting is None else self.after(waiting, number)
        for following in self.after(inside, number):
            if following in loop:
                for place in begun:
                    yield place, following

    def _in_two_ways(self, loop: frozenset[Place]) -> Iterator[Fault]:
        for place in loop:
            if self.bound(place) <= OF_A_START:
                continue
            word = self._shortest_word(
                (place, place, False), (place, place, True), lambda key, number: self._steps_apart(key, number, loop)
            )
            if word is not None:
                yield Fault("a loop reads the same text in two ways", word)
                return

    def _steps_apart(
        self, key: tuple[Place, Place, bool], number: int, loop: frozenset[Place]
    ) -> Iterator[tuple[Place, Place, bool]]:
        first, second, apart = key
        followed = [place for place in self.after(first, number) if place in loop]
        others = followed if first == second else [place for place in self.after(second, number) if place in loop]
        for index, place in enumerate(followed):
            for other_index, other in enumerate(others):
                yield place, other, apart or place != other or (first == second and index != other_index)

    def _in_both(self, first: frozenset[Place], second: frozenset[Place]) -> Iterator[Fault]:
        between = self._places_between(first, second)
        if not between:
            return
        for start in first:
            for end in second:
                if self._is_bounded(start, end):
                    continue
                word = self._shortest_word(
                    (start, start, end),
                    (start, end, end),
                    lambda key, number: self._moved_places(key, number, first, second, between),
                )
                if word is not None:
                    yield Fault("two loops read the same text", word)
                    return

    def _is_bounded(self, first: Place, second: Place) -> bool:
        """Whether the two loops can divide a text in few ways, or one of them in few ways and the other in one."""
        least, most = sorted((self.bound(first), self.bound(second)))
        return least * most <= OF_TWO_LOOPS or (most > OF_A_START and least <= OF_ENDLESS_LOOP)

    def _places_between(self, first: frozenset[Place], second: frozenset[Place]) -> frozenset[Place]:
        """The places on ways from the first loop to the second one. Empty if there is no way."""
        reached = self._reached_places(first)
        if reached.isdisjoint(second):
            return frozenset()
        return (
            frozenset(place for place in reached if not self._reached_places(frozenset((place,))).isdisjoint(second)) | second
        )

    def _reached_places(self, begin: frozenset[Place]) -> frozenset[Place]:
        found, waiting = set(begin), list(begin)
        while waiting:
            place = waiting.pop()
            for number in self._members_of(place.reads):
                for following in self.after(place, number):
                    if following not in found:
                        found.add(following)
                        waiting.append(following)
        return frozenset(found)

    def _moved_places(
        self,
        key: tuple[Place, Place, Place],
        number: int,
        first: frozenset[Place],
        second: frozenset[Place],
        between: frozenset[Place],
    ) -> Iterator[tuple[Place, Place, Place]]:
        one_places = [place for place in self.after(key[0], number) if place in first]
        last_places = [place for place in self.after(key[2], number) if place in second] if one_places else []
        if not last_places:
            return
        for middle in dict.fromkeys(place for place in self.after(key[1], number) if place in between):
            for place in one_places:
                for last in last_places:
                    yield place, middle, last

    def _shortest_word(self, begin: T, end: Hashable, moves: Callable[[T, int], Iterable[T]]) -> str | None:
        """The shortest text that leads from one combination of places to another one; None if there is none."""
        parents: dict[T, tuple[T, int]] = {}
        waiting = deque([begin])
        seen = {begin}
        while waiting:
            key = waiting.popleft()
            for number in range(len(self.representatives)):
                for following in moves(key, number):
                    if following == end:
                        return self.text([*_path_to(parents, key, begin), number])
                    if following not in seen:
                        seen.add(following)
                        parents[following] = (key, number)
                        waiting.append(following)
        return None


def _path_to(parents: dict[T, tuple[T, int]], key: T, begin: T) -> list[int]:
    path: list[int] = []
    while key != begin:
        key, number = parents[key]
        path.append(number)
    return path[::-1]


def find_components(graph: dict[T, set[T]]) -> list[frozenset[T]]:
    """The strongly connected components (Kosaraju)."""
    order: list[T] = []
    seen: set[T] = set()
    for node in graph:
        _visit(graph, node, seen, order)
    reverse: dict[T, set[T]] = {node: set() for node in graph}
    for node, targets in graph.items():
        for target in targets:
            reverse[target].add(node)
    seen, groups = set(), []
    for node in order[::-1]:
        group: list[T] = []
        _visit(reverse, node, seen, group)
        if group:
            groups.append(frozenset(group))
    return groups


def _visit(graph: dict[T, set[T]], node: T, seen: set[T], order: list[T]) -> None:
    """Adds the nodes that can be reached to `order`, each after those behind it."""
    if node in seen:
        return
    seen.add(node)
    stack = [(node, iter(graph[node]))]
    while stack:
        current, targets = stack[-1]
        following = next((target for target in targets if target not in seen), None)
        if following is None:
            order.append(current)
            stack.pop()
        else:
            seen.add(following)
            stack.append((following, iter(graph[following])))


def find_problems(pattern: str, flags: int = 0, *, anywhere: bool = True, whole: bool = False) -> list[Fault]:
    """The faults of a pattern. anywhere: it is searched for; otherwise it is matched at one place."""
    return list(dict.fromkeys(Search(Automaton(pattern, flags), anywhere=anywhere, whole=whole).faults()))
