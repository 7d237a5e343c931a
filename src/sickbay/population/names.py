"""Invented names, which are in `tables/names.tsv`. Given and family names are combined at random; no real person is meant."""

from __future__ import annotations

from typing import NamedTuple

from sickbay.population.code_tables import Row, read_rows
from sickbay.population.codings import Coding

_RACE = "urn:oid:2.16.840.1.113883.6.238"
WHITE = Coding(_RACE, "2106-3", "White")
BLACK = Coding(_RACE, "2054-5", "Black or African American")
ASIAN = Coding(_RACE, "2028-9", "Asian")
NATIVE = Coding(_RACE, "1002-5", "American Indian or Alaska Native")
HISPANIC = Coding(_RACE, "2135-2", "Hispanic or Latino")
NOT_HISPANIC = Coding(_RACE, "2186-5", "Not Hispanic or Latino")


class Kin(NamedTuple):
    """A group of people: race, ethnicity and the names that fit together."""

    race: Coding
    ethnicity: Coding
    women: tuple[str, ...]
    men: tuple[str, ...]
    families: tuple[str, ...]


def _make_kin(row: Row) -> Kin:
    women, men, families = (tuple(row[column].split()) for column in ("women", "men", "families"))
    return Kin(_CATEGORIES[row["race"]], _CATEGORIES[row["ethnicity"]], women, men, families)


_CATEGORIES = {category.display: category for category in (WHITE, BLACK, ASIAN, NATIVE, HISPANIC, NOT_HISPANIC)}
KINS = tuple(_make_kin(row) for row in read_rows("names"))
WEIGHTS = (0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7)
"""Indexes into KINS; a random pick from these numbers decides how frequent each group is."""

STREETS = ("Alder", "Birch", "Chandler", "Dockside", "Elmwood", "Foundry", "Granary", "Harbour", "Juniper", "Lantern")
CITIES = (("Wexbridge", "01201"), ("Harrow Falls", "01202"), ("Saltmere", "01203"), ("North Alding", "01204"))
