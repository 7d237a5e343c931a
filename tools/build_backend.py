"""The build backend: flit, with what an installed Sickbay reads instead of the sources.

The pages of docs/ are added to the wheel for `/docs`, and the knowledge of the doctor is compiled to data files.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from flit_core import buildapi, common
from flit_core.buildapi import (
    build_editable,
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = (
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
)

SOURCES = Path("src")
KNOWLEDGE = SOURCES / "sickbay" / "doctor" / "knowledge"
CASES = SOURCES / "sickbay" / "diagnosis" / "cases"
RULES = SOURCES / "sickbay" / "diagnosis" / "rules"
DOCS = Path("docs")
PACKED_PAGES = Path("src/sickbay/web/docs/pages.json")
EXAMPLES, STARTERS = Path("examples"), Path("src/sickbay/starters")
GENERATED = ("__pycache__", "node_modules", "dist", "test-results", ".venv", "README.md", "*.pem", "jwks.json", ".env")
"""What no starter has in the wheel: what running it leaves behind, and the text for readers of a clone."""
LEFT_OUT = ("pictures/",)
"""Only pages in the repository show the pictures, and they can't be compressed."""


def build_wheel(wheel_directory: str, *arguments: Any, **options: Any) -> str:
    """Builds the wheel in the current folder, as PEP 517 says."""
    packed = ((DOCS, PACKED_PAGES, ""), (CASES, CASES.with_suffix(".json"), ""), (RULES, RULES.with_suffix(".json"), ".md"))
    with ExitStack() as stack:
        for texts in packed:
            stack.enter_context(_pack_texts(*texts))
        stack.enter_context(_copy_starters())
        stack.enter_context(_compile_knowledge())
        name = str(buildapi.build_wheel(wheel_directory, *arguments, **options))
    _recompress_wheel(Path(wheel_directory, name))
    return name


def _recompress_wheel(wheel: Path) -> None:
    """Packs the wheel as tightly as zip can. flit has no option for that."""
    packed = wheel.with_suffix(".packed")
    with zipfile.ZipFile(wheel) as read, zipfile.ZipFile(packed, "w") as written:
        for entry in read.infolist():
            written.writestr(entry, read.read(entry), compresslevel=9)
    packed.replace(wheel)


@contextmanager
def _compile_knowledge() -> Iterator[None]:
    """Compiles the knowledge of the doctor. Its sources and those of packed texts are left out of the wheel."""
    sys.path.insert(0, str(SOURCES.resolve()))
    from sickbay.doctor import compiled

    files = compiled.compile_files()
    if missing := [path.name for path in files if not path.is_file()]:
        raise OSError(f"{', '.join(missing)} can't be written")
    every_file = common.Module.iter_files
    common.Module.iter_files = lambda module: (path for path in every_file(module) if not _is_left_out(str(path)))
    try:
        yield
    finally:
        common.Module.iter_files = every_file
        sys.path.remove(str(SOURCES.resolve()))


def _is_left_out(path: str) -> bool:
    is_of_rules = f"{RULES}{os.sep}" in path and path.endswith(".md")
    return is_of_rules or any(f"{folder}{os.sep}" in path for folder in (KNOWLEDGE, CASES))


@contextmanager
def _pack_texts(folder: Path, packed: Path, suffix: str) -> Iterator[None]:
    """Packs the files with this suffix into one for the duration of a build, as `kernel/packed_folder.py` reads them."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob(f"*{suffix}") if path.is_file()}
    texts = {name: files[name].read_text(encoding="utf-8") for name in sorted(files) if not name.startswith(LEFT_OUT)}
    packed.write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")
    try:
        yield
    finally:
        packed.unlink()


@contextmanager
def _copy_starters() -> Iterator[None]:
    """Copies the starter apps into the package for the duration of a build, without their tests. A checkout has examples/."""
    shutil.rmtree(STARTERS, ignore_errors=True)
    for manifest in sorted(EXAMPLES.glob("*/starter.toml")):
        left_out = tomllib.loads(manifest.read_text(encoding="utf-8")).get("leave_out", ())
        ignore = shutil.ignore_patterns(*GENERATED, *left_out)
        shutil.copytree(manifest.parent, STARTERS / manifest.parent.name, ignore=ignore)
    try:
        yield
    finally:
        shutil.rmtree(STARTERS)
