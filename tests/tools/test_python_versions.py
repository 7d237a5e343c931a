"""The sources avoid what works only in newer versions of Python than the oldest supported one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src"


def generic_calls(tree: ast.AST) -> Iterator[int]:
    """The lines that create an object with type arguments, such as `Stage[A, B](…)`.

    Python 3.11 then sets an attribute on the object, which a frozen dataclass with slots refuses with a TypeError.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Subscript) and isinstance(node.func.value, ast.Name):
            name = node.func.value.id
            if name[0].isupper() and not name.isupper():
                yield node.lineno


def test_no_object_is_created_with_type_arguments() -> None:
    found = [(path.name, line) for path in SOURCES.rglob("*.py") for line in generic_calls(ast.parse(path.read_text("utf-8")))]
    assert found == []


def test_an_object_that_is_created_with_type_arguments_is_found() -> None:
    assert list(generic_calls(ast.parse("x = 1\nSTAGE = Stage[A, B]('x')"))) == [2]
    assert list(generic_calls(ast.parse("STAGE: Stage[A, B] = Stage('x')\ntable[0]('x')\nTABLE[0]('x')"))) == []
