"""A validation issue of a resource."""

from __future__ import annotations

from typing import NamedTuple


class ValidationIssue(NamedTuple):
    """expression: FHIRPath of the element (`Patient.name[0].use`). code: from the value set issue-type. text: for people.

    search: the reference that is a search, if that is the only problem.
    """

    expression: str
    code: str
    text: str
    search: str = ""
