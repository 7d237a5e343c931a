"""Reads lists.toml: lists of names that the rules and the doctor look up."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_TEXTS = tomllib.loads(Path(__file__).with_name("lists.toml").read_text(encoding="utf-8"))
LISTS: Final[Mapping[str, tuple[str, ...]]] = {name: tuple(text.split()) for name, text in _TEXTS.items()}
