"""Reading resources from files with their original bytes."""

from __future__ import annotations

import json

import pytest

from sickbay.fhir.loading import LoadError, ParsedResource, split_into_resources, validate_resource

PATIENT = '{ "resourceType": "Patient", "id": "a",\n  "extension": [{"url": "x", "valueDecimal": 1.00}] }'
OBSERVATION = (
    '{"resourceType":"Observation","id":"b","note":[{"text":"\\"reference\\": \\"urn:uuid:1\\""}],'
    '"subject":{"reference" : "urn:uuid:1"},"performer":[{"reference":"urn:uuid:9"}]}'
)


def bundle(*entries: str, type: str = "transaction", more: str = "") -> bytes:
    return f'{{"resourceType":"Bundle",{more}"type":"{type}","entry":[{",".join(entries)}]}}'.encode()


def entry(resource: str, number: int) -> str:
    return f'{{"fullUrl":"urn:uuid:{number}","resource":{resource},"request":{{"method":"POST","url":"Other"}}}}'


def only(version: str, text: bytes, **more: bool) -> ParsedResource | LoadError:
    (piece,) = split_into_resources(version, text, **more)
    return piece


def fault(text: bytes) -> str:
    piece = only("r4", text)
    assert isinstance(piece, LoadError)
    return piece.text


@pytest.mark.parametrize("type", ["transaction", "batch", "collection", "searchset"])
def test_an_entry_keeps_its_id_and_every_byte(type: str) -> None:
    resources = list(
        split_into_resources("r4", bundle(entry(PATIENT, 1), entry('{"resourceType":"Group","id":"c"}', 2), type=type))
    )
    assert [piece[:4] for piece in resources] == [
        ("Bundle.entry[0]", "Patient", "a", PATIENT.encode()),
        ("Bundle.entry[1]", "Group", "c", b'{"resourceType":"Group","id":"c"}'),
    ]


def test_a_urn_reference_is_replaced_by_the_id_of_the_entry_and_nothing_else_changes() -> None:
    _, second = split_into_resources("r4", bundle(entry(PATIENT, 1), entry(OBSERVATION, 2)))
    assert isinstance(second, ParsedResource)
    assert second.body == OBSERVATION.replace('"urn:uuid:1"}', '"Patient/a"}').encode()
    assert second.resource == json.loads(second.body)


def test_an_outcome_in_a_searchset_is_skipped() -> None:
    outcome = '{"resource":{"resourceType":"OperationOutcome"},"search":{"mode":"outcome"}}'
    assert len(list(split_into_resources("r4", bundle(entry(PATIENT, 1), outcome, type="searchset")))) == 1


def test_a_line_with_a_bundle_that_has_an_id_is_that_bundle() -> None:
    text = bundle(entry(PATIENT, 1), more='"id":"z",')
    assert only("r4", text, line=True)[1:3] == ("Bundle", "z")
    assert only("r4", text)[1:3] == ("Patient", "a")
    assert only("r4", bundle(entry(PATIENT, 1)), line=True)[1:3] == ("Patient", "a")


def test_a_document_bundle_is_a_resource_itself() -> None:
    assert only("r4", bundle(entry(PATIENT, 1), type="document", more='"id":"z",'))[1:3] == ("Bundle", "z")


def test_a_byte_order_mark_and_surrounding_spaces_are_removed() -> None:
    piece = only("r4", b"\xef\xbb\xbf\n " + PATIENT.encode() + b"\r\n")
    assert isinstance(piece, ParsedResource)
    assert piece.body == PATIENT.encode()


