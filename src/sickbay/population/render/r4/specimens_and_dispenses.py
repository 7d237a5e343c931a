"""What R4 says of specimens and of what a pharmacy handed out."""

from __future__ import annotations

import datetime

from sickbay.population import specimens
from sickbay.population.codings import UCUM
from sickbay.population.patient_history import Drug, Person
from sickbay.population.pharmacy import Fill, Supply, supply
from sickbay.population.render.common import (
    IDENTIFIERS,
    TERMS,
    Json,
    coded,
    concept,
    encounter,
    instant,
    medication,
    part_of,
    practitioner,
    profiled,
    reference,
)
from sickbay.population.specimens import Specimen
from sickbay.population.staff import NURSES, PHARMACY

_FIRST = coded(TERMS + "v3-ActCode", "FF", "First Fill")
_REFILL = coded(TERMS + "v3-ActCode", "RF", "Refill")


def specimen(patient: str, one: Specimen) -> Json:
    id = part_of(patient, "l", one.number)
    collected: Json = {"collectedDateTime": instant(one.at)}
    if one.by:
        collected = {"collector": practitioner(one.by), **collected}
    if one.site:
        collected["bodySite"] = concept(one.site)
    return {
        **profiled("Specimen", id, "us-core-specimen"),
        "identifier": [{"system": IDENTIFIERS + "specimens", "value": id}],
        "accessionIdentifier": {"system": IDENTIFIERS + "accessions", "value": f"{one.at:%Y%m%d}-{id[2:]}"},
        "type": concept(one.kind),
        "subject": reference("Patient", patient),
        "receivedTime": instant(one.at + datetime.timedelta(minutes=10)),
        "collection": collected,
        **({"condition": [concept(specimens.HEMOLYZED)]} if one.spoiled else {}),
    }


def dispense(who: Person, fill: Fill) -> Json:
    """The first fill of a course is handed out by a nurse at the visit, everything else by the pharmacy."""
    id, order = part_of(who.id, "f", fill.number), fill.order
    handed = supply(order)
    first = not fill.earlier and order.visit is not None
    by = [{"actor": reference("Organization", *PHARMACY)}]
    if first and order.finished:
        by.append({"actor": practitioner(NURSES[fill.number % 2].id)})
    return {
        **profiled("MedicationDispense", id, "us-core-medicationdispense"),
        "identifier": [{"system": IDENTIFIERS + "dispenses", "value": id}],
        "status": "completed",
        **medication(order.drug),
        "subject": reference("Patient", who.id),
        **({"context": encounter(who.id, order.visit)} if first and order.visit else {}),
        "performer": by,
        "authorizingPrescription": [reference("MedicationRequest", part_of(who.id, "m", order.number))],
        "type": _REFILL if fill.earlier else _FIRST,
        "quantity": amount(handed),
        "daysSupply": lasting(handed),
        "whenHandedOver": fill.day.isoformat(),
        "dosageInstruction": [dosage(order.drug)],
    }


def amount(handed: Supply) -> Json:
    return {"value": int(handed.amount), "unit": handed.unit}


def lasting(handed: Supply) -> Json:
    return {"value": handed.days, "unit": "days", "system": UCUM, "code": "d"}


def dosage(drug: Drug) -> Json:
    return {
        "text": drug.taken,
        "timing": {"repeat": {"frequency": drug.times, "period": drug.period, "periodUnit": drug.unit}},
        "asNeededBoolean": drug.when_needed,
        "route": concept(drug.route),
        "doseAndRate": [{"doseQuantity": {"value": drug.dose, "unit": drug.form}}],
    }
