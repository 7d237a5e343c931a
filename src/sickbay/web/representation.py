"""An answer in the form that was asked for: XML, or laid out for people. What is stored is JSON and stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sickbay.fhir import written, xml_writing
from sickbay.fhir.media import Media
from sickbay.fhir.versions import VERSIONS
from sickbay.protocol.parameters import Parameters

if TYPE_CHECKING:
    from sickbay.web.fhir import Answer


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


def _is_resource(version: str, answer: Answer) -> bool:
    """Of a content type of the version: XML is still JSON here."""
    type = dict(answer.headers).get(b"content-type", b"").decode().partition(";")[0]
    return type in (VERSIONS[version].json, VERSIONS[version].xml)
