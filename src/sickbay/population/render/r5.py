"""FHIR R5 5.0.0: what R4 writes, with CodeableReference and the names of R5."""

from __future__ import annotations

from sickbay.population.render.changing import Renderer, renamed, without
from sickbay.population.render.common import Json, coded


def _organization(one: Json) -> Json:
    if "telecom" not in one:
        return one
    contact = {"telecom": one["telecom"], "address": one["address"][0]}
    return {**without(one, "telecom", "address"), "contact": [contact]}


def _reason(one: Json) -> list[Json]:
    """reasonCode and reasonReference as one list."""
    concepts = [{"concept": each} for each in one.get("reasonCode", ())]
    return concepts + [{"reference": each} for each in one.get("reasonReference", ())]


def _drug(one: Json) -> Json:
    """The medication as a CodeableReference."""
    if "medicationReference" in one:
        return {"reference": one["medicationReference"]}
    return {"concept": one["medicationCodeableConcept"]}


_DRUG = ("medicationCodeableConcept", "medicationReference")


def _encounter(one: Json) -> Json:
    changed = {
        **one,
        "status": "completed",
        "class": [{"coding": [one["class"]]}],
        "participant": [renamed(each, individual="actor") for each in one["participant"]],
    }
    if "reasonCode" in one:
        changed["reasonCode"] = [{"value": _reason(without(one, "reasonReference"))}]
    if "reasonReference" in one:
        problems = [{"reference": each} for each in one["reasonReference"]]
        changed = without(changed, "reasonReference")
        changed["reasonCode"] = [*changed.get("reasonCode", ()), {"value": problems}]
    return renamed(changed, period="actualPeriod", reasonCode="reason", hospitalization="admission")


def _condition(one: Json) -> Json:
    """The clinical status is required now, where it was forbidden to what was entered in error."""
    unknown = coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "unknown", "Unknown")
    return _recorded(one if "clinicalStatus" in one else {**one, "clinicalStatus": unknown})


