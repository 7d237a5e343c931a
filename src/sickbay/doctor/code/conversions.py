"""The results of functions that convert strings, in many languages: encoders, constructors of fields, format strings."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from urllib.parse import quote, unquote_plus

from sickbay.doctor import compiled
from sickbay.doctor.code.draft import RequestDraft, base64_of, basic_header, join_pair
from sickbay.doctor.code.tokens import fill_blanks
from sickbay.doctor.code.values import (
    CodeBody,
    CodeFields,
    CodeItems,
    CodeObject,
    CodeText,
    CodeValue,
    Hole,
    Invocation,
    fields_of,
    join,
    literal,
    make_unknown,
    text_of,
)


def read_conversion(call: Invocation) -> CodeValue | None:
    """The result of a call that only makes values; None if the function isn't known."""
    name = call.name.lower()
    base = call.base
    if isinstance(base, CodeFields):
        return _convert_fields(base, name, call)
    if isinstance(base, CodeBody | CodeItems):
        return base
    if isinstance(base, CodeText) and (result := _convert_text(base, name, call)) is not None:
        return result
    for role, convert in _CONVERTERS.items():
        if name in function_names(role) and (result := convert(call, name)) is not None:
            return result
    return None


def _convert_fields(fields: CodeFields, name: str, call: Invocation) -> CodeValue:
    if name in function_names("append"):
        if len(call.arguments) == 1 and isinstance(text := call.arguments[0].value, CodeText):
            _append_text(fields, text)
        elif len(call.arguments) == 1 and (pair := fields_of(CodeItems((call.arguments[0].value,)))):
            fields.extend(pair.pairs)
        elif len(call.arguments) >= 2:
            _append_field(fields, call.arguments[0].value, call.arguments[1].value)
    elif name == "join" or (name in ("tostring", "encode") and fields.encoding == "form"):
        return CodeBody("form", CodeFields(fields.pairs, "form"), is_text=True)
    elif name == "update" and (others := fields_of(call.value(0))):
        fields.extend(others.pairs)
    elif name in ("basicauth", "setbasicauth"):
        fields.add("Authorization", basic_header(join_pair(call.value(0), call.value(1))))
    elif name == "setbearerauth":
        fields.add("Authorization", join((literal("Bearer "), call.text(0))))
    elif name in ("setcontenttype", "contenttype"):
        fields.add("Content-Type", call.text(0))
    elif name in function_names("json"):
        return CodeBody("json", fields, is_text=True)
    elif name == "get":
        return fields.get(str(call.text(0))) or make_unknown("value")
    return fields


def _append_text(fields: CodeFields, text: CodeText) -> None:
    """Adds `name=value`, as in a list that is joined later."""
    first = text.parts[0] if text.parts and not isinstance(text.parts[0], Hole) else ""
    name, equals, value = first.partition("=")
    if equals:
        fields.add(name, CodeText(tuple(part for part in (unquote_plus(value), *text.parts[1:]) if part)))


def _append_field(fields: CodeFields, name: CodeValue, value: CodeValue) -> None:
    """Adds a field. MultipartFormDataContent of .NET takes the content first."""
    if isinstance(name, CodeObject) and name.path == "StringContent":
        content = name.properties.get("value", name)
        fields.add(_plain_name(value), content)
        return
    fields.add(_plain_name(name), value)


def _plain_name(value: CodeValue) -> str:
    """The text, or the last name of a constant."""
    text = text_of(value)
    return str(text) if text.is_known else str(text).strip("{}").rpartition(".")[2]


def _convert_text(text: CodeText, name: str, call: Invocation) -> CodeValue | None:
    if name in function_names("formats"):
        named = CodeFields([(item.key, item.value) for item in call.arguments if item.key])
        return fill_blanks(text, [item.value for item in call.arguments if item.key is None], named)
    if name in ("base64encodedstring", "encodebase64", "base64"):
        return base64_of(text)
    if name == "join" or (name == "joined" and call.arguments):
        return _join_list(text, call)
    return (
        text
        if name in function_names("same") or name in ("replace", "getencoded", "replaceall", "tolowercase", "add")
        else None
    )


def _join_list(separator: CodeText, call: Invocation) -> CodeText | None:
    items = call.value(0)
    if not isinstance(items, CodeItems):
        return None
    pieces: list[CodeText] = []
    for item in items.values:
        pieces += [separator, text_of(item)] if pieces else [text_of(item)]
    return join(pieces)


def _basic_credentials(call: Invocation, name: str) -> CodeValue | None:
    """`Credentials.basic(user, password)` of OkHttp."""
    return basic_header(join_pair(call.value(0), call.value(1))) if call.path == "Credentials.basic" else None


def _convert_json(call: Invocation, name: str) -> CodeValue | None:
    if name == "stringify" and call.path.lower().startswith(("qs.", "querystring.")):
        fields = fields_of(call.value(0))
        return CodeBody("form", fields, is_text=True) if fields else None
    value = call.value(0, "withjsonobject", "body", "object", "data")
    if isinstance(value, CodeObject):
        value = text_of(value)
    return None if value is None else value if isinstance(value, CodeBody) else CodeBody("json", value, is_text=True)


