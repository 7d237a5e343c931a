"""R4 resources for specimens and pharmacy dispenses."""

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
    begin_resource,
    concept,
    encounter,
    instant,
    make_concept,
    medication,
    part_of,
    practitioner,
    reference,
)
from sickbay.population.specimens import Specimen
from sickbay.population.staff import NURSES, PHARMACY

_FIRST = make_concept(TERMS + "v3-ActCode", "FF", "First Fill")
_REFILL = make_concept(TERMS + "v3-ActCode", "RF", "Refill")


def specimen(patient: str, sample: Specimen) -> Json:
    id = part_of(patient, "l", sample.number)
    collection: Json = {"collectedDateTime": instant(sample.at)}
    if sample.by:
        collection = {"collector": practitioner(sample.by), **collection}
    if sample.site:
        collection["bodySite"] = concept(sample.site)
    return {
        **begin_resource("Specimen", id, "us-core-specimen"),
        "identifier": [{"system": IDENTIFIERS + "specimens", "value": id}],
        "accessionIdentifier": {"system": IDENTIFIERS + "accessions", "value": f"{sample.at:%Y%m%d}-{id[2:]}"},
        "type": concept(sample.kind),
        "subject": reference("Patient", patient),
        "receivedTime": instant(sample.at + datetime.timedelta(minutes=10)),
        "collection": collection,
        **({"condition": [concept(specimens.HEMOLYZED)]} if sample.spoiled else {}),
    }


def dispense(person: Person, fill: Fill) -> Json:
    """Returns a MedicationDispense. A nurse also hands out the first fill of a course at the visit."""
    id, order = part_of(person.id, "f", fill.number), fill.order
    supplied = supply(order)
    first = not fill.earlier and order.visit is not None
    by = [{"actor": reference("Organization", *PHARMACY)}]
    if first and order.finished:
        by.append({"actor": practitioner(NURSES[fill.number % 2].id)})
    return {
        **begin_resource("MedicationDispense", id, "us-core-medicationdispense"),
        "identifier": [{"system": IDENTIFIERS + "dispenses", "value": id}],
        "status": "completed",
        **medication(order.drug),
        "subject": reference("Patient", person.id),
        **({"context": encounter(person.id, order.visit)} if first and order.visit else {}),
        "performer": by,
        "authorizingPrescription": [reference("MedicationRequest", part_of(person.id, "m", order.number))],
        "type": _REFILL if fill.earlier else _FIRST,
        "quantity": amount(supplied),
        "daysSupply": days_of_supply(supplied),
        "whenHandedOver": fill.day.isoformat(),
        "dosageInstruction": [dosage(order.drug)],
    }


def amount(supplied: Supply) -> Json:
    return {"value": int(supplied.amount), "unit": supplied.unit}


def days_of_supply(supplied: Supply) -> Json:
    return {"value": supplied.days, "unit": "days", "system": UCUM, "code": "d"}


def dosage(drug: Drug) -> Json:
    return {
        "text": drug.taken,
        "timing": {"repeat": {"frequency": drug.times, "period": 1, "periodUnit": "d"}},
        "asNeededBoolean": drug.when_needed,
        "route": concept(drug.route),
        "doseAndRate": [{"doseQuantity": {"value": drug.dose, "unit": drug.form}}],
    }
