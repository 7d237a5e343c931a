"""Rules about searches that were granted and found nothing, or less than they asked for.

`services.empty_searches` finds the causes in the data. They come in `AccessContext.empty`, each with the id of its rule.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from msgspec import structs

from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.rule import RuleFunctions, Severity
from sickbay.kernel.checks import Facts
from sickbay.kernel.english import join, join_as_code
from sickbay.protocol.parameters import Parameters, encode

COUNTED: Final = 1000  # where counts stop (`storage.probe.COUNT_LIMIT`)


def format_amount(number: int | None) -> str:
    """`88`, `1,000 or more`; `some` if the number isn't known."""
    if number is None:
        return "some"
    return f"{number:,} or more" if number >= COUNTED else f"{number:,}"


def _advise_with_texts(id: str, complete: Callable[[Facts], Facts]) -> Callable[[AccessRequest, AccessContext], Facts | None]:
    """Return the facts that the context has for this rule, with the sentences of its texts.

    They don't apply to a corrected request, which no longer has the parameter that they are about.
    """

    def advises(request: AccessRequest, context: AccessContext) -> Facts | None:
        facts = next((facts for rule, facts in context.empty if rule == id), None)
        if facts is None or (facts.get("instead") and _wrong_pair(facts) not in request.parameters.pairs):
            return None
        return complete(facts)

    return advises


def _wrong_pair(facts: Facts) -> tuple[Any, Any]:
    return facts.get("parameter"), facts.get("received")


def _add_sentences(facts: Facts) -> dict[str, Any]:
    """Add what all rules about a value say: the counts, the values that occur, and what to send."""
    without, values, counts = facts.get("without"), _list_occurring_values(facts), _describe_counts(facts.get("alone") or ())
    return {
        **facts,
        "remaining": f"Without it, the search finds {format_amount(without)}." if without else "",
        "values": values if without else values.lstrip(),
        "counts": counts if without or values else counts.lstrip(),
        "instruction": _instruction_for(facts),
    }


def _list_occurring_values(facts: Facts) -> str:
    """List values that occur. A number that isn't known is left out."""
    occurring = facts.get("occurring") or ()
    items = [f"`{value}`" if number is None else f"`{value}` ({format_amount(number)})" for value, number in occurring]
    if unused := facts.get("unused"):
        whose = "the other parameters find" if unused == "others" else "the token may see"
        return f" No {facts.get('type')} that {whose} has a value for `{facts.get('parameter')}`."
    if not items:
        return ""
    if facts.get("partial"):
        return f" Values that occur include {join(items)}."
    return f" Values that occur: {', '.join(items) + ' and others' if facts.get('more') else join(items)}."


def _describe_counts(counts: Sequence[Sequence[Any]]) -> str:
    """Counts that weren't made in time are left out."""
    known = [f"`{name}` finds {format_amount(number)}" for name, number in counts if number is not None]
    return f" On its own, {join(known)}." if known else ""


def _instruction_for(facts: Facts) -> str:
    suggestion, finds = facts.get("suggestion"), format_amount(facts.get("finds")) + str(facts.get("condition") or "")
    is_likely = facts.get("reason") not in ("frequent", "near")
    if not suggestion:
        instead = "Use a value that occurs" if facts.get("occurring") else "Check the value"
        return f"{instead}, or search without this parameter."
    if facts.get("reason") == "present":
        return f"`{suggestion}` finds {finds}. Read one of them to see what it has instead."
    if is_likely:
        return f"Send `{suggestion}`, which finds {finds}."
    if facts.get("level") == "info":
        return f"If there may be no such {facts.get('type')}, nothing is wrong. `{suggestion}` finds {finds}."
    return f"Use a value that occurs, such as `{suggestion}`, which finds {finds}."


def _level_of_advice(facts: Facts) -> Severity:
    return "warning" if facts.get("level") == "warning" else "info"


def _replace_parameter(request: AccessRequest, facts: Facts) -> AccessRequest:
    """Replace the parameter with what was probably meant, if that is known."""
    instead = [(name, text) for name, text in facts.get("instead") or ()]
    if not instead:
        return request
    pairs = tuple(new for pair in request.parameters for new in (instead if pair == _wrong_pair(facts) else [pair]))
    return structs.replace(request, parameters=Parameters(pairs, encode(pairs)))


def _complete_search(facts: Facts) -> Facts:
    names, found = facts.get("names") or (), facts.get("found")
    if found:
        now = f"The data changed after the response: the same search finds {format_amount(found)} now."
        return {**facts, "reason": now, "instruction": "Send the search again."}
    counts = facts.get("alone") or ()
    each = len(counts) > 1 and all(number for _, number in counts)
    together = (
        f"Each parameter has matches on its own, but no {facts.get('type')} that the token may see matches all of them."
        if each
        else ""
    )
    return {
        **facts,
        "reason": (together + _describe_counts(counts) if each else "")
        or "A search that finds nothing is still granted and answered with 200.",
        "instruction": f"Leave out one parameter at a time to see which one empties the search: {join_as_code(names)}."
        if names
        else "Search for the type without parameters to see whether there is any data.",
    }


def _complete_patient(facts: Facts) -> Facts:
    expected = facts.get("expected")
    whose = f"the patient `{expected}` only" if expected else "some patients only, and this isn't one of them"
    instead = f"Use `{expected}`, the `patient` of the token response." if expected else "Use a patient that the user may see."
    return {**facts, "whose": whose, "instruction": instead}


def _complete_combination(facts: Facts) -> Facts:
    """Its texts begin with what the rest finds, so that the other sentences follow."""
    rest = facts.get("without")
    return {**_add_sentences({**facts, "without": True}), "without": rest, "rest": format_amount(rest)}


def _complete_date(facts: Facts) -> Facts:
    days: Sequence[str] = facts.get("range") or []
    extent = f"The dates in `{facts.get('parameter')}` begin between {days[0]} and {days[1]}. " if len(days) == 2 else ""
    return {**_add_sentences(facts), "extent": extent}


def _complete_reference(facts: Facts) -> Facts:
    by_identifier = "The value is an identifier. This parameter compares the id of the resource, which the server assigned. "
    there = (
        f"The resource exists, but no {facts.get('type')} that the token may see refers to it. " if facts.get("exists") else ""
    )
    return {**_add_sentences(facts), "form": by_identifier if facts.get("reason") == "identifier" else there}


_COMPLETE: Final[Mapping[str, Callable[[Facts], Facts]]] = {
    "fhir-search-patient-outside-token": _complete_patient,
    "fhir-search-type-without-data": dict,
    "fhir-search-code-other-system": _add_sentences,
    "fhir-search-value-absent": _add_sentences,
    "fhir-search-name-absent": _add_sentences,
    "fhir-search-date-outside-data": _complete_date,
    "fhir-search-reference-absent": _complete_reference,
    "fhir-search-modifier-meaning": _add_sentences,
    "fhir-search-values-apart": _complete_combination,
    "fhir-include-adds-nothing": dict,
    "fhir-include-leads-nowhere": lambda facts: {**facts, "places": _list_occurring_values(facts)},
    "fhir-page-short": dict,
    "fhir-search-empty": _complete_search,
}
"""The functions that add the sentences of a rule to the facts of its cause."""
FUNCTIONS: RuleFunctions = {
    id: {"advises": _advise_with_texts(id, complete), "repair": _replace_parameter, "severity": _level_of_advice}
    for id, complete in _COMPLETE.items()
}
