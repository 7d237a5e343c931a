"""Judges the mutants that mutmut made. Tests are collected once, and each mutant is tried in a fork of that process.

A mutant runs only the tests of its function until one fails: first those that detected another mutant of it, then the shortest.
tools/mutants.py runs this in mutmut's folder; the results are stored in mutmut's .meta files.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, NoReturn

import pytest
from _pytest.runner import runtestprotocol

KILLED, SURVIVED, NO_TESTS, TIMEOUT = 1, 0, 33, 36
"""Exit codes as defined by mutmut."""
SECONDS = 40
"""Seconds per test, after which it is assumed to be in an endless loop."""
KEEP_EVERY = 200


class Outcomes:
    """The exit codes of all mutants below a folder of .meta files. None means not judged yet."""

    def __init__(self, folder: Path) -> None:
        self._files = {path: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.meta"))}
        self._of = {name: path for path, meta in self._files.items() for name in meta["exit_code_by_key"]}

    def open(self) -> list[str]:
        return [name for name, path in self._of.items() if self._files[path]["exit_code_by_key"][name] is None]

    def put(self, name: str, code: int) -> None:
        self._files[self._of[name]]["exit_code_by_key"][name] = code

    def keep(self) -> None:
        for path, meta in self._files.items():
            path.write_text(json.dumps(meta), encoding="utf-8")


class Judge:
    """A pytest plugin that runs the tests for each mutant instead of once."""

    def __init__(self, outcomes: Outcomes, stats: dict[str, Any], children: int) -> None:
        self.outcomes, self.stats, self.children = outcomes, stats, children
        self.running: dict[int, tuple[str, int]] = {}
        self.noticed: dict[str, Counter[str]] = defaultdict(Counter)
        self.done = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        gc.collect()
        gc.freeze()  # so that the children share the memory
        for name in self.outcomes.open():
            while len(self.running) >= self.children:
                self._reap_children()
            self._try(name, self._tests_of(name, items))
        while self.running:
            self._reap_children()
        self.outcomes.keep()
        return True

    def _tests_of(self, name: str, items: dict[str, pytest.Item]) -> list[pytest.Item]:
        function, seconds = name.rpartition("__mutmut_")[0], self.stats["duration_by_test"]
        test_ids = self.stats["tests_by_mangled_function_name"].get(function, ())
        first = self.noticed[function]
        return [
            items[id]
            for id in sorted(test_ids, key=lambda test_id: (-first[test_id], seconds.get(test_id, SECONDS)))
            if id in items
        ]

    def _try(self, name: str, tests: list[pytest.Item]) -> None:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            _run_tests(name, tests, write)
        os.close(write)
        self.running[child] = (name, read)

    def _reap_children(self) -> None:
        child, status = os.wait()
        name, read = self.running.pop(child)
        killer = os.read(read, 10_000).decode()
        os.close(read)
        if killer:
            self.noticed[name.rpartition("__mutmut_")[0]][killer] += 1
        self.outcomes.put(name, os.waitstatus_to_exitcode(status))
        self.done += 1
        if self.done % KEEP_EVERY == 0:
            self.outcomes.keep()
            print(f"{self.done} judged", flush=True)


def _run_tests(name: str, tests: list[pytest.Item], write: int) -> NoReturn:
    """Run the tests in the child process. Its exit code is the result."""
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    gc.disable()
    os.environ["MUTANT_UNDER_TEST"] = name
    for item, after in zip(tests, [*tests[1:], None], strict=True):
        for report in runtestprotocol(item, log=False, nextitem=after):
            if report.failed:
                os.write(write, item.nodeid.encode())
                os._exit(TIMEOUT if "Timeout (" in str(report.longrepr) else KILLED)
    os._exit(SURVIVED if tests else NO_TESTS)


def main(selection: list[str]) -> int:
    os.environ["MUTANT_UNDER_TEST"] = ""
    sys.path[:0] = ["src", "."]
    stats = json.loads(Path("mutmut-stats.json").read_text(encoding="utf-8"))
    judge = Judge(Outcomes(Path("src")), stats, int(os.environ.get("MUTANTS", "2")))
    return int(pytest.main([*selection, "-q", "-p", "no:cacheprovider", "--timeout", str(SECONDS)], plugins=[judge]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
