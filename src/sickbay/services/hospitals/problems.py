"""Finds problems in the file of a hospital: unknown keys, wrong types, and values that contradict each other."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from sickbay import dialects
from sickbay.authorization import policy as policies
from sickbay.authorization import refusals
from sickbay.authorization.protected_resource import MAXIMUM_RESOURCES, read_resource
from sickbay.faults import fault as faults
from sickbay.fhir.search.parameters import known_types, load_parameters
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.english import join
from sickbay.kernel.similar_names import find_closest
from sickbay.protocol import scopes
from sickbay.services.hospitals import keys
from sickbay.services.hospitals.hospital_file import RESERVED, FileProblem, HospitalFile, KeyPath
from sickbay.services.hospitals.path_problems import fhir_versions, fields_of, find_path_problems
from sickbay.services.hospitals.response_problems import find_response_problems, list_wordings

_NAME: Final = re.compile(r"[a-z0-9-]{1,40}")
_CRITERION: Final = re.compile(r"([a-z0-9]{1,10}) ([A-Za-z]{1,64}):(.{1,2000})")
_SHAPING: Final = ("_count", "_sort", "_include", "_revinclude", "_summary", "_elements", "_total", "_format", "_pretty")
_PERSON: Final = re.compile(r"(?:Practitioner|PractitionerRole|Patient|RelatedPerson|Person)/[A-Za-z0-9.-]{1,64}")
_IN_TEMPLATES: Final = {"user_id", "username", "tenant_id", "patient", "name"}


def find_problems(file: HospitalFile, names: Collection[str], seeded_users: Collection[str]) -> list[FileProblem]:
    """Return all problems, in the order of the lines. names: the names of the existing hospitals."""
    shape = [*_shape_problems(file)]
    found = shape or [*_contradiction_problems(file, names, seeded_users)]
    return sorted(found, key=lambda problem: problem.line)


def _shape_problems(file: HospitalFile) -> Iterator[FileProblem]:
    """Finds unknown keys and values of the wrong type."""
    top = file.document
    yield from _table_problems(file, (), top, keys.TOP, "")
    for name, types in (
        ("paths", keys.PATHS),
        ("answers", keys.list_answer_keys()),
        ("policy", keys.list_policy_keys()),
        ("search", keys.SEARCH),
    ):
        yield from _table_problems(file, (name,), top.get(name), types, f" in [{name}]")
    words = top.get("words")
    for path, table in list_wordings(words if isinstance(words, dict) else {}):
        if isinstance(table, dict):
            yield from _table_problems(file, ("words", *path), table, keys.wording_types(), f" in [words.{'.'.join(path)}]")
        else:
            yield file.problem(("words", *path), f"words.{'.'.join(path)} must be a table.")
    users = top.get("users")
    for position, user in enumerate(users if isinstance(users, list) else ()):
        yield from _table_problems(file, ("users", position), user, keys.USER, " in [[users]]")
    for name in ("name", "title"):
        if name not in top:
            yield file.problem((), f"The key {name} is missing.")


def _table_problems(file: HospitalFile, path: KeyPath, table: Any, types: keys.Types, place: str) -> Iterator[FileProblem]:
    if not isinstance(table, dict):
        return
    for name, value in table.items():
        if name not in types:
            yield file.problem((*path, name), f"There is no key {name}{place}.{_hint_at_similar(name, types)}")
        elif expected := keys.find_mistake(types[name], value):
            yield file.problem((*path, name), f"{name} must be {expected}.")


def _hint_at_similar(name: str, known: Collection[str]) -> str:
    if name in keys.ELSEWHERE:
        return f" Use {keys.ELSEWHERE[name]}."
    near = find_closest(name, known)
    return f" Did you mean {near}?" if near else f" Known: {join(sorted(known))}."


def _contradiction_problems(file: HospitalFile, names: Collection[str], seeded_users: Collection[str]) -> Iterator[FileProblem]:
    top = file.document
    yield from _identity_problems(file, names)
    if "like" in top and top["like"] not in dialects.list_names():
        yield file.problem(
            ("like",), f"There is no dialect {top['like']}.{_hint_at_similar(top['like'], dialects.list_names())}"
        )
        return
    versions = [version for version in top.get("fhir", ()) if version not in VERSIONS]
    if versions or top.get("fhir") == []:
        wrong = f"There is no FHIR version {versions[0]}. Known" if versions else "fhir needs at least one version"
        yield file.problem(("fhir",), f"{wrong}: {join(sorted(VERSIONS))}.")
        return
    yield from find_path_problems(file)
    yield from find_response_problems(file)
    yield from _policy_problems(file)
    yield from _search_problems(file)
    yield from _template_problems(file)
    yield from _user_problems(file, seeded_users)
    yield from _fault_problems(file)
    yield from _resource_problems(file)


def _identity_problems(file: HospitalFile, names: Collection[str]) -> Iterator[FileProblem]:
    name = file.document["name"]
    if not _NAME.fullmatch(name) or name.strip("-") != name:
        yield file.problem(
            ("name",), "name must have 1 to 40 lower-case letters, digits and hyphens, and no hyphen at the ends."
        )
    elif name in RESERVED:
        yield file.problem(("name",), f"{name} is an address of Sickbay itself. Choose another name.")
    elif name in names:
        yield file.problem(("name",), f"There is already a hospital {name}.")


def _policy_problems(file: HospitalFile) -> Iterator[FileProblem]:
    policy, document = file.document.get("policy", {}), file.document
    for name, value in policy.items():
        if name in policies.SETTINGS:
            yield from (file.problem(("policy", name), f"{fault}.") for fault in policies.find_problems({name: value}))
    known = refusals.index_refusals()
    for name in ("relaxed", "precedence"):
        for id in policy.get(name, ()):
            if id not in known:
                yield file.problem(("policy", name), f"There is no refusal {id}.{_suggest_name(id, known)}")
    for text in document.get("scopes", ()):
        if scopes.parse(text) is None:
            yield file.problem(("scopes",), f"{text} isn't a SMART scope.")
    style = document.get("answers", {})
    like = dialects.load(document.get("like", dialects.STANDARD))
    if style.get("untrusted") == "see-other" and "errors" not in {**like.paths, **document.get("paths", {})}:
        yield file.problem(("answers", "untrusted"), "see-other needs the path errors, to which it redirects.")
    for id in style.get("not_redirected", ()):
        if id not in known:
            yield file.problem(("answers", "not_redirected"), f"There is no refusal {id}.{_suggest_name(id, known)}")


def _suggest_name(name: str, known: Collection[str]) -> str:
    near = find_closest(name, known)
    return f" Did you mean {near}?" if near else ""


def _search_problems(file: HospitalFile) -> Iterator[FileProblem]:
    search, versions = file.document.get("search", {}), fhir_versions(file.document)
    listed = search.get("parameters", {})
    for type, codes in listed.items():
        yield from (
            file.problem(("search", "parameters", type), sentence) for sentence in _unknown_parameters(versions, type, codes)
        )
    for line in search.get("required", ()):
        yield from (file.problem(("search", "required"), sentence) for sentence in _criterion_problems(line, versions, listed))
    for line in search.get("alone", ()):
        version, _, type = line.partition(" ")
        if version not in versions or type not in known_types(version):
            yield file.problem(
                ("search", "alone"), f"{line} must be a version of this hospital and a type, such as r4 Observation."
            )


def _criterion_problems(line: str, versions: Collection[str], listed: Mapping[str, Collection[str]]) -> Iterator[str]:
    match = _CRITERION.fullmatch(line)
    if match is None:
        yield f'"{line}" must be like "r4 Observation: patient | _id".'
        return
    version, type, codes = match[1], match[2], [code.strip().removeprefix("-") for code in match[3].split("|")]
    if version not in versions:
        yield f'"{line}" is about {version}, which this hospital doesn\'t have.'
        return
    yield from _unknown_parameters((version,), type, [code.partition(".")[0] for code in codes])
    if type in listed and not {*codes} & {*listed[type], "_id"}:
        yield f"A search for {type} must name {join(codes, 'or')}, but parameters lists none of them."


def _unknown_parameters(versions: Collection[str], type: str, codes: Collection[str]) -> Iterator[str]:
    having = [version for version in versions if type in known_types(version)]
    if not having:
        yield f"There is no resource type {type} in {join(sorted(versions))}."
        return
    known = {code for version in having for code in load_parameters(version, type)} | {*_SHAPING}
    yield from (f"{type} has no search parameter {code}.{_suggest_name(code, known)}" for code in codes if code not in known)


def _template_problems(file: HospitalFile) -> Iterator[FileProblem]:
    """Placeholders of texts that are filled in for each user."""
    document = file.document
    texts: list[tuple[KeyPath, str, set[str]]] = [
        (("subject",), document.get("subject", ""), {"tenant", "username", "user_id"})
    ]
    texts += [(("token_response", name), text, _IN_TEMPLATES) for name, text in document.get("token_response", {}).items()]
    for scope, claims in document.get("id_token", {}).items():
        texts += [(("id_token", scope, name), text, _IN_TEMPLATES) for name, text in claims.items()]
    for path, text, allowed in texts:
        if unknown := sorted(fields_of(text) - allowed):
            yield file.problem(path, f"There is no placeholder {{{unknown[0]}}}. Known: {join(sorted(allowed))}.")


def _user_problems(file: HospitalFile, seeded: Collection[str]) -> Iterator[FileProblem]:
    taken = set(seeded)
    for position, user in enumerate(file.document.get("users", ())):
        if missing := [name for name in ("username", "password", "fhirUser") if not user.get(name)]:
            yield file.problem(("users", position, missing[0]), f"A user needs {join(missing)}.")
            continue
        if not _PERSON.fullmatch(user["fhirUser"]):
            yield file.problem(("users", position, "fhirUser"), "fhirUser must be a person, such as Practitioner/pr-1.")
        if user["username"] in taken:
            yield file.problem(("users", position, "username"), f"There is already a user {user['username']}.")
        taken.add(user["username"])


def _fault_problems(file: HospitalFile) -> Iterator[FileProblem]:
    listed = file.document.get("faults", ())
    if len(listed) > faults.MAXIMUM_FAULTS:
        yield file.problem(("faults",), f"A hospital has at most {faults.MAXIMUM_FAULTS} faults.")
    for position, fault in enumerate(listed):
        for name in ("tenant", "app"):
            if name in fault:
                yield file.problem(
                    ("faults", position, name), f"A fault of a hospital's file has no {name}: it is meant for every app."
                )
        yield from (file.problem(_fault_path(position, fault, sentence), sentence) for sentence in faults.find_problems(fault))


def _resource_problems(file: HospitalFile) -> Iterator[FileProblem]:
    listed = file.document.get("resources", ())
    if len(listed) > MAXIMUM_RESOURCES:
        yield file.problem(("resources",), f"A hospital has at most {MAXIMUM_RESOURCES} registered resources.")
    for position, sent in enumerate(listed):
        if isinstance(wrong := read_resource(sent), str):
            named = next((name for name in sent if name in wrong.replace(";", "").split()), "")
            yield file.problem(("resources", position, named) if named else ("resources", position), f"{wrong}.")


def _fault_path(position: int, fault: Mapping[str, Any], sentence: str) -> KeyPath:
    words = {word.strip(".,") for word in sentence.split()}
    named = next((name for name in fault if name in words and (name != "kind" or len(fault) == 1)), None)
    named = named or next((name for name in fault if str(fault[name]) in words), None)
    return ("faults", position, named) if named else ("faults", position)
