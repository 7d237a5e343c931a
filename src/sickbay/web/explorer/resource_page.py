"""A resource in the explorer: readable, or as JSON or XML. Also the raw form of any other response."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.responses import Response

from sickbay.fhir.readable.budget import PageBudget, cut_lines
from sickbay.fhir.readable.columns import title_of
from sickbay.fhir.readable.dates import describe_date
from sickbay.fhir.readable.tree import ElementText, ResourceText, read_resource
from sickbay.fhir.readable.values import describe_coding, list_of, object_of, text_of
from sickbay.fhir.routing import Route
from sickbay.fhir.search.referring import list_referring_parameters
from sickbay.kernel import english
from sickbay.protocol.parameters import encode
from sickbay.web.explorer.asking import Asked, read_json, write_text
from sickbay.web.explorer.page import ExplorerPage, describe_sent_request, find_problem, leave_out
from sickbay.web.explorer.place import ExplorerPlace
from sickbay.web.explorer.views import Contained, GroupView, ResourceView, ValueView
from sickbay.web.pages.parts import Choice, Link

TEXT_BYTES: Final = 70_000
"""Maximum size of the HTML of the readable form, in bytes."""
RAW_BYTES: Final = 90_000
"""Maximum size of the HTML of JSON or XML, in bytes."""
ENCODED_CHARACTERS: Final = 2_400
"""Maximum number of base64 characters shown of a text Binary, a multiple of four so that they can be decoded."""
TEXT_TYPES: Final = ("text/", "application/json", "application/xml", "application/fhir+", "application/hl7")
SUBJECTS: Final = ("patient", "subject", "beneficiary", "actor", "encounter")
"""The preferred parameters, in order, for finding the resources of a type that refer to a resource."""


async def show_resource(page: ExplorerPage, asked: Asked) -> Response:
    if page.form and asked.is_ok:
        return await show_raw(page, asked)
    place, problem = page.place, await find_problem(asked)
    resource = await read_json(asked.response.body) if asked.is_ok else {}
    if resource.get("resourceType") == "Binary":
        resource = _drop_data(resource)
    text = read_resource(place.version, resource, place.bases, PageBudget(TEXT_BYTES))
    name = _name_of(place)
    return await page.show(
        "explorer_resource",
        lambda bar: ResourceView(
            bar=bar,
            title=title_of(place.version, resource) if resource else name,
            name=name,
            sent=describe_sent_request(page, asked),
            facts=_list_facts(resource),
            tabs=list_tabs(place, "readable") if asked.is_ok else (),
            groups=_view_groups(place, text.groups),
            narrative=text.narrative,
            contained=tuple(_view_contained_resource(place, inner, resource) for inner in text.contained),
            is_cut=text.is_cut,
            referring=_list_referring_searches(place, asked) if asked.is_ok else (),
            problem=problem,
            up=_link_to_type(place),
        ),
        asked.response.status,
    )


async def show_raw(page: ExplorerPage, asked: Asked) -> Response:
    """The response as JSON or XML. A long one is cut at the end of a line."""
    place, is_xml = page.place, page.form == "xml"
    written = await write_text(place.version, asked.response, xml=is_xml)
    text, missing = cut_lines(written, RAW_BYTES)
    size = len(written.encode())
    is_resource = isinstance(asked.route, Route) and asked.route.interaction in ("read", "vread")
    return await page.show(
        "explorer_resource",
        lambda bar: ResourceView(
            bar=bar,
            title=_name_of(place),
            name=_name_of(place),
            sent=describe_sent_request(page, asked),
            tabs=list_tabs(place, page.form, with_history=is_resource),
            raw=text,
            raw_name="XML" if is_xml else "JSON",
            missing=f"The first {english.describe_size(size - missing)} of {english.describe_size(size)}." if missing else "",
            up=_link_to_type(place),
        ),
    )


def _name_of(place: ExplorerPlace) -> str:
    """Type/id, or Type/id/_history/version."""
    return place.path or "All types"


def _link_to_type(place: ExplorerPlace) -> Link:
    type = place.path.partition("/")[0]
    return Link(type, place.at(type, "_count=20"))


def list_tabs(place: ExplorerPlace, chosen: str, *, with_history: bool = True) -> tuple[Choice, ...]:
    """Returns the forms of the data at this place, each with its address."""
    own, query = "/".join(place.path.split("/")[:2]), leave_out(place.query, "_format")
    forms = (("readable", "Readable", ""), ("json", "JSON", "json"), ("xml", "XML", "xml"))
    pairs = [(form, text, f"{query}&_format={value}".strip("&") if value else query) for form, text, value in forms]
    tabs = tuple(Choice(place.at(place.path, query), text, form == chosen) for form, text, query in pairs)
    return (*tabs, Choice(place.at(f"{own}/_history"), "History", chosen == "history")) if with_history else tabs


def _list_facts(resource: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Returns the facts in `meta` about the version."""
    meta = object_of(resource.get("meta"))
    facts = (
        ("Version", text_of(meta.get("versionId"))),
        ("Last updated", describe_date(text_of(meta.get("lastUpdated")))),
        ("Source", text_of(meta.get("source"))),
        ("Profiles", ", ".join(text_of(profile).rpartition("/")[2] for profile in list_of(meta.get("profile"))[:5])),
        ("Tags", ", ".join(describe_coding(object_of(tag)) for tag in list_of(meta.get("tag"))[:5])),
        ("Security labels", ", ".join(describe_coding(object_of(label)) for label in list_of(meta.get("security"))[:5])),
    )
    return tuple((name, text[:300]) for name, text in facts if text)


