"""Texts become resources with the bytes that they had."""

from __future__ import annotations

import json

import pytest

from sickbay.fhir.loading import LoadError, ParsedResource, judged, pieces

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
    (one,) = pieces(version, text, **more)
    return one


def fault(text: bytes) -> str:
    one = only("r4", text)
    assert isinstance(one, LoadError)
    return one.text


@pytest.mark.parametrize("type", ["transaction", "batch", "collection", "searchset"])
def test_an_entry_keeps_its_own_id_and_every_byte(type: str):
    found = list(pieces("r4", bundle(entry(PATIENT, 1), entry('{"resourceType":"Group","id":"c"}', 2), type=type)))
    assert [one[:4] for one in found] == [
        ("Bundle.entry[0]", "Patient", "a", PATIENT.encode()),
        ("Bundle.entry[1]", "Group", "c", b'{"resourceType":"Group","id":"c"}'),
    ]


def test_a_reference_by_urn_leads_to_the_entry_and_nothing_else_changes():
    _, second = pieces("r4", bundle(entry(PATIENT, 1), entry(OBSERVATION, 2)))
    assert isinstance(second, ParsedResource)
    assert second.body == OBSERVATION.replace('"urn:uuid:1"}', '"Patient/a"}').encode()
    assert second.resource == json.loads(second.body)


def test_an_outcome_of_a_search_is_passed_over():
    outcome = '{"resource":{"resourceType":"OperationOutcome"},"search":{"mode":"outcome"}}'
    assert len(list(pieces("r4", bundle(entry(PATIENT, 1), outcome, type="searchset")))) == 1


def test_a_line_that_is_a_bundle_with_an_id_is_that_bundle():
    text = bundle(entry(PATIENT, 1), more='"id":"z",')
    assert only("r4", text, line=True)[1:3] == ("Bundle", "z")
    assert only("r4", text)[1:3] == ("Patient", "a")
    assert only("r4", bundle(entry(PATIENT, 1)), line=True)[1:3] == ("Patient", "a")


def test_a_document_is_a_resource_itself():
    assert only("r4", bundle(entry(PATIENT, 1), type="document", more='"id":"z",'))[1:3] == ("Bundle", "z")


def test_a_mark_of_the_byte_order_and_space_around_are_no_part_of_it():
    one = only("r4", b"\xef\xbb\xbf\n " + PATIENT.encode() + b"\r\n")
    assert isinstance(one, ParsedResource)
    assert one.body == PATIENT.encode()


def test_what_is_wrong_is_said():
    assert fault(b"{").startswith("isn't valid JSON: ")
    assert fault(b"[]") == "contains no resource"
    assert fault(b"{}") == "isn't a resource: it has no resourceType"
    assert fault(b'{"resourceType":"Pateint","id":"a"}').endswith("did you mean Patient?")
    assert fault(b'{"resourceType":"Patient"}') == "this Patient has no id"
    assert "letters, digits" in fault(b'{"resourceType":"Patient","id":"a/b"}')
    assert fault(b'{"resourceType":"Bundle","type":"batch","entry":[1]}') == "isn't an object"
    assert fault(b'{"resourceType":"Bundle","type":"batch","entry":{}}').startswith("isn't a valid Bundle")
    assert fault(bundle('{"request":{"method":"DELETE","url":"Patient/a"}}')) == "contains no resource"


def test_an_entry_that_is_none_is_named_and_the_others_are_taken():
    odd = bundle("1", entry(PATIENT, 1), "null", '"x"', " [ ]", '{"resource":1,"search":7}', entry(OBSERVATION, 2))
    found = list(pieces("r4", odd))
    told = [(one.place, one.text) for one in found if isinstance(one, LoadError)]
    places = [f"Bundle.entry[{number}]" for number in (0, 2, 3, 4)]
    assert told == [*((place, "isn't an object") for place in places), ("Bundle.entry[5]", "contains no resource")]
    assert [(one.place, one.type) for one in found if isinstance(one, ParsedResource)] == [
        ("Bundle.entry[1]", "Patient"),
        ("Bundle.entry[6]", "Observation"),
    ]


def test_xml_is_kept_as_json():
    text = '<Patient xmlns="http://hl7.org/fhir"><id value="a"/><active value="true"/></Patient>'
    one = only("r4", text.encode(), xml=True)
    assert isinstance(one, ParsedResource)
    assert one.body == b'{"resourceType":"Patient","id":"a","active":true}'
    assert one.resource == json.loads(one.body)
    inside = f'<Bundle xmlns="http://hl7.org/fhir"><type value="batch"/><entry><resource>{text}</resource></entry></Bundle>'
    assert only("r4", inside.encode(), xml=True)[:4] == ("Bundle.entry[0]", "Patient", "a", one.body)
    for bad in ("<Patient/>", text[:-1], "{}", f'<!DOCTYPE x [<!ENTITY y "z">]>{text}'):
        told = only("r4", bad.encode(), xml=True)
        assert isinstance(told, LoadError)
        assert told.text.startswith("isn't valid XML of this version of FHIR: ")


def test_a_type_of_another_version_is_refused():
    assert isinstance(only("dstu2", b'{"resourceType":"CareTeam","id":"a"}'), LoadError)
    assert isinstance(only("dstu2", b'{"resourceType":"MedicationOrder","id":"a"}'), ParsedResource)


def test_a_judged_piece_names_its_resource_and_its_faults():
    bad = only("r4", b'{"resourceType":"Patient","id":"a","birthDate":"1.1.70"}')
    assert isinstance(bad, ParsedResource)
    told = judged("r4", bad, "")
    assert isinstance(told, LoadError)
    assert told.text.startswith("Patient/a: Patient.birthDate")
    twice = only("r4", b'{"resourceType":"Patient","id":"a","gender":"male","gender":"female"}')
    assert isinstance(twice, ParsedResource)
    assert judged("r4", twice, "") == LoadError("", "Patient/a: an object has two members named gender")
    good = only("r4", b'{"resourceType":"Patient","id":"a"}')
    assert isinstance(good, ParsedResource)
    assert judged("r4", good, "") is good


def test_a_subscription_is_left_out_with_a_note() -> None:
    text = b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Subscription","id":"s"}},'
    found = [*pieces("r4", text + b'{"resource":{"resourceType":"Patient","id":"p"}}]}')]
    assert found[0] == LoadError(
        "Bundle.entry[0]", "Subscription is skipped: this server doesn't serve subscriptions yet", is_bad=False
    )
    assert isinstance(found[1], ParsedResource)
