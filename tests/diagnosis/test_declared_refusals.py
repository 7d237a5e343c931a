"""Each refusal is declared once, used, explained by a rule and documented; only declarations create a Refusal."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.diagnosis.case_diagnoses import diagnose_case
from tests.laws import for_each

import sickbay
from sickbay.authorization import refusals
from sickbay.diagnosis import case
from sickbay.diagnosis.catalogue import BY_ID, RULES
from sickbay.doctor import rule_docs
from sickbay.kernel.checks import Refusal, RefusalType

SOURCES = Path(sickbay.__file__).parent
PACKAGE = refusals.__name__
STAGES = [module.name for module in pkgutil.iter_modules(refusals.__path__)]
DECLARATIONS = [
    (stage, name, value)
    for stage in STAGES
    for name, value in vars(importlib.import_module(f"{PACKAGE}.{stage}")).items()
    if isinstance(value, RefusalType)
]
NAMES = sorted({value.name for *_, value in DECLARATIONS})


def modules(containing: str) -> Iterator[tuple[Path, ast.Module]]:
    """The modules whose source contains a text. Parsing all of them takes more than a second."""
    for path in SOURCES.rglob("*.py"):
        if containing in (source := path.read_text(encoding="utf-8")):
            yield path.relative_to(SOURCES), ast.parse(source)


def calls_of(name: str, tree: ast.Module) -> int:
    return sum(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name for node in ast.walk(tree)
    )


def aliases(tree: ast.Module) -> dict[str, str]:
    """The names under which a module imports the declarations."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == PACKAGE]
    return {name.asname or name.name: name.name for node in imports for name in node.names}


@cache
def use() -> set[tuple[str, str]]:
    """Every (stage, declaration) that the sources refer to."""
    references = set()
    for _, tree in modules(PACKAGE):
        imported = aliases(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in imported:
                references.add((imported[node.value.id], node.attr))
    return references


def test_the_declarations_are_found() -> None:
    assert len(DECLARATIONS) > 170
    assert {"token-parameter-missing", "userinfo-without-openid", "reg-metadata-invalid", "code-reused"} <= set(NAMES)


def test_only_a_declaration_creates_refusals() -> None:
    makers = {str(path) for path, tree in modules("Refusal(") if calls_of("Refusal", tree)}
    assert makers == {"kernel/checks.py"}


def test_refusals_are_declared_in_one_folder() -> None:
    declaring = {path for path, tree in modules("RefusalType(") if calls_of("RefusalType", tree)}
    assert {str(path.parent) for path in declaring} == {"authorization/refusals"}


@for_each("stage, name, declared", DECLARATIONS)
def test_a_declaration_is_named_after_its_rule_and_used(stage: str, name: str, declared: RefusalType) -> None:
    assert (stage, name) in use()
    same_rule = [entry for entry in DECLARATIONS if entry[0] == stage and entry[2].name == declared.name]
    assert name == declared.name.upper().replace("-", "_") or len(same_rule) > 1


@for_each("name", NAMES)
def test_a_declared_refusal_is_explained_and_documented(name: str) -> None:
    assert name in BY_ID
    assert BY_ID[name] in rule_docs.group_by_stage()[BY_ID[name].stage]


def test_the_page_of_a_stage_documents_each_of_its_rules() -> None:
    assert re.findall(r"\n## (.*)\n", rule_docs.stage_page("launch")) == [
        rule.id for rule in rule_docs.group_by_stage()["launch"]
    ]


@for_each("explained", sorted({rule.explains for rule in RULES if rule.explains}))
def test_every_refusal_that_a_rule_explains_is_declared(explained: str) -> None:
    assert explained in NAMES


def test_the_errors_named_in_the_fhir_package_are_declared() -> None:
    names = {
        node.value
        for path, tree in modules("fhir-")
        if path.parts[0] == "fhir"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"fhir(-[a-z]+)+", node.value)
    }
    assert len(names) > 10
    assert names <= set(NAMES)


def answers(refusal: Refusal) -> set[tuple[str, int, bool]]:
    """The errors, statuses and deliveries that the declarations allow for a refusal of this name."""
    declarations = [declaration for *_, declaration in DECLARATIONS if declaration.name == refusal.name]
    declarations += [
        declaration
        for declaration in importlib.import_module(f"{PACKAGE}.registration").SCOPES.values()
        if declaration.name == refusal.name
    ]
    return {(declaration.error, declaration.status, declaration.redirectable) for declaration in declarations}


@for_each("id", sorted(case.list_paths()))
def test_a_case_is_refused_as_it_is_declared(id: str) -> None:
    """Three exceptions: failed authentication by header returns 401, an invalid id in a path 404, and another method 405."""
    for refusal in diagnose_case(id).examination.refusals:
        if "told" in refusal.facts:
            continue
        statuses = {refusal.status, 400} if refusal.status in (401, 404, 405) else {refusal.status}
        assert any((refusal.error, status, refusal.redirectable) in answers(refusal) for status in statuses)
