"""FHIR R5 5.0.0: converts R4 resources, with CodeableReference and R5's element names."""

from __future__ import annotations

from sickbay.population.render.changing import Renderer, leave_out, rename_elements
from sickbay.population.render.common import Json, make_concept


def _convert_organization(organization: Json) -> Json:
    if "telecom" not in organization:
        return organization
    contact = {"telecom": organization["telecom"], "address": organization["address"][0]}
    return {**leave_out(organization, "telecom", "address"), "contact": [contact]}


def _join_reasons(resource: Json) -> list[Json]:
    """Returns reasonCode and reasonReference as one list."""
    concepts = [{"concept": concept} for concept in resource.get("reasonCode", ())]
    return concepts + [{"reference": reference} for reference in resource.get("reasonReference", ())]


def _convert_drug(resource: Json) -> Json:
    """Returns the medication as a CodeableReference."""
    if "medicationReference" in resource:
        return {"reference": resource["medicationReference"]}
    return {"concept": resource["medicationCodeableConcept"]}


_DRUG = ("medicationCodeableConcept", "medicationReference")


def _convert_encounter(encounter: Json) -> Json:
    changed = {
        **encounter,
        "status": "completed",
        "class": [{"coding": [encounter["class"]]}],
        "participant": [rename_elements(participant, individual="actor") for participant in encounter["participant"]],
    }
    if "reasonCode" in encounter:
        changed["reasonCode"] = [{"value": _join_reasons(leave_out(encounter, "reasonReference"))}]
    if "reasonReference" in encounter:
        problems = [{"reference": problem} for problem in encounter["reasonReference"]]
        changed = leave_out(changed, "reasonReference")
        changed["reasonCode"] = [*changed.get("reasonCode", ()), {"value": problems}]
    return rename_elements(changed, period="actualPeriod", reasonCode="reason", hospitalization="admission")


def _convert_condition(condition: Json) -> Json:
    """Converts a condition. clinicalStatus is required in R5, while R4 forbids it if the condition was entered in error."""
    unknown = make_concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "unknown", "Unknown")
    return _move_recorder(condition if "clinicalStatus" in condition else {**condition, "clinicalStatus": unknown})