def _recorded(one: Json) -> Json:
    """The recorder is a participant."""
    function = coded("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "enterer", "Enterer")
    return {**without(one, "recorder"), "participant": [{"function": function, "actor": one["recorder"]}]}


def _allergy(one: Json) -> Json:
    one = _recorded(one)
    if "reaction" not in one:
        return one
    kind = coded("http://hl7.org/fhir/allergy-intolerance-type", one["type"], one["type"].capitalize())
    reactions = [
        {**each, "manifestation": [{"concept": concept} for concept in each["manifestation"]]} for each in one["reaction"]
    ]
    return {**one, "type": kind, "reaction": reactions}


def _order(one: Json) -> Json:
    changed = _reasons({**without(one, *_DRUG, "reportedReference"), "medication": _drug(one)})
    changed["dosageInstruction"] = [renamed(dose, asNeededBoolean="asNeeded") for dose in one["dosageInstruction"]]
    if "reportedReference" in one:
        changed.update(reportedBoolean=True, informationSource=[one["reportedReference"]])
    return renamed(changed, reportedBoolean="reported")


def _dispense(one: Json) -> Json:
    changed = {**without(one, *_DRUG), "medication": _drug(one)}
    changed["dosageInstruction"] = [renamed(dose, asNeededBoolean="asNeeded") for dose in one["dosageInstruction"]]
    return renamed(changed, context="encounter")


def _questionnaire(one: Json) -> Json:
    return {**one, "item": [_question(each) for each in one["item"]]}


def _question(item: Json) -> Json:
    changed = {**item, "type": {"choice": "coding"}.get(item["type"], item["type"])}
    if "item" in item:
        changed["item"] = [_question(each) for each in item["item"]]
    return changed


def _reasons(one: Json, **names: str) -> Json:
    if reasons := _reason(one):
        one = {**without(one, "reasonCode", "reasonReference"), "reason": reasons}
    return renamed(one, **names)


def _team(one: Json) -> Json:
    return {**one, "participant": [{**each, "role": each["role"][0]} for each in one["participant"]]}


def _coverage(one: Json) -> Json:
    classes = [{**each, "value": {"value": each["value"]}} for each in one["class"]]
    changed = {**one, "kind": "insurance", "payor": one["payor"][0], "class": classes}
    return renamed({**changed, "subscriberId": [{"value": one["subscriberId"]}]}, payor="insurer")


def _statement(one: Json) -> Json:
    medication = {"concept": one["medicationCodeableConcept"]}
    changed = {**without(one, "medicationCodeableConcept"), "medication": medication, "status": "recorded"}
    return {**changed, "informationSource": [one["informationSource"]]}


def _plan(one: Json) -> Json:
    activity = [{"performedActivity": [{"concept": each["detail"]["code"]}]} for each in one["activity"]]
    return {**one, "addresses": [{"reference": each} for each in one["addresses"]], "activity": activity}


def _device(one: Json) -> Json:
    """Whose it is stands in DeviceAssociation now."""
    udi = {**one["udiCarrier"][0], "issuer": "http://hl7.org/fhir/NamingSystem/gs1-di"}
    return {**without(one, "distinctIdentifier", "patient"), "udiCarrier": [udi], "type": [one["type"]]}


def _document(one: Json) -> Json:
    context = one["context"]
    content = []
    for each in one["content"]:
        attachment = {**each["attachment"], "size": str(each["attachment"]["size"])}  # a number of 64 bits
        content.append({"attachment": attachment, "profile": [{"valueCoding": each["format"]}]})
    changed = {**one, "content": content, "context": context["encounter"], "period": context["period"]}
    if "authenticator" in one:
        legal = coded("http://hl7.org/fhir/composition-attestation-mode", "legal", "Legal")
        changed["attester"] = [{"mode": legal, "party": one["authenticator"]}]
    return without(changed, "authenticator")


def _specimen(one: Json) -> Json:
    collection = one["collection"]
    if "bodySite" in collection:
        collection = {**collection, "bodySite": {"concept": collection["bodySite"]}}
    return {**one, "collection": collection}


def _location(one: Json) -> Json:
    phone = {"contact": [{"telecom": one["telecom"]}]} if "telecom" in one else {}
    return renamed({**without(one, "telecom"), **phone}, physicalType="form")


def _appointment(one: Json) -> Json:
    taking = [{**each, "required": each["required"] == "required"} for each in one["participant"]]
    reason = [{"concept": each} for each in one["reasonCode"]]
    return renamed({**one, "participant": taking, "reasonCode": reason}, reasonCode="reason")


def _report(one: Json) -> Json:
    """There is no Media: the picture is a document, and the document of the report stands for it."""
    if "media" not in one:
        return one
    document = one["presentedForm"][0]["url"].replace("Binary/", "DocumentReference/").replace("-b", "-n")
    return {**one, "media": [{"link": {"reference": document}}]}


def _goal(one: Json) -> Json:
    return renamed(one, expressedBy="source")


def _endpoint(one: Json) -> Json:
    payload = {"type": one["payloadType"], "mimeType": one["payloadMimeType"]}
    changed = {**without(one, "payloadType", "payloadMimeType"), "payload": [payload]}
    return {**changed, "connectionType": [{"coding": [one["connectionType"]]}]}


def _consent(one: Json) -> Json:
    provision = without(one["provision"], "type")
    changed = {
        **without(one, "scope", "policyRule", "organization"),
        "date": one["dateTime"],
        "grantor": one["performer"],
        "controller": one["organization"],
        "regulatoryBasis": [one["policyRule"]],
        "decision": one["provision"]["type"],
        "provision": [provision],
    }
    return renamed(without(changed, "dateTime", "performer"), patient="subject")


_renderer = Renderer(
    {
        "Organization": _organization,
        "Location": _location,
        "Encounter": _encounter,
        "Group": lambda one: {**without(one, "actual"), "membership": "enumerated"},
        "AllergyIntolerance": _allergy,
        "MedicationRequest": _order,
        "MedicationDispense": _dispense,
        "Questionnaire": _questionnaire,
        "QuestionnaireResponse": lambda one: {**one, "identifier": [one["identifier"]]},
        "Appointment": _appointment,
        "PractitionerRole": lambda one: {**without(one, "telecom"), "contact": [{"telecom": one["telecom"]}]},
        "Condition": _condition,
        "CareTeam": _team,
        "Coverage": _coverage,
        "MedicationStatement": _statement,
        "Media": None,
        "Specimen": _specimen,
        "DiagnosticReport": _report,
        "Goal": _goal,
        "Endpoint": _endpoint,
        "Consent": _consent,
        "ServiceRequest": lambda one: _reasons({**one, "code": {"concept": one["code"]}}),
        "Procedure": lambda one: _reasons(one, performedPeriod="occurrencePeriod", performedDateTime="occurrenceDateTime"),
        "CarePlan": _plan,
        "Device": _device,
        "DocumentReference": _document,
    }
)
hospital, record, panel = _renderer.hospital, _renderer.record, _renderer.panel
slot, appointment = _renderer.slot, _renderer.appointment
