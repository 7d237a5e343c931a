"""Compares two launches of an app: which of their requests belong together, and where they differ first. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from sickbay.diagnosis.stages import FHIR_STAGES, find_stage
from sickbay.kernel.english import count, join
from sickbay.protocol import urls
from sickbay.protocol.parameters import parse
from sickbay.services.journal.outcomes import describe_injected_fault, describe_problem, determine_outcome, get_status, stage_of
from sickbay.services.redaction.masking import describe_name

Exchange: TypeAlias = Mapping[str, Any]
Agreement: TypeAlias = Literal["differs", "same", "own", "masked", "patient"]
"""The result of comparing two values. own: each launch has a new value. masked: the recorded values are the same mask. patient:
each names its own patient."""
OWN_VALUES: Final = frozenset(
    """
    state nonce code code_verifier code_challenge launch client_assertion refresh_token token id_token_hint request
    authorization
    """.split()
)
"""Parameters and headers that are new in each launch, or masked. In FHIR requests only the header: `code` is a search there."""
HEADERS: Final = ("authorization", "content-type", "accept", "origin")
"""Headers that are compared. The others say nothing about the app, or aren't recorded."""
SHOWN_CHARACTERS: Final = 80
"""Characters of a value in a sentence."""
_ID = re.compile(r"(?<=/)([A-Z][A-Za-z]+)/(?![$_])[^/]+")
_MASK = re.compile(r"…|‹[^›]{0,200}›")


class ComparedValue(NamedTuple):
    """A part of both requests or responses; None where it is missing."""

    name: str
    here: str | None
    there: str | None
    agreement: Agreement


class ComparedStep(NamedTuple):
    """The same step of both launches, or a step of only one. number, other_number: from 1; 0 if it isn't there."""

    here: Exchange | None
    there: Exchange | None
    number: int
    other_number: int
    values: tuple[ComparedValue, ...] = ()

    @property
    def title(self) -> str:
        return find_stage(stage_of(self.here or self.there or {})).title

    @property
    def differing(self) -> tuple[ComparedValue, ...]:
        return tuple(value for value in self.values if value.agreement == "differs")

    @property
    def is_probable(self) -> bool:
        """Whether one of its exchanges names no launch. If so, a missing step proves nothing."""
        return any(exchange is not None and bool(exchange.get("evidence")) for exchange in (self.here, self.there))


def compare_launches(
    here: Sequence[Exchange], there: Sequence[Exchange], patients: tuple[str, str] = ("", "")
) -> tuple[ComparedStep, ...]:
    """The steps of both launches, aligned. here, there: exchanges with all members, in their order. patients: their ids."""
    return tuple(
        ComparedStep(
            here[left] if left is not None else None,
            there[right] if right is not None else None,
            0 if left is None else left + 1,
            0 if right is None else right + 1,
            _compare_values(here[left], there[right], patients) if left is not None and right is not None else (),
        )
        for left, right in align_steps([*map(_request_key, here)], [*map(_request_key, there)])
    )


_Key: TypeAlias = tuple[str, str, str]
_Pair: TypeAlias = tuple[int | None, int | None]


