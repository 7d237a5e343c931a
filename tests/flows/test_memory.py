"""Everything that a worker keeps in memory is in the registry that a reset empties, or it is listed here with a reason.

New state in a module, in a long-lived object or in a new class fails these tests until it is in the registry, which is
`kernel/memory.py`, or in one of these tables.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import ROOT
from tests.flows.flow import Flow, run

import sickbay

SOURCES = Path(sickbay.__file__).parent
PARTS = {
    "client documents": "services.fetched_documents.ClientDocuments",
    "fetched key sets": "services.key_sets.KeySets",
    "recent parameters": "services.recent_parameters.RecentParameters",
    "refused tokens": "services.refused_tokens.RefusedTokens",
    "recent launches": "services.recent_launches.RecentLaunches",
    "used passwords": "services.used_passwords.UsedPasswords",
    "throttling": "services.throttle.Throttle",
    "given advice": "services.given_advice.GivenAdvice",
    "empty searches": "services.empty_searches.memory.EmptySearches",
    "exchanges to be written": "services.journal.write.Journal",
    "filled hospitals": "sandbox.population_loader.PopulationLoader",
}
"""The registry: the name of each part, and its class."""
MEMBERS = {
    "kernel.memory.Memory": "parts",
    "services.journal.queue.Queue": "_bytes _count _largest _owners _waiting dropped most most_bytes",
    "services.journal.write.Journal": "_arrival _at_once _explaining _granted _looks _refused _reported _unexplained"
    " _writing most runtime unreachable_seconds",
    "services.given_advice.GivenAdvice": "_given _news",
    "services.empty_searches.memory.EmptySearches": "_searches",
    "services.fetched_documents.ClientDocuments": "_counts _minute cached running slots",
    "services.key_sets.KeySets": "_known",
    "services.recent_launches.RecentLaunches": "_answers _recent",
    "services.refused_tokens.RefusedTokens": "_tokens",
    "services.recent_parameters.RecentParameters": "_kept",
    "services.used_passwords.UsedPasswords": "_digests _key lengths newest",
    "services.throttle.Throttle": "_limits until",
    "sandbox.population_loader.PopulationLoader": "_begun _locks _stamp _stopping cache current runtime writer written",
    "sandbox.population_writer.PopulationWriter": "_created _sources cache listen runtime written",
    "services.context.Runtime": "base channel class_mode client_documents effects empty_searches explaining explaining_one"
    " faults given_advice hashing injected_until kept_bodies key_sets keys last_versions loopback making_key memory on_exchange"
    " on_hospitals on_stall origins passwords prepares_signing recent_launches recent_parameters refused_tokens resending"
    " resets sample_base secret_hashes secrets settings_revision shared store tenants throttle token_cache verifying",
    "web.admin_guard.AdminGuard": "_digests _salt _secrets _uid base everyone has_token hosts origins rules",
    "web.app.Application": "background bases handle pages sandbox state",
    "web.router.PageRouter": "_fixed default lifespan_context middleware_stack redirect_slashes routes",
}
"""The members of the parts and of what holds them together. `test_reset_law.py` shows that a reset leaves nothing in them that
they know from requests. Of Runtime, `secrets`, `token_cache` and `origins` are caches of what is stored, `effects`, `tenants`
and `last_versions` follow what is stored, `hashing`, `verifying`, `making_key`, `prepares_signing` and `explaining_one` say
what runs, and `explaining` is the task that empties `empty_searches`, and `kept_bodies` is a part of the memory if
`--keep-bodies` is set.
"""
OTHERS = {
    "diagnosis.kinds._Kinds": "the names of modules",
    "diagnosis.rule_index._OnDemand": "the rules that were read from their files",
    "fhir.search.matching._NoOthers": "constant",
    "fhir.validation.shapes.Shape": "compiled from the definitions",
    "kernel.budget": "what is in progress",
    "kernel.cache_folder.CacheFolder": "a folder",
    "kernel.late_patterns._LatePattern": "a regular expression",
    "kernel.name_lookup.RunningFetches": "what is in progress",
    "kernel.effects.SystemEffects": "the offset of the clock, which is stored",
    "kernel.worker_channel.WorkerChannel": "a socket, and the questions that are being answered",
    "services.context.Hospitals": "the hospitals, which follow the stored settings",
    "services.empty_searches.memory.EmptySearch": "an entry of EmptySearches",
    "services.request_metrics": "metrics",
    "services.live_exchanges": "the streams that are open, and how far the journal was read for them",
    "sandbox.population_cache.PopulationCache": "where populations are kept",
    "storage.postgres": "connections, caches of what is stored, and numbers reserved for writes",
    "storage.query": "caches of what is stored, by its stamp",
    "storage.resets.Block": "the resets that something in progress began with",
    "storage.sqlite": "connections, and caches of what is stored",
    "web.http_request.RequestState": "the context of a cancelled timer, which asyncio keeps for a while",
    "web.router.HandlersOf": "the name of a module",
    "web.middleware": "the middleware, and the tasks of the application",
    "web.template_cache.TemplateCache": "where compiled templates are kept",
    "web.oauth.discovery.Documents": "a cache of documents by policy",
}
"""Classes, or modules and folders of classes, whose objects know nothing from requests, or only count for the metrics."""
MODULE_STATE = {
    ("cli/command_line.py", "app"): "the commands",
    ("cli/config_file.py", "_named"): "the configuration file that the command names",
    ("cli/output.py", "_note_formats"): "how notes are printed",
    ("cli/signals.py", "_cleanups"): "what is done when a signal ends the process",
    ("cli/signals.py", "_deadlines"): "threads that end the process",
    ("cli/signals.py", "_main_tasks"): "the work of a command",
    ("cli/signals.py", "_received"): "the first signal",
    ("cli/traffic.py", "_TRAFFIC"): "open connections",
    ("doctor/code/values.py", "_current"): "the budget of the text that is being read",
    ("doctor/facts/registry.py", "FACTS"): "the facts, registered when their modules are imported",
    ("doctor/facts/registry.py", "WORDS"): "the words that a fact needs, registered with it",
    ("kernel/budget.py", "_last_pause"): "when a long task last let others run",
    ("kernel/garbage.py", "_pauses"): "how many tasks look for no garbage now",
    ("services/records.py", "_DECODERS"): "compiled from types",
    ("storage/postgres/pool.py", "_waited"): "how long a request has waited for connections",
    ("storage/resets.py", "BEGAN"): "the context of a request",
}
"""Variables of modules that functions change."""
CLOSURES = {
    "storage/postgres/sql_dialect.py": "within one translation",
    "storage/postgres/store.py": "within one transaction",
    "web/middleware/bodies.py": "within one request",
    "web/middleware/injection.py": "within one response",
    "web/middleware/observation.py": "within one request",
}
"""Files with `nonlocal`, and how long the variables live."""
CHANGES = frozenset(
    (
        "add",
        "append",
        "appendleft",
        "clear",
        "discard",
        "extend",
        "insert",
        "move_to_end",
        "pop",
        "popitem",
        "popleft",
        "remove",
    )
) | frozenset(("reverse", "set", "setdefault", "sort", "update"))
"""Methods that change a list, a dictionary, a set, a deque or a context variable."""


@cache
def trees() -> dict[str, ast.Module]:
    files = sorted(SOURCES.rglob("*.py"))
    return {str(path.relative_to(SOURCES)): ast.parse(path.read_text(encoding="utf-8")) for path in files}


def functions(tree: ast.Module) -> Iterator[ast.AST]:
    return (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)))


def module_names(tree: ast.Module) -> set[str]:
    """Names that are assigned or defined at the top of a module."""
    names = {node.name for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def list_imports(tree: ast.Module) -> dict[str, tuple[str, str]]:
    """Names from other modules of Sickbay -> the file of that module, and the name there; "" for the module itself."""
    found: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sickbay"):
            folder = (node.module or "").removeprefix("sickbay").lstrip(".").replace(".", "/")
            for alias in node.names:
                file = f"{folder}/{alias.name}.py".lstrip("/")
                found[alias.asname or alias.name] = (file, "") if file in trees() else (f"{folder}.py", alias.name)
    return found


def path_of(node: ast.AST) -> tuple[str, ...]:
    """("name", "member") for `name.member.other` and `name.member[key]`; empty if it doesn't begin with a name."""
    members: list[str] = []
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        members += [node.attr] if isinstance(node, ast.Attribute) else []
        node = node.value
    return (node.id, *members[::-1]) if isinstance(node, ast.Name) else ()


