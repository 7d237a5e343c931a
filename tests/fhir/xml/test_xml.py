"""FHIR XML: every example is the same after conversion from JSON to XML and back, and errors specific to XML are refused."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sickbay.fhir import lossless_json
from sickbay.fhir.validation.validator import validate
from sickbay.fhir.xml import reader as xml_reader
from sickbay.fhir.xml import writer as xml_writer

F = "{http://hl7.org/fhir}"
BARE = re.compile(r"^<div(?=[\s/>])(?![^>]*xmlns)")


def normalise(value: Any) -> Any:
    """Removes what XML doesn't keep: comments in DSTU2's JSON, empty elements, a missing namespace of a narrative, and HTML's
    named characters."""
    if isinstance(value, dict):
        remaining = {
            key: _div(item) if key == "div" else normalise(item) for key, item in value.items() if key != "fhir_comments"
        }
        return {key: item for key, item in remaining.items() if item != {}}
    return [normalise(item) for item in value] if isinstance(value, list) else value


def _div(text: str) -> str:
    return BARE.sub('<div xmlns="http://www.w3.org/1999/xhtml"', text.strip().replace("&nbsp;", "&#160;"))


def order(value: Any) -> bytes:
    """Returns bytes with sorted keys, so that 1.0 and 1.00 differ."""
    if isinstance(value, dict):
        return b"{" + b",".join(key.encode() + b":" + order(value[key]) for key in sorted(value)) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(order, value)) + b"]"
    return lossless_json.dumps(value)


def lines(folder: Path, most: int) -> list[dict[str, Any]]:
    resources = []
    for file in sorted(folder.glob("*.ndjson.gz")):
        with gzip.open(file, "rb") as opened:
            resources += [lossless_json.loads(line) for line, _ in zip(opened, range(most), strict=False)]
    return resources


@pytest.mark.parametrize("version", ["dstu2", "stu3", "r4"])
def test_every_example_is_the_same_after_conversion_to_xml_and_back(version: str, shared: Path) -> None:
    resources = lines(shared / "data" / f"examples-{version}", 10_000) + lines(shared / "data" / "paired" / version, 20)
    assert len(resources) > 400
    for resource in resources:
        text = xml_writer.dumps(version, resource)
        back = xml_reader.loads(version, text)
        assert order(normalise(back)) == order(normalise(resource)), resource["id"]
        assert ElementTree.fromstring(text).tag == F + resource["resourceType"]


def test_indented_xml_has_the_same_content(shared: Path) -> None:
    for resource in lines(shared / "data" / "examples-r4", 2):
        text = xml_writer.dumps("r4", resource, pretty=True)
        assert order(normalise(xml_reader.loads("r4", text))) == order(normalise(resource))
        assert text.count(b"\n") > 2


PATIENT = {
    "resourceType": "Patient",
    "id": "a",
    "extension": [{"url": "http://h/x", "valueDecimal": lossless_json.Decimal("1.00")}],
    "active": True,
    "name": [{"id": "n", "given": [None, "Ann"], "_given": [{"id": "g"}, None]}],
    "_birthDate": {"extension": [{"url": "http://h/y", "valueString": 'a "b" <c>\n&'}]},
    "multipleBirthInteger": 2,
}


def test_a_patient_is_written_as_xml() -> None:
    expected = (
        '<?xml version="1.0" encoding="UTF-8"?><Patient xmlns="http://hl7.org/fhir"><id value="a"/>'
        '<extension url="http://h/x"><valueDecimal value="1.00"/></extension><active value="true"/>'
        '<name id="n"><given id="g"/><given value="Ann"/></name>'
        '<birthDate><extension url="http://h/y"><valueString value="a &quot;b&quot; &lt;c&gt;&#10;&amp;"/></extension>'
        '</birthDate><multipleBirthInteger value="2"/></Patient>'
    )
    text = xml_writer.dumps("r4", PATIENT)
    assert text.decode() == expected
    assert order(xml_reader.loads("r4", text)) == order(PATIENT)


@given(st.text(st.characters(codec="utf-8", exclude_characters="￾￿", exclude_categories=["Cc", "Cs"]), min_size=1))
def test_any_text_is_the_same_after_conversion(text: str) -> None:
    patient = {"resourceType": "Patient", "name": [{"text": text}]}
    assert xml_reader.loads("r4", xml_writer.dumps("r4", patient)) == patient


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?", fullmatch=True))
def test_any_decimal_keeps_its_written_form(text: str) -> None:
    assume(text != "-0")  # in JSON, this is the same integer as 0
    body = f'{{"resourceType":"Observation","valueQuantity":{{"value":{text}}}}}'
    xml = xml_writer.dumps("r4", lossless_json.loads(body))
    assert f'<value value="{text}"/>'.encode() in xml
    assert lossless_json.dumps(xml_reader.loads("r4", xml)).decode() == body


def wrap(inside: str, before: str = "") -> bytes:
    return f'{before}<Patient xmlns="http://hl7.org/fhir">{inside}</Patient>'.encode()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (wrap("", '<!DOCTYPE Patient [<!ENTITY a "b">]>'), "document types and entities are not allowed"),
        (wrap("", '<!DOCTYPE Patient SYSTEM "file:///etc/passwd">'), "document types and entities are not allowed"),
        (wrap('<active value="&x;"/>'), "undefined entity"),
        (wrap("<active>true</active>"), "text between elements is not allowed"),
        (wrap('<active value="true"/><active value="true"/>'), "active must not repeat"),
        (wrap('<active value="true" valid="no"/>'), "no attribute valid"),
        (wrap('<x:active xmlns:x="http://elsewhere" value="true"/>'), "not in the namespace"),
        (wrap("<contained><Order/><Order/></contained>"), "not a resource of this version"),
        (wrap("<contained><Basic/><Basic/></contained>"), "an element can contain only one resource"),
        (wrap('<h:div xmlns:h="http://www.w3.org/1999/xhtml"/>'), "isn't allowed here"),
        (
            wrap('<text><h:div xmlns:h="http://www.w3.org/1999/xhtml"><b xmlns="urn:x"/></h:div></text>'),
            "is not in the namespace",
        ),
        (wrap("<name>" * 300), "nested deeper"),
        (wrap('<extension url="u">' * 300), "nested deeper"),
        (wrap("<text><div xmlns='http://www.w3.org/1999/xhtml'>" + "<b>" * 300), "nested deeper"),
        (wrap("", '<?xml version="1.0" encoding="ISO-8859-1"?>'), "must be UTF-8"),
        (b"<Patient/>", "not in the namespace"),
        (b"<Patient xmlns='http://hl7.org/fhir'>\n<active", "at line 2"),
        (b"\xff\xfe", "at line 1"),
        (b"", "no element found"),
    ],
)
def test_an_error_specific_to_xml_is_reported_with_its_line(text: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        xml_reader.loads("r4", text)


def test_other_errors_are_left_to_validation() -> None:
    text = wrap('<activ value="true"/><birthDate value="today"/><multipleBirthInteger value="02"/><gender/>')
    expressions = {issue.expression for issue in validate("r4", xml_reader.loads("r4", text))}
    assert expressions == {"Patient.activ", "Patient.birthDate", "Patient.multipleBirthInteger", "Patient.gender"}


@given(st.binary(max_size=200) | st.text(alphabet="<>/=\"' Patientvalue&#;!-[]?x", max_size=80).map(str.encode))
def test_any_bytes_are_parsed_or_raise_a_value_error(text: bytes) -> None:
    for body in (text, wrap(text.decode("utf-8", "replace"))):
        try:
            xml_reader.loads("r4", body)
        except ValueError:
            continue


FAULTS_OF_SMART = ("status is required", "must not be empty", "must be a code", "must be a URI")
"""Known issues, from the folder's SOURCE.md: empty units and codes, and resources without a status."""


