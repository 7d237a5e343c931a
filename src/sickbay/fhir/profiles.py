"""The profiles that the sample data conforms to, listed in the metadata as `supportedProfile`.

US Core, Server requirements: a server declares the profiles that it supports. Only R4 has them here, from US Core 6.1, 7.0
and 8.0, and from International Patient Access 1.0.
A test compares profiles.toml with the profiles that the sample data claims and meets.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
IPA = "http://hl7.org/fhir/uv/ipa/StructureDefinition/"


@cache
def _read_names() -> dict[str, dict[str, str]]:
    import tomllib  # only a CapabilityStatement needs it

    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def list_supported_profiles(version: str, type: str) -> list[str]:
    """Returns the canonical URLs of the profiles of a type; empty for versions other than R4."""
    if version != "r4":
        return []
    guides = ((US_CORE, "us-core"), (IPA, "ipa"))
    return [url + name for url, guide in guides for name in _read_names()[guide].get(type, "").split()]