def _view_groups(place: ExplorerPlace, groups: Sequence[ElementText]) -> tuple[GroupView, ...]:
    return tuple(
        GroupView(
            group.label,
            tuple(
                ValueView(value.text, value.note, place.link(value.target), _view_groups(place, value.groups), value.is_code)
                for value in group.values
            ),
        )
        for group in groups
    )


def _view_contained_resource(place: ExplorerPlace, text: ResourceText, resource: Mapping[str, Any]) -> Contained:
    inner = next((object_of(item) for item in list_of(resource.get("contained")) if object_of(item).get("id") == text.id), {})
    title = " ".join(filter(None, (text.type, title_of(place.version, inner) if text.groups else "")))
    return Contained(id=text.id, title=title, groups=_view_groups(place, text.groups), narrative=text.narrative)


def _list_referring_searches(place: ExplorerPlace, asked: Asked) -> tuple[Link, ...]:
    """Returns one search for each type that can refer to the resource."""
    if not isinstance(asked.route, Route) or asked.route.type is None:
        return ()
    codes: dict[str, list[str]] = {}
    for source, code in list_referring_parameters(place.version, asked.route.type):
        codes.setdefault(source, []).append(code)
    value = f"{asked.route.type}/{asked.route.id}"
    chosen = {source: next((code for code in SUBJECTS if code in own), own[0]) for source, own in codes.items()}
    return tuple(
        Link(source, place.at(source, encode([(code, value), ("_count", "20")]))) for source, code in sorted(chosen.items())
    )


def _drop_data(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a Binary with the size of its data and, if the data is text, its beginning."""
    data, kind = text_of(resource.get("data", resource.get("content"))), text_of(resource.get("contentType"))
    shown = {key: value for key, value in resource.items() if key not in ("data", "content")}
    if data:
        shown["size"] = english.describe_size(len(data) * 3 // 4)
    if data and kind.startswith(TEXT_TYPES):
        shown["data"] = _decode_data(data[:ENCODED_CHARACTERS]) + ("…" if len(data) > ENCODED_CHARACTERS else "")
    return shown


def _decode_data(data: str) -> str:
    try:
        return base64.b64decode(data).decode("utf-8", "replace")
    except ValueError:
        return data