def change(function: ast.AST) -> Iterator[tuple[str, ...]]:
    """The paths of values that a function changes, other than by assigning a new one to its own variable."""
    own = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    own |= {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    declared = {name for node in ast.walk(function) if isinstance(node, ast.Global) for name in node.names}
    yield from ((name,) for name in declared)
    for node in ast.walk(function):
        targets: list[ast.AST] = []
        if isinstance(node, (ast.Assign, ast.Delete)):
            targets = [target for target in node.targets if isinstance(target, (ast.Attribute, ast.Subscript))]
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)) and isinstance(node.target, (ast.Attribute, ast.Subscript)):
            targets = [node.target]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGES:
            targets = [node.func.value]
        yield from (path for target in targets if (path := path_of(target)) and path[0] not in own - declared)


def module_state() -> set[tuple[str, str]]:
    """Variables and classes of modules that functions change: (file, name)."""
    found: set[tuple[str, str]] = set()
    for file, tree in trees().items():
        names, others = module_names(tree), list_imports(tree)
        for name, *members in (path for function in functions(tree) for path in change(function)):
            if name in names:
                found.add((file, name))
            elif name in others:
                other, there = others[name]
                found |= {(other, there)} if there else {(other, member) for member in members[:1]}
    return found


def test_no_function_changes_a_variable_of_a_module_that_is_not_listed() -> None:
    of_metrics = {"services/request_metrics.py", "services/journal/metrics.py", "web/counting.py"}
    assert {place for place in module_state() if place[0] not in of_metrics} == MODULE_STATE.keys()


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("KNOWN = {}\ndef f(x):\n    KNOWN[x] = 1", {"KNOWN"}),
        ("KNOWN = {}\ndef f(x):\n    KNOWN[x].add(1)", {"KNOWN"}),
        ("KNOWN: list[int] = []\nclass A:\n    def f(self, x):\n        KNOWN.append(x)", {"KNOWN"}),
        ("LAST = 0\ndef f():\n    global LAST\n    LAST = 1", {"LAST"}),
        ("class A:\n    seen = set()\n    def f(self):\n        A.seen.add(1)", {"A"}),
        ("KNOWN = {}\ndef f(x):\n    del KNOWN[x]", {"KNOWN"}),
        ("KNOWN = {}\ndef f(x):\n    KNOWN.count += x", {"KNOWN"}),
        ("KNOWN = {}\nKNOWN['a'] = 1\ndef f():\n    own = {}\n    own['a'] = KNOWN", set()),
        ("KNOWN = {}\ndef f(KNOWN):\n    KNOWN['a'] = 1", set()),
    ],
)
def test_every_way_to_change_a_variable_of_a_module_is_found(source: str, names: set[str]) -> None:
    tree = ast.parse(source)
    assert {path[0] for function in functions(tree) for path in change(function)} & module_names(tree) == names


