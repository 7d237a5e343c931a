"""Parses the values of a search, with one function for each kind of parameter. Each returns a value or a RequestError."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import cast

from sickbay.fhir.dates import BEGINNING, END, parse_span
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.routing import ID, is_absolute, reference_target
from sickbay.fhir.search.index_values import HUGE
from sickbay.fhir.search.parameters import Kind, SearchParameter
from sickbay.fhir.search.query import (
    DateValue,
    NearValue,
    Prefix,
    QuantityValue,
    ReferenceValue,
    TokenValue,
    UriValue,
    Value,
)
from sickbay.fhir.search.text import parse_string, split, unescape

_PREFIX = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)", re.S)
_NUMBER = re.compile(r"[+-]?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?", re.ASCII)
_DAY = 86_400_000
_NOWHERE = frozenset({"undefined", "null", "None", "NaN", "[object Object]"})
"""Texts that scripts send if they have no patient ID."""


def parse_token(parameter: SearchParameter, modifier: str | None, text: str, base: str) -> Value | RequestError:
    """Parses `code` (any system), `system|code`, `|code` (no system), `system|` (any code)."""
    begin, *rest = split(text, "|") if "\\" in text else text.split("|", 1)
    if not rest:
        return TokenValue(None, unescape(begin))
    system, code = unescape(begin), unescape("|".join(rest))
    if not system and not code:
        return RequestError("fhir-search-value-malformed", parameter.code, text, "code, system|code, |code or system|")
    return TokenValue(system, code or None)


def parse_reference(parameter: SearchParameter, modifier: str | None, text: str, base: str) -> Value | RequestError:
    """Parses `id`, `Type/id`, or an absolute URL. A URL on another server matches resources that contain that URL."""
    text = unescape(text)
    if text.rsplit("/", 1)[-1] in _NOWHERE:
        return RequestError("fhir-patient-undefined", parameter.code, text, _reference_form(parameter))
    if ID.fullmatch(text):
        return ReferenceValue(modifier or _single_target(parameter.targets), text)
    address = reference_target(text, base)
    if address is None and is_absolute(text):
        return _refuse_external(parameter, text)
    if address is None and "/" not in text:
        return RequestError("fhir-id-invalid", parameter.code, text, "an id of 1 to 64 letters, digits, '-' or '.'")
    if address is None or not _can_refer_to(parameter, modifier, address[0]):
        return RequestError("fhir-reference-malformed", parameter.code, text, _reference_form(parameter))
    return ReferenceValue(*address)


def _refuse_external(parameter: SearchParameter, text: str) -> Value | RequestError:
    """Refuses a patient on another server, which no resource here refers to. Other targets and URNs are possible."""
    if text.startswith("urn:") or "Patient" not in parameter.targets or text.split("/")[-2:-1] != ["Patient"]:
        return ReferenceValue(None, "", text)
    return RequestError("fhir-reference-malformed", parameter.code, text, _reference_form(parameter))


def _single_target(targets: tuple[str, ...]) -> str | None:
    return targets[0] if len(targets) == 1 else None


def _can_refer_to(parameter: SearchParameter, modifier: str | None, type: str) -> bool:
    if modifier is not None and modifier != type:
        return False
    return not parameter.targets or type in parameter.targets or "Resource" in parameter.targets


def _reference_form(parameter: SearchParameter) -> str:
    type = "Patient" if "Patient" in parameter.targets else (parameter.targets or ("Type",))[0]
    return f"{parameter.code}={type}/<id> or {parameter.code}=<id>"


def parse_date(parameter: SearchParameter, modifier: str | None, text: str, base: str) -> Value | RequestError:
    """Parses a prefix and a date of any precision. `ap` extends the range by a tenth of its length, at least a day."""
    form = _PREFIX.fullmatch(text)
    # An unencoded plus sign arrives as a space. A date contains one only in the zone.
    period = parse_span(form[2].replace(" ", "+")) if form else None
    if form is None or period is None:
        return RequestError(
            "fhir-date-malformed", parameter.code, text, "[prefix]YYYY[-MM[-DD[Thh:mm[:ss]zone]]], such as ge2020-01-02"
        )
    low, high = period
    if form[1] == "ap":
        margin = max((high - low) // 10, _DAY)
        low, high = max(BEGINNING, low - margin), min(END, high + margin)
    return DateValue(_read_prefix(form[1]), low, high)


def parse_number(parameter: SearchParameter, modifier: str | None, text: str, base: str) -> Value | RequestError:
    """Parses a prefix and a decimal: `100` covers [99.5, 100.5), `100.00` [99.995, 100.005), `1e2` [95, 105)."""
    return parse_quantity(parameter, modifier, text, base) if "|" not in text else refuse_number(parameter, text)


def parse_quantity(parameter: SearchParameter, modifier: str | None, text: str, base: str) -> Value | RequestError:
    """Parses `[prefix]number`, `…|system|code` or `…||code`. Precision matters for eq, ne and ap; otherwise low == high."""
    parts = [unescape(part) for part in split(text, "|")]
    form = _PREFIX.fullmatch(parts[0])
    covered = determine_precision(form[2]) if form else None
    if form is None or covered is None or len(parts) not in (1, 3):
        return refuse_number(parameter, text)
    low, high = covered
    if form[1] in ("gt", "lt", "ge", "le", "sa", "eb"):
        low = high = _move_past(float(form[2]), form[1])
    elif form[1] == "ap":
        low, high = _widen_by_a_tenth(form[2], low, high)
    system, code = (parts[1] or None, parts[2] or None) if len(parts) == 3 else (None, None)
    return QuantityValue(_read_prefix(form[1]), low, high, system, code)


def _widen_by_a_tenth(text: str, low: float, high: float) -> tuple[float, float]:
    """Extends the range to a tenth of the value on both sides, both ends included: `ap70` covers 63 to 77 (R4, 3.1.1.4.6)."""
    value = Decimal(text)
    margin = abs(value) / 10
    return min(low, float(value - margin)), max(high, math.nextafter(float(value + margin), math.inf))


def _move_past(value: float, prefix: str) -> float:
    """Moves the value for `sa` and `eb` by the smallest step, because a value equal to it is neither after nor before it."""
    toward = {"sa": math.inf, "eb": -math.inf}.get(prefix)
    return value if toward is None else math.nextafter(value, toward)


def determine_precision(text: str) -> tuple[float, float] | None:
    """Returns the range [low, high) that a decimal covers by its written precision; None if it isn't a decimal."""
    form = _NUMBER.fullmatch(text)
    if form is None:
        return None
    exponent = int(form[3] or 0) - len(form[2] or "")
    if form[3] and exponent > 0:
        exponent -= 1  # 1e2 covers 95 to 105, as in the specification, not 50 to 150
    value = float(text)
    if abs(value) >= HUGE:
        return None
    half = 0.5 * 10.0 ** max(-320, min(300, exponent))
    return value - half, max(value + half, math.nextafter(value, math.inf))  # `half` is lost in numbers of 17 digits


