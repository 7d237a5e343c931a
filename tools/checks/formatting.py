"""Checks that no comment disables the formatter."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

SWITCH = re.compile(r"#\s*(?:fmt|yapf)\s*:\s*(?:skip|off|disable)")


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    for path in paths:
        if path.suffix == ".py":
            for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
                if token.type == tokenize.COMMENT and SWITCH.match(token.string):
                    yield f"{path.relative_to(root)}:{token.start[0]}: switches the formatter off; let ruff format it"
