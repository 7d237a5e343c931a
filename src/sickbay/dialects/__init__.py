"""What a vendor does differently, as data: one TOML file a dialect, and the loader. No vendor's name stands in code."""

from sickbay.dialects.dialect import STANDARD, Dialect, ErrorWording, ResponseStyle, load, names, short_path

__all__ = ["STANDARD", "Dialect", "ErrorWording", "ResponseStyle", "load", "names", "short_path"]