def refuse_number(parameter: SearchParameter, text: str) -> RequestError:
    units = "|system|code" if parameter.kind == "quantity" else ""
    return RequestError("fhir-search-value-malformed", parameter.code, text, f"[prefix]number{units}, such as gt5.4{units}")


def _read_prefix(text: str | None) -> Prefix:
    return cast(Prefix, text or "eq")


def parse_missing_modifier(parameter: SearchParameter, modifier: str | None, text: str, base: str) -> Value | RequestError:
    """Parses `:missing=true`, for parameters of any kind."""
    if text in ("true", "false"):
        return TokenValue(None, text)
    name = f"{parameter.code}:missing"
    return RequestError("fhir-search-value-malformed", name, text, f"{name}=true or false")


def parse_uri(parameter: SearchParameter, modifier: str | None, text: str, base: str) -> Value | RequestError:
    return UriValue(unescape(text))


_RELATIVE = re.compile(r"[A-Z][A-Za-z]+(/.*)?", re.S)


def list_addresses(value: UriValue, base: str) -> tuple[UriValue, ...]:
    """Returns the URL as it is and, if it is on this server, in its other form: relative to the base, or absolute.

    An attachment is stored as `Binary/1`, but read elsewhere as `<base>/Binary/1`, such as in the files of an export.
    """
    if value.uri.startswith(f"{base}/"):
        relative = value.uri[len(base) + 1 :]
        return (value, UriValue(relative)) if _RELATIVE.fullmatch(relative) else (value,)
    return (value, UriValue(f"{base}/{value.uri}")) if _RELATIVE.fullmatch(value.uri) else (value,)


_UNITS = {"m": 1.0, "km": 1000.0, "": 1000.0, "[mi_us]": 1609.347, "[mi_i]": 1609.344, "mi": 1609.344, "[ft_i]": 0.3048}
_DISTANCE = 50_000.0
"""Default distance of a search in metres."""


def parse_near(parameter: SearchParameter, text: str, distance: str | None = None) -> Value | RequestError:
    """Parses `latitude|longitude|distance|unit` (R4, Location), or before R4 `latitude:longitude` and near-distance."""
    parts = split(text if "|" in text else text.replace(":", "|"), "|")
    if distance is not None:
        parts = [*parts[:2], *split(distance.removeprefix("eq").removeprefix("le"), "|")]
    latitude, longitude, radius = (_read_decimal(part) for part in (*parts, "", "")[:3])
    unit = _UNITS.get(parts[-1] if len(parts) > 3 else "")
    fits = latitude is not None and longitude is not None and abs(latitude) <= 90 and abs(longitude) <= 180
    if (
        not fits
        or unit is None
        or len(parts) not in (2, 3, 4, 5)
        or (len(parts) > 2 and parts[2] and (radius is None or radius < 0))
    ):
        form = "latitude|longitude|distance|unit in degrees and km, m or [mi_us], such as near=42.25|-83.69|11.2|km"
        return RequestError("fhir-search-value-malformed", parameter.code, text, form)
    assert latitude is not None
    assert longitude is not None
    metres = _DISTANCE if radius is None else min(radius * unit, 20_000_000.0)
    return NearValue(round(latitude * 1e6), round(longitude * 1e6), round(metres))


def _read_decimal(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) and abs(float(text)) < HUGE else None


def url_and_parents(text: str) -> list[str]:
    """Returns the URL and its parents for `:above` (R4, 3.1.1.4.12): http://a/b/c, http://a/b, http://a."""
    scheme, slashes, rest = text.partition("://")
    head, parts = (scheme + slashes, rest.split("/")) if slashes else ("", text.split("/"))
    whole = [head + "/".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return list(dict.fromkeys(url + end for url in whole for end in ("", "/")))


READ: dict[Kind, Callable[[SearchParameter, str | None, str, str], Value | RequestError]] = {
    "token": parse_token,
    "reference": parse_reference,
    "string": parse_string,
    "date": parse_date,
    "number": parse_number,
    "quantity": parse_quantity,
    "uri": parse_uri,
}
