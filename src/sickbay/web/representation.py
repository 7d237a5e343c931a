"""An answer in the form that was asked for: XML, or laid out for people. What is stored is JSON and stays as it is."""

from __future__ import annotations

from collections.abc import Sequence

from sickbay.fhir import written, xml_writing
from sickbay.fhir.bundle import Entry, Kept
from sickbay.fhir.media import Media
from sickbay.fhir.query import Query
from sickbay.fhir.subset import Part, asked, subset
from sickbay.fhir.versions import VERSIONS
from sickbay.protocol.parameters import Parameters
from sickbay.web.fhir_answer import Answer


def shaped(version: str, answer: Answer, media: Media, parameters: Parameters) -> Answer:
    """The answer itself where compact JSON is wanted, or where its body is no resource (NDJSON, plain JSON)."""
    pretty = parameters.get("_pretty") == "true"
    if not (media.xml or pretty) or not answer.body or not _is_resource(version, answer):
        return answer
    resource = written.loads(answer.body)
    if not media.xml:
        return answer._replace(body=written.dumps(resource, pretty=True))
    headers = [(name, value) for name, value in answer.headers if name != b"content-type"]
    type = (media.content_type or "").encode()
    body = xml_writing.dumps(version, resource, pretty=pretty)
    return answer._replace(body=body, headers=[(b"content-type", type), *headers])


def cut(version: str, type: str, answer: Answer, parameters: Parameters) -> Answer:
    """The part of a resource that a read asks for by _summary or _elements."""
    part = asked(version, type, parameters.pairs)
    if answer.status != 200 or not isinstance(part, Part):
        return answer
    return answer._replace(body=subset(version, type, answer.body, part.summary, part.elements))


def parts(version: str, query: Query, kept: Sequence[Kept], *, included: bool = False) -> Sequence[Kept]:
    """The part of each resource on a page. A summary is of the included ones too, _elements are of the matches."""
    elements = () if included else query.elements
    if not query.summary and not elements:
        return kept
    return [Entry(one.type, one.id, subset(version, one.type, one.body, query.summary, elements)) for one in kept]


def _is_resource(version: str, answer: Answer) -> bool:
    """Of a content type of the version: XML is still JSON here."""
    type = dict(answer.headers).get(b"content-type", b"").decode().partition(";")[0]
    return type in (VERSIONS[version].json, VERSIONS[version].xml)