def test_a_text_that_cannot_be_loaded_explains_why() -> None:
    assert fault(b"{").startswith("isn't valid JSON: ")
    assert fault(b"[]") == "contains no resource"
    assert fault(b"{}") == "isn't a resource: it has no resourceType"
    assert fault(b'{"resourceType":"Pateint","id":"a"}').endswith("did you mean Patient?")
    assert fault(b'{"resourceType":"Patient"}') == "this Patient has no id"
    assert "letters, digits" in fault(b'{"resourceType":"Patient","id":"a/b"}')
    assert fault(b'{"resourceType":"Bundle","type":"batch","entry":[1]}') == "isn't an object"
    assert fault(b'{"resourceType":"Bundle","type":"batch","entry":{}}').startswith("isn't a valid Bundle")
    assert fault(bundle('{"request":{"method":"DELETE","url":"Patient/a"}}')) == "contains no resource"


def test_an_invalid_entry_is_reported_and_the_others_are_loaded() -> None:
    odd = bundle("1", entry(PATIENT, 1), "null", '"x"', " [ ]", '{"resource":1,"search":7}', entry(OBSERVATION, 2))
    results = list(split_into_resources("r4", odd))
    errors = [(result.place, result.text) for result in results if isinstance(result, LoadError)]
    places = [f"Bundle.entry[{number}]" for number in (0, 2, 3, 4)]
    assert errors == [*((place, "isn't an object") for place in places), ("Bundle.entry[5]", "contains no resource")]
    assert [(result.place, result.type) for result in results if isinstance(result, ParsedResource)] == [
        ("Bundle.entry[1]", "Patient"),
        ("Bundle.entry[6]", "Observation"),
    ]


def test_xml_is_converted_to_json() -> None:
    text = '<Patient xmlns="http://hl7.org/fhir"><id value="a"/><active value="true"/></Patient>'
    piece = only("r4", text.encode(), xml=True)
    assert isinstance(piece, ParsedResource)
    assert piece.body == b'{"resourceType":"Patient","id":"a","active":true}'
    assert piece.resource == json.loads(piece.body)
    inside = f'<Bundle xmlns="http://hl7.org/fhir"><type value="batch"/><entry><resource>{text}</resource></entry></Bundle>'
    assert only("r4", inside.encode(), xml=True)[:4] == ("Bundle.entry[0]", "Patient", "a", piece.body)
    for bad in ("<Patient/>", text[:-1], "{}", f'<!DOCTYPE x [<!ENTITY y "z">]>{text}'):
        error = only("r4", bad.encode(), xml=True)
        assert isinstance(error, LoadError)
        assert error.text.startswith("isn't valid XML of this version of FHIR: ")


def test_a_type_of_another_version_is_refused() -> None:
    assert isinstance(only("dstu2", b'{"resourceType":"CareTeam","id":"a"}'), LoadError)
    assert isinstance(only("dstu2", b'{"resourceType":"MedicationOrder","id":"a"}'), ParsedResource)


def test_a_resource_with_problems_is_reported_with_its_id() -> None:
    bad = only("r4", b'{"resourceType":"Patient","id":"a","birthDate":"1.1.70"}')
    assert isinstance(bad, ParsedResource)
    error = validate_resource("r4", bad, "")
    assert isinstance(error, LoadError)
    assert error.text.startswith("Patient/a: Patient.birthDate")
    duplicated = only("r4", b'{"resourceType":"Patient","id":"a","gender":"male","gender":"female"}')
    assert isinstance(duplicated, ParsedResource)
    assert validate_resource("r4", duplicated, "") == LoadError("", "Patient/a: an object has two members named gender")
    good = only("r4", b'{"resourceType":"Patient","id":"a"}')
    assert isinstance(good, ParsedResource)
    assert validate_resource("r4", good, "") is good


def test_a_subscription_is_skipped_with_a_note() -> None:
    text = b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Subscription","id":"s"}},'
    results = [*split_into_resources("r4", text + b'{"resource":{"resourceType":"Patient","id":"p"}}]}')]
    assert results[0] == LoadError(
        "Bundle.entry[0]", "Subscription is skipped: this server doesn't serve subscriptions yet", is_bad=False
    )
    assert isinstance(results[1], ParsedResource)
