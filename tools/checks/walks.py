"""Checks that no walk is deeper, goes back and forth more often, or enters more small files than its ceiling allows.

The ceilings are in tools/walks/figures.py.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tools.walks import figures
from tools.walks.figures import Ceilings
from tools.walks.requests import WALKS

from tools import walk


def find_problems(paths: list[Path], root: Path) -> Iterator[str]:
    if sys.version_info < (3, 12):
        print("walks: skipped, because they need Python 3.12 or later")
        return
    for name, walked in zip(WALKS, walk.record_walks(WALKS), strict=True):
        yield from figures.find_problems(name, figures.measure(walked), Ceilings())