def align_steps(here: Sequence[_Key], there: Sequence[_Key]) -> Iterator[_Pair]:
    """Returns the matching positions of both lists in order: equal keys first, between them equal stages."""
    for tag, a, b, c, d in SequenceMatcher(None, here, there, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from zip(range(a, b), range(c, d), strict=True)
            continue
        stages = [key[0] for key in here[a:b]], [key[0] for key in there[c:d]]
        for inner, e, f, g, h in SequenceMatcher(None, *stages, autojunk=False).get_opcodes():
            if inner == "equal":
                yield from zip(range(a + e, a + f), range(c + g, c + h), strict=True)
            else:
                yield from ((place, None) for place in range(a + e, a + f))
                yield from ((None, place) for place in range(c + g, c + h))


def _request_key(exchange: Exchange) -> _Key:
    """Returns the purpose of a request: its target without IDs."""
    request = exchange.get("request") or {}
    path = urls.split(str(request.get("url") or "")).path
    return stage_of(exchange), str(request.get("method") or ""), _ID.sub(r"\1/*", path)


def _compare_values(here: Exchange, there: Exchange, patients: tuple[str, str]) -> tuple[ComparedValue, ...]:
    own = frozenset(("authorization",)) if stage_of(here) in FHIR_STAGES else OWN_VALUES
    pairs = ((_request_parts(here), _request_parts(there)), (_response_results(here), _response_results(there)))
    return tuple(
        ComparedValue(
            name, mine.get(name), other.get(name), _judge_agreement(mine.get(name), other.get(name), name in own, patients)
        )
        for mine, other in pairs
        for name in dict.fromkeys((*mine, *other))
    )


def _request_parts(exchange: Exchange) -> dict[str, str]:
    """The request: its address, its parameters and the headers that are compared."""
    request = exchange.get("request") or {}
    address, _, query = str(request.get("url") or "").partition("?")
    parts = {"address": f"{request.get('method')} {address}"}
    body = str(request.get("body") or "")
    form = parse(body) if "=" in body and body[:1] not in "{[<" else ()
    for name, value in (*parse(query), *form):
        parts[name] = f"{parts[name]} + {value}" if name in parts else value
    headers = {str(name).lower(): str(value) for name, value in (request.get("headers") or {}).items()}
    return parts | {name: headers[name] for name in HEADERS if name in headers and name not in parts}


def _response_results(exchange: Exchange) -> dict[str, str]:
    results = {"status": str(get_status(exchange))}
    if "scopes" in exchange:
        granted = [str(row["granted"]) for row in exchange["scopes"] if row.get("granted")]
        results["granted scope"] = " ".join(granted)
    if fault := describe_injected_fault(exchange):
        results["injected fault"] = fault
    return results


def _judge_agreement(here: str | None, there: str | None, is_own: bool, patients: tuple[str, str]) -> Agreement:
    if here is None or there is None:
        return "differs"
    if is_own:
        return "own"
    if here == there:
        return "masked" if _MASK.search(here) else "same"
    if all(patients) and here.replace(*patients) == there:
        return "patient"
    return "differs"


def find_first_difference(steps: Sequence[ComparedStep]) -> ComparedStep | None:
    """The first step that differs. Steps that only probably belong to a launch come last."""
    differing = [step for step in steps if is_different(step)]
    return next((step for step in differing if not step.is_probable), next(iter(differing), None))


def is_different(step: ComparedStep) -> bool:
    return step.here is None or step.there is None or bool(step.differing)


def describe_first_difference(steps: Sequence[ComparedStep], patients: tuple[str, str] = ("", "")) -> str:
    """One sentence that names the first difference."""
    step = find_first_difference(steps)
    if step is None:
        same = f"The {count(len(steps), 'recorded request')} of both launches {'is' if len(steps) == 1 else 'are'} the same"
        return f"{same}, for different patients." if patients[0] != patients[1] else f"{same}."
    title = f"the {step.title[:1].lower()}{step.title[1:]}" if step.title[1:2].islower() else f"the {step.title}"
    if step.here is None:
        return f"The first difference: this launch lacks {title} that is step {step.other_number} of the other one."
    if step.there is None:
        return f"The first difference: step {step.number} of this launch, {title}, isn’t in the other one."
    there = "" if step.number == step.other_number else f", step {step.other_number} of the other launch"
    place = f"step {step.number}{there}"
    return f"The first difference is in {title} ({place}): {_describe_values(step)}"


def _describe_values(step: ComparedStep) -> str:
    """The first value that differs: of the request, unless only the response differs."""
    first, *_ = step.differing
    if first.name in ("status", "granted scope", "injected fault"):
        return f"the recorded parts of the requests are the same, but {_describe_result(first, step)}."
    return f"{_describe_value(first)}."


def _describe_result(value: ComparedValue, step: ComparedStep) -> str:
    if value.name == "status" and step.here is not None and step.there is not None:
        why = describe_problem(step.here) if determine_outcome(step.here) != "passed" else describe_problem(step.there)
        return f"the status is {value.here} here and {value.there} in the other launch{f' ({why})' if why else ''}"
    return _describe_value(value)


def _describe_value(value: ComparedValue) -> str:
    name = _parameter_label(value.name)
    if value.here is None:
        return f"{name} is missing. In the other launch, it is {_quote_value(value.there or '')}"
    if value.there is None:
        return f"only this launch has {name}: {_quote_value(value.here)}"
    if "scope" in value.name and (words := _describe_scopes(value.here.split(" "), value.there.split(" "))):
        return f"{name} {words}"
    here, there = _start_near_difference(value.here, value.there)
    return f"{name} is {_quote_value(here)} here and {_quote_value(there)} in the other launch"


def _parameter_label(name: str) -> str:
    if " " not in name:
        return f"`{name}`"
    return described if (described := describe_name(name)) != name else f"the {name}"


def _describe_scopes(here: Sequence[str], there: Sequence[str]) -> str:
    """Says which scopes only one launch has; "" if they differ in another way."""
    missing, added = (
        [scope for scope in first if scope and scope not in other] for first, other in ((there, here), (here, there))
    )
    parts = [f"lacks {join([_quote_value(scope) for scope in missing[:3]])}"] if missing else []
    parts += [f"has {join([_quote_value(scope) for scope in added[:3]])}, which the other launch doesn’t have"] if added else []
    return " and ".join(parts)


def _quote_value(text: str) -> str:
    text = text.replace("`", "'")
    return f"`{text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + '…'}`" if text else "empty"


def _start_near_difference(here: str, there: str) -> tuple[str, str]:
    """Both texts from shortly before their first difference, if they are long."""
    if max(len(here), len(there)) <= SHOWN_CHARACTERS:
        return here, there
    common = next((place for place, (a, b) in enumerate(zip(here, there, strict=False)) if a != b), min(len(here), len(there)))
    start = max(0, common - SHOWN_CHARACTERS // 4)
    return tuple(f"{'…' if start else ''}{text[start:]}" for text in (here, there))  # type: ignore[return-value]
