"""The differences between vendors as data: one TOML file for each dialect. No vendor is named in code."""

from sickbay.dialects.dialect import STANDARD, Dialect, ErrorWording, ResponseStyle, load, names, short_path

__all__ = ["STANDARD", "Dialect", "ErrorWording", "ResponseStyle", "load", "names", "short_path"]
