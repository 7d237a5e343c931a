"""Finds problems in the addresses of a hospital's file."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from string import Formatter
from typing import Any, Final

from sickbay import dialects
from sickbay.services.hospitals.hospital_file import FileProblem, HospitalFile

_PATH: Final = re.compile(r"(?:/[A-Za-z0-9._~{}-]+)*/?")
_ERROR_PATH: Final = "/errors/{urn}/instances/{id}"
_IN_PATHS: Final = {"fhir": {"tenant_id", "version", "VERSION"}, "errors": {"tenant_id", "urn", "id", "client", "persona"}}


def fhir_versions(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns the FHIR versions of the hospital: its own, otherwise those of its dialect."""
    return tuple(document.get("fhir") or dialects.load(document.get("like", dialects.STANDARD)).fhir)


def find_path_problems(file: HospitalFile) -> Iterator[FileProblem]:
    own = file.document.get("paths", {})
    paths = {**dialects.load(file.document.get("like", dialects.STANDARD)).paths, **own}
    for name, path in own.items():
        if problem := _find_path_mistake(file, name, path):
            yield file.problem(("paths", name), problem)
            return
    versions = fhir_versions(file.document)
    if len(versions) > 1 and not {"version", "VERSION"} & fields_of(paths["fhir"]):
        yield file.problem(("paths", "fhir"), f"The FHIR path needs {{version}}, because there are {len(versions)} versions.")
    yield from _path_collisions(file, paths, own)


def _find_path_mistake(file: HospitalFile, name: str, path: str) -> str:
    """Returns a sentence about why a path can't be served; "" if it can."""
    plain = path.partition("?")[0] if name == "errors" else path
    if not _PATH.fullmatch(plain) or (name != "issuer" and plain in ("", "/")):
        return f"The path {name} must begin with a slash and have only letters, digits, dots, hyphens, ~ and _ in its segments."
    if not plain.isascii() or any(segment in (".", "..") for segment in plain.split("/")):
        return f"The path {name} must not have the segments . and .."
    if unknown := sorted(fields_of(path) - _IN_PATHS.get(name, {"tenant_id", "persona"})):
        return f"The path {name} can't contain {{{unknown[0]}}}."
    if name == "errors" and not plain.startswith(_ERROR_PATH):
        return f"The path errors must begin with {_ERROR_PATH}."
    if "tenant_id" in fields_of(path) and not _tenant_id(file.document):
        return f"The path {name} has {{tenant_id}}, but the file has no tenant_id."
    return ""


def _tenant_id(document: Mapping[str, Any]) -> str:
    return document.get("tenant_id") or dialects.load(document.get("like", dialects.STANDARD)).tenant_id


def fields_of(template: str) -> set[str]:
    """Returns the placeholders of a template. A malformed one counts as an unknown placeholder."""
    try:
        return {
            field if not spec and not conversion else f"{field}:{spec or conversion}"
            for _, field, spec, conversion in Formatter().parse(template)
            if field is not None
        }
    except ValueError:
        return {template}


def _path_collisions(file: HospitalFile, paths: Mapping[str, str], own: Collection[str]) -> Iterator[FileProblem]:
    """Finds endpoints that share an address, or whose address is below a FHIR base, which would receive their requests."""
    taken = {"/ehr": "the EHR's pages", "/oauth/register": "dynamic registration", "/oauth/userinfo": "userinfo"}
    endpoints = ("authorize", "token", "introspect", "revoke", "jwks", "manage")
    bases = {
        paths["fhir"].format(tenant_id="", version=version, VERSION=version.upper()) for version in fhir_versions(file.document)
    }
    for name in endpoints:
        path = paths[name].format(tenant_id="", persona="")
        blamed = ("paths", name if name in own else next(iter(own), name))
        if path in taken or path.startswith("/ehr/"):
            yield file.problem(blamed, f"The path {name} is also that of {taken.get(path, taken['/ehr'])}.")
        elif any(path == base or path.startswith(f"{base}/") for base in bases):
            yield file.problem(blamed, f"The path {name} is inside the FHIR base, which would answer its requests.")
        taken[path] = name