def _convert_form(call: Invocation, name: str) -> CodeValue | None:
    value = call.value(0)
    if name == "fromformdata" and len(call.arguments) == 2:
        return CodeFields([(_plain_name(call.arguments[0].value), call.arguments[1].value)], "form")
    if isinstance(value, CodeText) and name == "urlencode":
        return _keep_first_argument(call, name)
    if isinstance(value, CodeText):
        return CodeBody("form", value) if name in ("urlsearchparams", "formurlencodedcontent") else value
    fields = fields_of(value)
    if name in function_names("form_strings"):
        return CodeBody("form", CodeFields(fields.pairs, "form"), is_text=True) if fields is not None else None
    return CodeFields(list(fields.pairs) if fields else [], "form")


def _convert_collection(call: Invocation, name: str) -> CodeValue | None:
    fields = fields_of(call.value(0))
    if (
        fields is None
        and (pairs := [(item.key, item.value) for item in call.arguments if item.key])
        and name in ("dict", "map")
    ):
        return CodeFields([*pairs])
    if name == "list" and call.path not in ("list", "List", "ArrayList", "Arrays.asList"):
        return None
    return CodeFields(list(fields.pairs) if fields else [], encoding_names()[name])


def _convert_pair(call: Invocation, name: str) -> CodeValue | None:
    return CodeItems((call.arguments[0].value, call.arguments[1].value)) if len(call.arguments) >= 2 else None


def _convert_list_or_map(call: Invocation, name: str) -> CodeValue | None:
    """`Map.of("a", "b", …)` of Java, `listOf`, `mapOf` and `Arrays.asList`."""
    values = [item.value for item in call.arguments]
    if call.path.lower() == "map.of":
        return CodeFields([(str(text_of(key)), item) for key, item in zip(values[::2], values[1::2], strict=False)])
    return CodeItems(tuple(values)) if name in ("listof", "mapof", "aslist", "hashmapof", "mutablemapof", "array") else None


def _convert_format(call: Invocation, name: str) -> CodeValue | None:
    if call.base is not None or not call.arguments:
        return None
    return fill_blanks(call.text(0), [item.value for item in call.arguments[1:]])


def _keep_first_argument(call: Invocation, name: str) -> CodeValue | None:
    value = call.value(0, "string")
    if isinstance(value, RequestDraft) and name.endswith(("writer", "stream")):
        return value
    if call.path.lower().startswith("jwt."):
        return None
    if name in function_names("encodes") and isinstance(value, CodeText):
        return CodeText(
            tuple(part if isinstance(part, Hole) else quote(part, safe="", errors="replace") for part in value.parts)
        )
    if isinstance(value, CodeText | CodeBody) or (isinstance(value, CodeFields) and value.encoding):
        return value
    return None


def _look_up(call: Invocation, name: str) -> CodeValue | None:
    """`getItem("code_verifier")` and `getenv("SECRET")`: an unknown value with that name."""
    key = call.value(0)
    if isinstance(key, CodeText) and key.is_known and len(call.arguments) <= 2 and str(key).replace("-", "_").isidentifier():
        return make_unknown(str(key))
    return None


def _object_keys(call: Invocation, name: str) -> CodeValue | None:
    """`Object.keys(fields)` stands for the fields, because they are usually joined to a form."""
    return fields_of(call.value(0)) if call.path in ("Object.keys", "Object.entries") else None


def _convert_array(call: Invocation, name: str) -> CodeValue | None:
    """`array("a" => "b")` of PHP."""
    pairs = [(item.key, item.value) for item in call.arguments if item.key]
    return CodeFields([*pairs]) if pairs else CodeItems(tuple(item.value for item in call.arguments))


_CONVERTERS: dict[str, Callable[[Invocation, str], CodeValue | None]] = {
    "base64": lambda call, name: base64_of(call.text(0)) if call.arguments else None,
    "basic": _basic_credentials,
    "form": _convert_form,
    "collection": _convert_collection,
    "json": _convert_json,
    "pairs": _convert_pair,
    "map_of": _convert_list_or_map,
    "array": _convert_array,
    "keys": _object_keys,
    "formats": _convert_format,
    "same": _keep_first_argument,
    "looked_up": _look_up,
}
"""Maps what functions do to a converter. `function_names` has their names."""


@cache
def function_names(role: str) -> frozenset[str]:
    """The names, in lower case, of the functions that do this to a value."""
    return frozenset(encoding_names() if role == "collection" else compiled.load_knowledge().code.functions[role].split())


@cache
def encoding_names() -> dict[str, str]:
    """How the fields that a type holds are sent: form, multipart or json, or "" if its name doesn't say so."""
    collections = compiled.load_knowledge().code.collections
    return {name: "" if kind == "fields" else kind for kind, names in collections.items() for name in names.split()}