def test_the_values_of_classes_are_not_changeable() -> None:
    """A list or dictionary in a class would be shared by all its objects."""
    found = [
        f"{file}: {node.name}.{ast.unparse(statement).partition(' ')[0]}"
        for file, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and not _is_struct(node)
        for statement in node.body
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and isinstance(statement.value, (ast.Dict, ast.List, ast.Set))
    ]
    assert found == []


def _is_struct(node: ast.ClassDef) -> bool:
    """msgspec copies an empty default for each object."""
    return any("Struct" in ast.unparse(base) for base in node.bases)


def test_variables_of_closures_live_as_long_as_listed() -> None:
    files = {file for file, tree in trees().items() if any(isinstance(node, ast.Nonlocal) for node in ast.walk(tree))}
    assert files == CLOSURES.keys()


@pytest.fixture(scope="module")
def alive(engine: Callable[[], str | None], tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The classes of the objects that are alive after two workers have served requests, with their members."""
    folder, database = tmp_path_factory.mktemp("memory"), engine()
    command = [sys.executable, "-m", "tests.flows.memory_walk", str(folder), *([database] if database else [])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name: set(members) for name, members in json.loads(done.stdout).items()}


def test_every_object_that_stays_alive_and_can_change_is_listed(alive: dict[str, set[str]]) -> None:
    unknown = {name for name in alive.keys() - MEMBERS.keys() if not any(_within(name, listed) for listed in OTHERS)}
    assert unknown == set()
    assert MEMBERS.keys() <= alive.keys()


def _within(name: str, listed: str) -> bool:
    return name == listed or name.startswith(f"{listed}.")


def test_the_members_of_what_remembers_are_listed(alive: dict[str, set[str]]) -> None:
    assert {name: " ".join(sorted(alive[name])) for name in MEMBERS} == {
        name: " ".join(sorted(members.split())) for name, members in MEMBERS.items()
    }


def test_the_registry_has_exactly_the_listed_parts(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        parts: dict[str, Any] = flow.sandbox.runtime.memory.parts
        kinds = {name: f"{type(part).__module__}.{type(part).__qualname__}" for name, part in parts.items()}
        assert kinds == {name: f"sickbay.{kind}" for name, kind in PARTS.items()}

    run(steps, tmp_path)
