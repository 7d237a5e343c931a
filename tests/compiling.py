"""Compiles the tests with pytest's assertions before the workers start. Otherwise each worker would compile all of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from _pytest.assertion import rewrite


def compile_tests(config: pytest.Config, files: Sequence[Path]) -> None:
    """In as many processes as there are processors. What fails is compiled again where a worker reports it."""
    if sys.dont_write_bytecode:
        return
    count = os.cpu_count() or 1
    outdated = [file for file in files if rewrite._read_pyc(file, path_of(file)) is None]
    for process in [start(config, outdated[number::count]) for number in range(count) if outdated]:
        os.waitpid(process, 0)


def path_of(file: Path) -> Path:
    return rewrite.get_cache_dir(file) / f"{file.stem}{rewrite.PYC_TAIL}"


def start(config: pytest.Config, files: Sequence[Path]) -> int:
    """The number of a process that compiles these files."""
    if process := os.fork():
        return process
    try:
        for file in files:
            rewrite.try_makedirs(path_of(file).parent)
            source_hash, code = rewrite._rewrite_test(file, config)
            rewrite._write_pyc(config.stash[rewrite.assertstate_key], code, source_hash, path_of(file))
    finally:
        os._exit(0)
