"""For each kind of search parameter, values that find nothing in any population."""

from __future__ import annotations

from sickbay.fhir.search.parameters import SearchParameter, list_components

ABSENT = {
    "token": ("zq-absent", "http://absent.example|zq-absent"),
    "string": ("Zqxjabsent",),
    "date": ("ge2999", "1801-02-03", "lt1801"),
    "number": ("gt123456789012",),
    "quantity": ("gt123456789012", "gt123456789012|http://unitsofmeasure.org|zq"),
    "uri": ("http://absent.example/zq",),
}


def absent_values(version: str, parameter: SearchParameter) -> tuple[str, ...]:
    """Return values of a parameter that no resource has."""
    if parameter.code == "_id":
        return ("zq-absent",)
    if parameter.kind == "reference":
        target = next((target for target in parameter.targets if target != "Resource"), "Patient")
        return (f"{target}/zq-absent",)
    if parameter.kind == "composite":
        parts = [part for part in list_components(version, parameter) if part is not None]
        return ("$".join(absent_values(version, part)[0] for part in parts),)
    if parameter.kind == "special":
        return ("-89|0|1|km",) if parameter.code == "near" else ("zqxjabsent",)
    return ABSENT[parameter.kind]
