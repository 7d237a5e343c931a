"""What a vendor does differently, as data: one TOML file a dialect, and the loader. No vendor's name stands in code."""

from sickbay.dialects.dialect import STANDARD, Answers, Dialect, Words, load, names, short_path

__all__ = ["STANDARD", "Answers", "Dialect", "Words", "load", "names", "short_path"]
