"""From a Patient of either version to the words of our pages: names, sex, birth date, record number."""

from __future__ import annotations

from typing import Any

from sickbay.web.pages import times
from sickbay.web.pages.entrance import Candidate

Json = dict[str, Any]


def parts(patient: Json) -> tuple[str, str]:
    """Family and given names; DSTU2 has a list of families."""
    names = patient.get("name") or [{}]
    one = next((name for name in names if name.get("use") in ("official", "usual")), names[0])
    family = one.get("family", "")
    family = " ".join(family) if isinstance(family, list) else family
    return family, " ".join(one.get("given", []))


def name(patient: Json) -> str:
    family, given = parts(patient)
    return f"{given} {family}".strip()


def record_number(patient: Json) -> str:
    return next((str(one["value"]) for one in patient.get("identifier", []) if one.get("value")), "")


def candidate(patient: Json) -> Candidate:
    family, given = parts(patient)
    return Candidate(
        id=patient["id"], family=family, given=given, sex=patient.get("gender", ""),
        born=times.said(patient.get("birthDate")), record=record_number(patient),
    )  # fmt: skip
