"""What is wrong with a resource, as a value: where, which kind, and in words."""

from __future__ import annotations

from typing import NamedTuple


class ValidationIssue(NamedTuple):
    """expression: FHIRPath of the place (`Patient.name[0].use`). code: of the value set issue-type. text: for people.

    search: the reference that is a search, where that alone is the fault.
    """

    expression: str
    code: str
    text: str
    search: str = ""