def _move_recorder(resource: Json) -> Json:
    """Returns the resource with its recorder as a participant."""
    function = make_concept("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "enterer", "Enterer")
    return {**leave_out(resource, "recorder"), "participant": [{"function": function, "actor": resource["recorder"]}]}


def _convert_allergy(allergy: Json) -> Json:
    allergy = _move_recorder(allergy)
    if "reaction" not in allergy:
        return allergy
    kind = make_concept("http://hl7.org/fhir/allergy-intolerance-type", allergy["type"], allergy["type"].capitalize())
    reactions = [
        {**reaction, "manifestation": [{"concept": concept} for concept in reaction["manifestation"]]}
        for reaction in allergy["reaction"]
    ]
    return {**allergy, "type": kind, "reaction": reactions}


def _convert_order(order: Json) -> Json:
    changed = _convert_reasons({**leave_out(order, *_DRUG, "reportedReference"), "medication": _convert_drug(order)})
    changed["dosageInstruction"] = [rename_elements(dose, asNeededBoolean="asNeeded") for dose in order["dosageInstruction"]]
    if "reportedReference" in order:
        changed.update(reportedBoolean=True, informationSource=[order["reportedReference"]])
    return rename_elements(changed, reportedBoolean="reported")


def _convert_dispense(dispense: Json) -> Json:
    changed = {**leave_out(dispense, *_DRUG), "medication": _convert_drug(dispense)}
    changed["dosageInstruction"] = [rename_elements(dose, asNeededBoolean="asNeeded") for dose in dispense["dosageInstruction"]]
    return rename_elements(changed, context="encounter")


def _convert_questionnaire(questionnaire: Json) -> Json:
    return {**questionnaire, "item": [_convert_question(item) for item in questionnaire["item"]]}


def _convert_question(item: Json) -> Json:
    changed = {**item, "type": {"choice": "coding"}.get(item["type"], item["type"])}
    if "item" in item:
        changed["item"] = [_convert_question(nested_item) for nested_item in item["item"]]
    return changed


def _convert_reasons(resource: Json, **names: str) -> Json:
    if reasons := _join_reasons(resource):
        resource = {**leave_out(resource, "reasonCode", "reasonReference"), "reason": reasons}
    return rename_elements(resource, **names)


def _convert_team(team: Json) -> Json:
    return {**team, "participant": [{**participant, "role": participant["role"][0]} for participant in team["participant"]]}


def _convert_coverage(coverage: Json) -> Json:
    classes = [{**coverage_class, "value": {"value": coverage_class["value"]}} for coverage_class in coverage["class"]]
    changed = {**coverage, "kind": "insurance", "payor": coverage["payor"][0], "class": classes}
    return rename_elements({**changed, "subscriberId": [{"value": coverage["subscriberId"]}]}, payor="insurer")


def _convert_statement(statement: Json) -> Json:
    changed = {**leave_out(statement, *_DRUG, "statusReason"), "medication": _convert_drug(statement), "status": "recorded"}
    return rename_elements({**changed, "informationSource": [statement["informationSource"]]}, context="encounter")


def _convert_plan(plan: Json) -> Json:
    activity = [{"performedActivity": [{"concept": entry["detail"]["code"]}]} for entry in plan["activity"]]
    return {**plan, "addresses": [{"reference": condition} for condition in plan["addresses"]], "activity": activity}


def _convert_device(device: Json) -> Json:
    """Converts a device. The patient is omitted: R5 has DeviceAssociation for it."""
    udi = {**device["udiCarrier"][0], "issuer": "http://hl7.org/fhir/NamingSystem/gs1-di"}
    return {**leave_out(device, "distinctIdentifier", "patient"), "udiCarrier": [udi], "type": [device["type"]]}


def _convert_document(document: Json) -> Json:
    context = document["context"]
    content = []
    for entry in document["content"]:
        # In R5 the size is a 64-bit integer, which is a string in JSON.
        attachment = {**entry["attachment"], "size": str(entry["attachment"]["size"])}
        content.append({"attachment": attachment, "profile": [{"valueCoding": entry["format"]}]})
    changed = {**document, "content": content, "context": context["encounter"], "period": context["period"]}
    if "authenticator" in document:
        legal = make_concept("http://hl7.org/fhir/composition-attestation-mode", "legal", "Legal")
        changed["attester"] = [{"mode": legal, "party": document["authenticator"]}]
    return leave_out(changed, "authenticator")


def _convert_specimen(specimen: Json) -> Json:
    collection = specimen["collection"]
    if "bodySite" in collection:
        collection = {**collection, "bodySite": {"concept": collection["bodySite"]}}
    return {**specimen, "collection": collection}


def _convert_location(location: Json) -> Json:
    phone = {"contact": [{"telecom": location["telecom"]}]} if "telecom" in location else {}
    return rename_elements({**leave_out(location, "telecom"), **phone}, physicalType="form")


def _convert_appointment(appointment: Json) -> Json:
    participants = [
        {**participant, "required": participant["required"] == "required"} for participant in appointment["participant"]
    ]
    reason = [{"concept": concept} for concept in appointment["reasonCode"]]
    return rename_elements({**appointment, "participant": participants, "reasonCode": reason}, reasonCode="reason")


def _convert_report(report: Json) -> Json:
    """Converts a report. R5 has no Media, so its link refers to the document of the report."""
    if "media" not in report:
        return report
    document = report["presentedForm"][0]["url"].replace("Binary/", "DocumentReference/").replace("-b", "-n")
    return {**report, "media": [{"link": {"reference": document}}]}


def _convert_goal(goal: Json) -> Json:
    return rename_elements(goal, expressedBy="source")


def _convert_endpoint(endpoint: Json) -> Json:
    payload = {"type": endpoint["payloadType"], "mimeType": endpoint["payloadMimeType"]}
    changed = {**leave_out(endpoint, "payloadType", "payloadMimeType"), "payload": [payload]}
    return {**changed, "connectionType": [{"coding": [endpoint["connectionType"]]}]}


def _convert_consent(consent: Json) -> Json:
    provision = leave_out(consent["provision"], "type")
    changed = {
        **leave_out(consent, "scope", "policyRule", "organization"),
        "date": consent["dateTime"],
        "grantor": consent["performer"],
        "controller": consent["organization"],
        "regulatoryBasis": [consent["policyRule"]],
        "decision": consent["provision"]["type"],
        "provision": [provision],
    }
    return rename_elements(leave_out(changed, "dateTime", "performer"), patient="subject")


_renderer = Renderer(
    {
        "Organization": _convert_organization,
        "Location": _convert_location,
        "Encounter": _convert_encounter,
        "Group": lambda group: {**leave_out(group, "actual"), "membership": "enumerated"},
        "AllergyIntolerance": _convert_allergy,
        "MedicationRequest": _convert_order,
        "MedicationDispense": _convert_dispense,
        "Questionnaire": _convert_questionnaire,
        "QuestionnaireResponse": lambda response: {**response, "identifier": [response["identifier"]]},
        "Appointment": _convert_appointment,
        "PractitionerRole": lambda role: {**leave_out(role, "telecom"), "contact": [{"telecom": role["telecom"]}]},
        "Condition": _convert_condition,
        "CareTeam": _convert_team,
        "Coverage": _convert_coverage,
        "MedicationStatement": _convert_statement,
        "Media": None,
        "Specimen": _convert_specimen,
        "DiagnosticReport": _convert_report,
        "Goal": _convert_goal,
        "Endpoint": _convert_endpoint,
        "Consent": _convert_consent,
        "ServiceRequest": lambda request: _convert_reasons({**request, "code": {"concept": request["code"]}}),
        "Procedure": lambda procedure: _convert_reasons(
            procedure, performedPeriod="occurrencePeriod", performedDateTime="occurrenceDateTime"
        ),
        "CarePlan": _convert_plan,
        "Device": _convert_device,
        "DocumentReference": _convert_document,
    }
)
render_hospital, render_record, render_panel = _renderer.render_hospital, _renderer.render_record, _renderer.render_panel
render_slot, render_appointment = _renderer.render_slot, _renderer.render_appointment
