"""R4 resources for specimens and pharmacy dispenses."""

from __future__ import annotations

import datetime

from sickbay.population import specimens
from sickbay.population.codings import UCUM
from sickbay.population.patient_history import Drug, Person
from sickbay.population.pharmacy import Fill, Supply, choose_supply
from sickbay.population.render.common import (
    IDENTIFIERS,
    TERMS,
    Json,
    begin_resource,
    format_instant,
    make_concept,
    part_of,
    refer_to_encounter,
    refer_to_practitioner,
    render_concept,
    render_medication,
    render_reference,
)
from sickbay.population.specimens import Specimen
from sickbay.population.staff import NURSES, PHARMACY

_FIRST = make_concept(TERMS + "v3-ActCode", "FF", "First Fill")
_REFILL = make_concept(TERMS + "v3-ActCode", "RF", "Refill")


def render_specimen(patient: str, sample: Specimen) -> Json:
    id = part_of(patient, "l", sample.number)
    collection: Json = {"collectedDateTime": format_instant(sample.at)}
    if sample.by:
        collection = {"collector": refer_to_practitioner(sample.by), **collection}
    if sample.site:
        collection["bodySite"] = render_concept(sample.site)
    return {
        **begin_resource("Specimen", id, "us-core-specimen"),
        "identifier": [{"system": IDENTIFIERS + "specimens", "value": id}],
        "accessionIdentifier": {"system": IDENTIFIERS + "accessions", "value": f"{sample.at:%Y%m%d}-{id[2:]}"},
        "type": render_concept(sample.kind),
        "subject": render_reference("Patient", patient),
        "receivedTime": format_instant(sample.at + datetime.timedelta(minutes=10)),
        "collection": collection,
        **({"condition": [render_concept(specimens.HEMOLYZED)]} if sample.spoiled else {}),
    }


def render_dispense(person: Person, fill: Fill) -> Json:
    """Returns a MedicationDispense. A nurse also hands out the first fill of a course at the visit."""
    id, order = part_of(person.id, "f", fill.number), fill.order
    supplied = choose_supply(order)
    first = not fill.earlier and order.visit is not None
    by = [{"actor": render_reference("Organization", *PHARMACY)}]
    if first and order.finished:
        by.append({"actor": refer_to_practitioner(NURSES[fill.number % 2].id)})
    return {
        **begin_resource("MedicationDispense", id, "us-core-medicationdispense"),
        "identifier": [{"system": IDENTIFIERS + "dispenses", "value": id}],
        "status": "completed",
        **render_medication(order.drug),
        "subject": render_reference("Patient", person.id),
        **({"context": refer_to_encounter(person.id, order.visit)} if first and order.visit else {}),
        "performer": by,
        "authorizingPrescription": [render_reference("MedicationRequest", part_of(person.id, "m", order.number))],
        "type": _REFILL if fill.earlier else _FIRST,
        "quantity": render_amount(supplied),
        "daysSupply": days_of_supply(supplied),
        "whenHandedOver": fill.day.isoformat(),
        "dosageInstruction": [render_dosage(order.drug)],
    }


def render_amount(supplied: Supply) -> Json:
    return {"value": int(supplied.amount), "unit": supplied.unit}


def days_of_supply(supplied: Supply) -> Json:
    return {"value": supplied.days, "unit": "days", "system": UCUM, "code": "d"}


def render_dosage(drug: Drug) -> Json:
    return {
        "text": drug.taken,
        "timing": {"repeat": {"frequency": drug.times, "period": 1, "periodUnit": "d"}},
        "asNeededBoolean": drug.when_needed,
        "route": render_concept(drug.route),
        "doseAndRate": [{"doseQuantity": {"value": drug.dose, "unit": drug.form}}],
    }
