"""Reads the ?filters of scopes (SMART 2.2, Finer-grained resource constraints using search parameters).

A scope is issued only if its filters can be enforced, and a scope of a token with other filters grants nothing. Both use this.
"""

from __future__ import annotations

from sickbay.fhir.search.parameters import find, known_types
from sickbay.fhir.versions import VERSIONS
from sickbay.fhir.visibility import FILTERABLE, Granular
from sickbay.kernel.memoize import memoize
from sickbay.protocol.scopes import ResourceScope, Scope


def is_enforceable(scope: Scope) -> bool:
    """Whether this server can enforce the filters of the scope, if it has any."""
    return not isinstance(scope, ResourceScope) or filters_of(scope) is not None


def filters_of(scope: ResourceScope) -> tuple[Granular, ...] | None:
    """Returns None if a filter can't be enforced, or if a question mark has no filter after it: such a scope grants nothing."""
    filters = [_read_filter(scope, name, value) for name, value in scope.filters]
    if None in filters or ("?" in scope.text and not filters):
        return None
    return tuple(granular for granular in filters if granular)


def _read_filter(scope: ResourceScope, name: str, value: str) -> Granular | None:
    return parse_granular(name, value) if scope.wildcard or _has_codes(scope.type, name) else None


@memoize(1024)
def _has_codes(type: str, name: str) -> bool:
    """Whether the parameter searches codes of this type in any FHIR version. Another check refuses unknown types."""
    versions = [version for version in VERSIONS if type in known_types(version)]
    parameters = [parameter for version in versions if (parameter := find(version, type, name))]
    return not versions or any(parameter.kind == "token" for parameter in parameters)


def parse_granular(name: str, value: str) -> Granular | None:
    """Parses one ?parameter=system|code,… of a scope. Returns None for anything else: modifiers, chains, _filter, no code."""
    pairs = [coding.rpartition("|") for coding in value.split(",")]
    if name not in FILTERABLE or not all(code for _, _, code in pairs):
        return None
    return Granular(name, tuple((system if bar else None, code) for system, bar, code in pairs))
