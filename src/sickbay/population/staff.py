"""The hospital: one organization, its rooms, its staff, and the accounts that may sign in."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from sickbay.population.codings import Coding

ORGANIZATION = "org-1"
PAYERS = {"Medicare": "org-medicare", "Medicaid": "org-medicaid", "Harbour Health": "org-harbour"}
"""Payers by name, with the id of the Organization."""
PHARMACY = ("org-pharmacy", "Wexbridge Pharmacy")
"""The pharmacy that dispenses prescriptions: id and name of its Organization."""
CLINIC = "loc-clinic"
ROOMS = tuple(f"loc-room-{number}" for number in range(1, 7))


class Practitioner(Struct, frozen=True):
    """A clinician of the hospital. `title` is the specialty as a page shows it."""

    id: str
    given: str
    family: str
    prefix: str | None
    sex: Literal["female", "male"]
    title: str
    specialty: Coding

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.prefix, self.given, self.family)))


class SeedUser(Struct, frozen=True):
    """An account that every seeded tenant has. `patients` is "*" or the ids whose records the user may open."""

    username: str
    password: str
    name: str
    title: str
    fhir_user: str
    patients: Literal["*"] | tuple[str, ...]


_INTERNAL = Coding("http://snomed.info/sct", "419192003", "Internal medicine")
_PEDIATRICS = Coding("http://snomed.info/sct", "394537008", "Pediatric specialty")
_FAMILY = Coding("http://snomed.info/sct", "419772000", "Family practice")
_NURSING = Coding("http://snomed.info/sct", "224535009", "Registered nurse")
_OBSTETRICS = Coding("http://snomed.info/sct", "394585009", "Obstetrics and gynecology")

PRACTITIONERS = (
    Practitioner("pr-1", "Amara", "Okafor", "Dr.", "female", "Internal medicine", _INTERNAL),
    Practitioner("pr-2", "Daniel", "Reyes", "Dr.", "male", "Paediatrics", _PEDIATRICS),
    Practitioner("pr-3", "Ingrid", "Solberg", "Dr.", "female", "Family medicine", _FAMILY),
    Practitioner("pr-4", "Rajan", "Menon", "Dr.", "male", "Internal medicine", _INTERNAL),
    Practitioner("pr-5", "Lucia", "Ferraro", "Dr.", "female", "Obstetrics and gynaecology", _OBSTETRICS),
    Practitioner("pr-6", "Hyun", "Seo", "Dr.", "male", "Family medicine", _FAMILY),
    Practitioner("pr-7", "Robin", "Hale", None, "female", "Nurse", _NURSING),
    Practitioner("pr-8", "Malik", "Diop", None, "male", "Nurse", _NURSING),
)
PHYSICIANS = (PRACTITIONERS[0], PRACTITIONERS[2], PRACTITIONERS[3], PRACTITIONERS[5])
PEDIATRICIANS = (PRACTITIONERS[1], PRACTITIONERS[2])
OBSTETRICIAN = PRACTITIONERS[4]
NURSES = (PRACTITIONERS[6], PRACTITIONERS[7])
NAMES = {practitioner.id: practitioner.name for practitioner in PRACTITIONERS}

PASSWORD = "sickbay"

USERS = (
    SeedUser("okafor", PASSWORD, "Dr. Amara Okafor", "Internal medicine", "Practitioner/pr-1", "*"),
    SeedUser("reyes", PASSWORD, "Dr. Daniel Reyes", "Paediatrics", "Practitioner/pr-2", "*"),
    SeedUser("hale", PASSWORD, "Robin Hale", "Nurse", "Practitioner/pr-7", "*"),
    SeedUser("timothy", PASSWORD, "Timothy Peters", "Patient", "Patient/p-0017", ("p-0017",)),
    SeedUser("ines", PASSWORD, "Ines Moreau", "Patient, and mother of Lucie", "Patient/p-0001", ("p-0001", "p-0002")),
    SeedUser(
        "abena",
        PASSWORD,
        "Abena Peters-Adjei",
        "Mother of Kofi, daughter of Grace Adeyemi",
        "RelatedPerson/p-0006-r01",
        ("p-0006", "p-0010"),
    ),
)


def make_npi(number: int) -> str:
    """Returns a national provider identifier that is never assigned: real ones begin with 1 or 2, this one with 9.

    Its check digit is valid: Luhn, computed as if 80840 preceded it.
    """
    digits = f"9{number:08d}"
    doubled = [int(digit) * (2 - index % 2) for index, digit in enumerate(digits)]
    return f"{digits}{-(24 + sum(value // 10 + value % 10 for value in doubled)) % 10}"