def test_the_smart_patients_of_dstu2_are_read(shared: Path) -> None:
    for file in sorted((shared / "data" / "dstu2-smart-xml").glob("*.xml.gz")):
        bundle = xml_reader.loads("dstu2", gzip.decompress(file.read_bytes()))
        assert len(bundle["entry"]) > 5
        issues = [issue for issue in validate("dstu2", bundle) if not any(known in issue.text for known in FAULTS_OF_SMART)]
        assert issues == []
        assert order(xml_reader.loads("dstu2", xml_writer.dumps("dstu2", bundle))) == order(bundle)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('<x:div xmlns:x="XHTML"><x:p class="a">1 &lt; 2<x:br/></x:p></x:div>', '<p class="a">1 &lt; 2<br/></p>'),
        ('<h:div xmlns:h="XHTML" xmlns="XHTML"><p xml:lang="de">a&#228;</p></h:div>', '<p xml:lang="de">aä</p>'),
        (
            '<xhtml:div xmlns:xhtml="XHTML">a &amp; <xhtml:a href="?a=1&amp;b=&quot;">b</xhtml:a></xhtml:div>',
            """a &amp; <a href='?a=1&amp;b="'>b</a>""",
        ),
    ],
)
def test_a_narrative_with_a_prefix_is_rewritten_without_it(written: str, read: str) -> None:
    written = written.replace("XHTML", "http://www.w3.org/1999/xhtml")
    text = f'<f:Patient xmlns:f="http://hl7.org/fhir"><f:text><f:status value="generated"/>{written}</f:text></f:Patient>'
    patient = xml_reader.loads("r4", text.encode())
    assert patient["text"]["div"] == f'<div xmlns="http://www.w3.org/1999/xhtml">{read}</div>'
    assert validate("r4", patient) == []
    plain = json.dumps({"resourceType": "Patient", "text": {"status": "generated", "div": written}})
    assert validate("r4", json.loads(plain)) == []
