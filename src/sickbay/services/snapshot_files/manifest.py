"""manifest.json: what a snapshot's file is, and what it needs of the Sickbay that imports it."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from sickbay.authorization import policy as policies
from sickbay.kernel.english import join
from sickbay.services.clock import LATEST_TIME
from sickbay.services.context import Tenant
from sickbay.services.snapshot_files import lines
from sickbay.services.snapshot_files.archive import MANIFEST, BadFile

FORMAT: Final = "sickbay-snapshot"
VERSION: Final = 1
Count = Annotated[int, Meta(ge=0, le=1 << 53)]
FIRST_DAY: Final = datetime.date(1970, 1, 1)
LAST_DAY: Final = datetime.datetime.fromtimestamp(LATEST_TIME - 1, datetime.UTC).date()
Name = Annotated[str, Meta(max_length=100)]


class PopulationOf(Struct, frozen=True, forbid_unknown_fields=True):
    """The sample patients that the snapshot builds on: how many, the seed, and the share of data errors."""

    patients: Count
    seed: Annotated[int, Meta(ge=-(1 << 62), le=1 << 62)]
    messiness: float = 0.0


class SpaceOf(Struct, frozen=True, forbid_unknown_fields=True):
    """A hospital's resources of one FHIR version. day: that of its newest appointments.

    first: the first that came with the sample patients, null if they were still missing. written: how many versions Sickbay
    itself has written since. filled: how many of the versions came with the sample patients.
    """

    hospital: Name
    fhir: Name
    day: datetime.date
    first: datetime.date | None = None
    written: Count = 0
    filled: Count | None = None
    versions: Count = 0


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """at: when it was saved, in seconds since 1970. seconds, frozen_at: the clock, as in RuntimeSettings."""

    format: str
    version: int
    sickbay: Name
    name: Name
    at: Count
    seconds: float
    frozen_at: float | None
    population: PopulationOf
    hospitals: tuple[Name, ...]
    policies: dict[str, dict[str, Any]]
    spaces: tuple[SpaceOf, ...]


class _Kind(Struct, frozen=True):
    format: str = ""
    version: int = 0


def dump(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"


def read(files: Mapping[str, bytes]) -> Manifest:
    """Return the manifest. Raises BadFile."""
    if MANIFEST not in files:
        raise BadFile("", f"The zip has no {MANIFEST}, so it isn't a snapshot")
    kind = lines.parse_line(_Kind, files[MANIFEST], MANIFEST)
    if kind.format != FORMAT:
        raise BadFile(MANIFEST, f"`format` must be {FORMAT}")
    if kind.version != VERSION:
        raise BadFile(MANIFEST, f"this Sickbay reads version {VERSION} of the format, and the file has version {kind.version}")
    manifest = lines.parse_line(Manifest, files[MANIFEST], MANIFEST)
    _check_clock(manifest)
    _check_spaces(manifest)
    return manifest


def _check_clock(manifest: Manifest) -> None:
    shown = manifest.at + manifest.seconds if manifest.frozen_at is None else manifest.frozen_at
    if not (math.isfinite(manifest.seconds) and 0 <= shown < LATEST_TIME and 0 <= manifest.at < LATEST_TIME):
        raise BadFile(MANIFEST, "`at`, `seconds` and `frozen_at` must show a time from 1970 to 2199")


def _check_spaces(manifest: Manifest) -> None:
    names = [(space.hospital, space.fhir) for space in manifest.spaces]
    if len(set(names)) != len(names):
        raise BadFile(MANIFEST, "`spaces` names a hospital's FHIR version twice")
    for space in manifest.spaces:
        if (space.first is None) != (space.filled is None) or (space.filled or 0) > space.versions:
            raise BadFile(MANIFEST, f"the numbers of {space.hospital} {space.fhir} contradict each other")
        if not all(FIRST_DAY <= day <= LAST_DAY for day in (space.day, space.first or space.day)):
            raise BadFile(MANIFEST, "`day` and `first` must be from 1970 to 2199")


def check_fits(manifest: Manifest, tenants: Mapping[str, Tenant], population: PopulationOf) -> None:
    """Check that this Sickbay has the hospitals and sample patients. Raises BadFile."""
    if manifest.population != population:
        wanted, there = _describe_population(manifest.population), _describe_population(population)
        raise BadFile(MANIFEST, f"the snapshot needs a data folder with {wanted}, and this one has {there}")
    used = [*manifest.hospitals, *(space.hospital for space in manifest.spaces), *manifest.policies]
    if missing := sorted(set(used) - set(tenants)):
        raise BadFile(MANIFEST, f"the snapshot needs {join(missing)}. Add this first with `sickbay hospitals add`")
    for space in manifest.spaces:
        if space.fhir not in tenants[space.hospital].dialect.fhir:
            raise BadFile(MANIFEST, f"{space.hospital} has no FHIR version {space.fhir}")
    for hospital, chosen in manifest.policies.items():
        if faults := policies.find_problems(chosen):
            raise BadFile(MANIFEST, f"`policies` of {hospital}: {faults[0]}")


def _describe_population(population: PopulationOf) -> str:
    messy = f" --messiness {population.messiness:g}" if population.messiness else ""
    return f"--patients {population.patients} --seed {population.seed}{messy}"
