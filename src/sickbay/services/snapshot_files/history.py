"""The versions of resources in a snapshot's file, oldest first: one on each line, the body byte for byte."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

from sickbay.fhir.loading import LoadError, split_into_resources
from sickbay.fhir.search.index import extract_entries
from sickbay.services.clock import LATEST_TIME
from sickbay.services.snapshot_files import lines
from sickbay.services.snapshot_files.archive import BadFile
from sickbay.services.writing.saving import format_instant
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.query.saving import facts_text
from sickbay.storage.snapshot_steps import SavedVersion

MAXIMUM_NUMBER: Final = 1 << 53
_BREAKS: Final = b"\r\n"
_NOTHING: Final = msgspec.Raw(b"null")
Base = Mapping[tuple[str, str], tuple[int, str]]
"""For each resource of the sample data, its version and facts (`Store.read_base`)."""


class VersionLine(Struct, frozen=True, forbid_unknown_fields=True):
    """A version. at: epoch ms. who: the client_id that wrote it, or "". resource: null if it was deleted."""

    type: Annotated[str, Meta(max_length=64)]
    id: Annotated[str, Meta(max_length=64)]
    version: Annotated[int, Meta(ge=1, le=MAXIMUM_NUMBER)]
    at: Annotated[int, Meta(ge=0, lt=LATEST_TIME * 1000)]
    interaction: Literal["create", "update", "update-create", "delete"]
    who: Annotated[str, Meta(max_length=1000)] = ""
    resource: msgspec.Raw = _NOTHING


class _Last(NamedTuple):
    """The version before: its number, whether it is a deletion, and its facts."""

    version: int
    deleted: bool
    facts: str


def dump(versions: Iterable[SavedVersion]) -> bytes:
    return b"".join(msgspec.json.encode(_make_version_line(version)) + b"\n" for version in versions)


def _make_version_line(version: SavedVersion) -> VersionLine:
    type, id, number, at, interaction, who, body, _ = version
    raw = _NOTHING if body is None else msgspec.Raw(body.translate(None, _BREAKS))
    return VersionLine(type, id, number, at, interaction, who, raw)  # type: ignore[arg-type]


def read_lines(name: str, content: bytes, expected: int) -> list[tuple[str, VersionLine]]:
    """The lines with their places. Raises BadFile."""
    parsed = [(place, lines.parse_line(VersionLine, line, place)) for place, line in lines.split_lines(name, content)]
    if len(parsed) != expected:
        raise BadFile(name, f"it has {len(parsed)} lines, and the manifest says {expected}")
    return parsed


def ids_by_type(parsed: Iterable[tuple[str, VersionLine]]) -> dict[str, list[str]]:
    """The IDs of the resources, each once."""
    found: dict[str, dict[str, None]] = {}
    for _, line in parsed:
        found.setdefault(line.type, {})[line.id] = None
    return {type: list(ids) for type, ids in found.items()}


def read_versions(space: ResourceSpace, parsed: Iterable[tuple[str, VersionLine]], address: str) -> list[SavedVersion]:
    """Check each version and extract its facts. address: the FHIR base of the hospital. Raises BadFile.

    Deletions have no facts yet: `follow` adds them.
    """
    return [_read_version(space, place, line, address) for place, line in parsed]


def _read_version(space: ResourceSpace, place: str, line: VersionLine, address: str) -> SavedVersion:
    body = bytes(line.resource)
    if line.interaction == "delete":
        if body != b"null":
            raise BadFile(place, "a deletion has no resource")
        return SavedVersion(line.type, line.id, line.version, line.at, line.interaction, line.who, None)
    piece = next(split_into_resources(space.version, body, line=True), LoadError("", "contains no resource"))
    if isinstance(piece, LoadError):
        raise BadFile(place, f"`resource` {piece.text}")
    meta = piece.resource.get("meta")
    if (piece.type, piece.id) != (line.type, line.id):
        raise BadFile(place, f"`resource` is {piece.type}/{piece.id}, and the line says {line.type}/{line.id}")
    changed = format_instant(line.at)
    if not isinstance(meta, dict) or (meta.get("versionId"), meta.get("lastUpdated")) != (str(line.version), changed):
        raise BadFile(place, f"`resource.meta` must have versionId {line.version} and lastUpdated {changed}")
    facts = facts_text(extract_entries(space.version, piece.resource, address))
    return SavedVersion(line.type, line.id, line.version, line.at, line.interaction, line.who, piece.body, facts)


def complete_versions(versions: list[SavedVersion], places: list[str], base: Base) -> list[SavedVersion]:
    """Check that each version follows the one before it, in the file or in the sample data. Raises BadFile."""
    last = {resource: _Last(version, False, facts) for resource, (version, facts) in base.items()}
    complete: list[SavedVersion] = []
    for place, version in zip(places, versions, strict=True):
        before = last.get((version.type, version.id))
        _check_order(place, version, before)
        if version.body is None and before is not None:
            version = version._replace(facts=before.facts)
        last[version.type, version.id] = _Last(version.version_id, version.body is None, version.facts)
        complete.append(version)
    return complete


def _check_order(place: str, version: SavedVersion, before: _Last | None) -> None:
    name = f"{version.type}/{version.id}"
    if before is not None and version.version_id <= before.version:
        raise BadFile(place, f"version {version.version_id} of {name} doesn't follow version {before.version}")
    exists = before is not None and not before.deleted
    if (version.interaction == "update" and before is None) or (version.interaction == "delete" and not exists):
        raise BadFile(place, f"{version.interaction} of {name}, which doesn't exist before it in the file or the sample data")
    if version.interaction in ("create", "update-create") and exists:
        raise BadFile(place, f"{version.interaction} of {name}, which exists already")
