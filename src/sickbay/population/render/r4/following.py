"""What R4 says of specimens and of what a pharmacy handed out."""

from __future__ import annotations

import datetime

from sickbay.population.life import UCUM, Drug, Person
from sickbay.population.pharmacy import Fill, Supply, supply
from sickbay.population.render.common import (
    IDENTIFIERS,
    TERMS,
    Json,
    coded,
    concept,
    instant,
    part_of,
    practitioner,
    profiled,
    reference,
)
from sickbay.population.samples import Specimen
from sickbay.population.staff import PHARMACY

_FIRST = coded(TERMS + "v3-ActCode", "FF", "First Fill")
_REFILL = coded(TERMS + "v3-ActCode", "RF", "Refill")


def specimen(patient: str, one: Specimen) -> Json:
    id = part_of(patient, "l", one.number)
    collected: Json = {"collectedDateTime": instant(one.at)}
    if one.by:
        collected = {"collector": practitioner(one.by), **collected}
    return {
        **profiled("Specimen", id, "us-core-specimen"),
        "identifier": [{"system": IDENTIFIERS + "specimens", "value": id}],
        "type": concept(one.kind),
        "subject": reference("Patient", patient),
        "receivedTime": instant(one.at + datetime.timedelta(minutes=10)),
        "collection": collected,
    }


def dispense(who: Person, fill: Fill) -> Json:
    id, order = part_of(who.id, "f", fill.number), fill.order
    handed = supply(order)
    return {
        **profiled("MedicationDispense", id, "us-core-medicationdispense"),
        "identifier": [{"system": IDENTIFIERS + "dispenses", "value": id}],
        "status": "completed",
        "medicationCodeableConcept": concept(order.drug.concept),
        "subject": reference("Patient", who.id),
        "performer": [{"actor": reference("Organization", *PHARMACY)}],
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
