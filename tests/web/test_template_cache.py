"""Compiled templates are kept next to their sources, and no file that is old, damaged or missing changes a page."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from jinja2 import Environment, FileSystemLoader
from tests.laws import examples

from sickbay.web import html_response
from sickbay.web.template_cache import SUFFIX, TemplateCache


@pytest.fixture(autouse=True)
def _kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)


class Compiled:
    """How often templates were compiled since the last look."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._count = 0
        compile_source = Environment.compile

        def count_and_compile(environment: Environment, *arguments: object) -> object:
            self._count += 1
            return compile_source(environment, *arguments)  # type: ignore[call-overload]

        monkeypatch.setattr(Environment, "compile", count_and_compile)

    def since(self) -> int:
        count, self._count = self._count, 0
        return count


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> Compiled:
    return Compiled(monkeypatch)


def render(folder: Path, options: str = "") -> str:
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, bytecode_cache=TemplateCache(options))
    return environment.get_template("a.html.j2").render(name="x")


def files(folder: Path) -> list[Path]:
    return sorted((folder / "__pycache__").iterdir())


def test_a_template_is_compiled_once_and_again_when_its_source_or_the_options_change(
    tmp_path: Path, compiled: Compiled
) -> None:
    source = tmp_path / "a.html.j2"
    source.write_text("a {{ name }}")
    assert (render(tmp_path), render(tmp_path), compiled.since()) == ("a x", "a x", 1)
    source.write_text("b {{ name }}")
    assert (render(tmp_path), render(tmp_path), compiled.since()) == ("b x", "b x", 1)
    assert (render(tmp_path, "other"), render(tmp_path, "other"), compiled.since()) == ("b x", "b x", 1)
    assert [path.suffix for path in files(tmp_path)] == [SUFFIX]


def test_nothing_is_kept_if_python_keeps_no_compiled_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.html.j2").write_text("a {{ name }}")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert render(tmp_path) == "a x"
    assert not (tmp_path / "__pycache__").exists()


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path, compiled: Compiled) -> None:
    (tmp_path / "a.html.j2").write_text("a {{ name }}")
    (tmp_path / "__pycache__").write_text("a file, where the folder should be")
    assert (render(tmp_path), render(tmp_path), compiled.since()) == ("a x", "a x", 2)


@settings(max_examples=examples(200), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=some.integers(0, 400), flipped=some.integers(0, 400))
def test_a_damaged_file_is_not_used(tmp_path_factory: pytest.TempPathFactory, cut: int, flipped: int) -> None:
    folder = tmp_path_factory.mktemp("templates")
    (folder / "a.html.j2").write_text("a {{ name }}")
    assert render(folder) == "a x"
    (path,) = files(folder)
    content = bytearray(path.read_bytes())
    content[flipped % len(content)] ^= 0x55
    for damaged in (bytes(content), bytes(content[: cut % len(content)])):
        path.write_bytes(damaged)
        assert render(folder) == "a x"
        assert path.read_bytes() != damaged


def test_every_page_is_compiled_ahead_and_no_visit_compiles_one_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled: Compiled
) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    html_response._template_environment.cache_clear()
    html_response.compile_templates()
    assert len([*tmp_path.rglob(f"*{SUFFIX}")]) == len([*html_response.TEMPLATES.rglob("*.j2")]) == compiled.since()
    html_response._template_environment.cache_clear()
    html_response.compile_templates()
    assert compiled.since() == 0
    html_response._template_environment.cache_clear()
