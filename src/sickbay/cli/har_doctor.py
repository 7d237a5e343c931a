"""`sickbay doctor` for a HAR file: diagnoses each exchange of a launch and masks all secrets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from sickbay.cli.findings import full_text, short_text
from sickbay.cli.output import format_json, print_result
from sickbay.diagnosis.rule import SEVERITIES
from sickbay.doctor import ending
from sickbay.doctor.diagnose import Diagnosis
from sickbay.doctor.har import HarExchange
from sickbay.doctor.text import diagnose_exchange
from sickbay.doctor.verdict import find_worst
from sickbay.protocol.parameters import parse
from sickbay.services.redaction import masking, named_secrets

NONE = "This HAR file contains no exchange of a launch: no authorization, token, discovery or FHIR request."


def print_report(exchanges: Sequence[HarExchange], *, everything: bool, json: bool) -> int:
    """Prints the diagnosis. Returns 1 if any exchange has a problem, else 0."""
    secrets = {secret for exchange in exchanges for secret in _secrets_of_exchange(exchange.sent)}
    diagnoses = [
        (exchange, diagnose_exchange(exchange.inputs, exchange.answers, _text_of_exchange(exchange))) for exchange in exchanges
    ]
    entries = [_drop_secrets(_diagnose_entry(exchange, diagnosis)) for exchange, diagnosis in diagnoses]
    diagnosed = [_insert_placeholders(entry) for entry in masking.mask_secrets(entries, secrets)]
    verdict = find_worst(diagnosis.verdict for _, diagnosis in diagnoses)
    early = () if verdict.exit_code else tuple(finding.to_json() for finding in ending.findings_of_har(exchanges))
    if json:
        whole = _collect_report(diagnosed)
        print_result(format_json({"verdict": verdict} | whole | {"findings": [*early, *whole["findings"]]}))
    else:
        print_result(
            "\n\n".join(filter(None, (_format_report(diagnosed, everything=everything), _early_text(early, everything))))
        )
    return verdict.exit_code


def _early_text(early: Sequence[dict[str, Any]], everything: bool) -> str:
    """Returns the step at which the launch in the file ends too early, and the reason."""
    shown = {"findings": early, "corrected": None}
    return (full_text(shown) if everything else short_text(shown)) if early else ""


def _drop_secrets(entry: dict[str, Any]) -> dict[str, Any]:
    """Masks the secrets that are recognised by their names, including short ones."""
    fhir = entry["kind"] == "fhir_request"
    corrected = named_secrets.redact_request(entry["corrected"], fhir=fhir) if entry["corrected"] else entry["corrected"]
    return named_secrets.redact_request(entry, fhir=fhir) | {"corrected": corrected}


def _insert_placeholders(entry: dict[str, Any]) -> dict[str, Any]:
    """Puts named placeholders into the corrected request, because a server would refuse a mask."""
    return entry | {"corrected": masking.insert_placeholders(entry["corrected"])} if entry["corrected"] else entry


def _diagnose_entry(exchange: HarExchange, diagnosis: Diagnosis) -> dict[str, Any]:
    """The findings of an exchange, likely causes of its error response, and the corrected request."""
    corrected = diagnosis.corrected
    return {
        "number": exchange.number,
        "method": exchange.method,
        "url": exchange.url,
        "status": exchange.status,
        "kind": exchange.inputs[0]["kind"],
        "verdict": diagnosis.verdict,
        "findings": [finding.to_json() for finding in diagnosis.explanation.findings],
        "corrected": None if corrected is None else {name: value for name, value in corrected.items() if name != "context"},
        "causes": [cause.to_json() for cause in diagnosis.causes],
    } | ({"related": [topic.to_json() for topic in diagnosis.related]} if diagnosis.related else {})


def _text_of_exchange(exchange: HarExchange) -> str:
    """The text that shows which server responded, and what it sent."""
    headers = exchange.sent["answer_headers"]
    challenge = "\n".join(str(headers[name]) for name in ("www-authenticate", "location") if name in headers)
    return f"{exchange.method} {exchange.sent['url']}\nHTTP {exchange.status}\n{challenge}\n{exchange.sent['answer'] or ''}"


def _collect_report(diagnosed: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The findings of all exchanges, each listed once. `exchanges` has the findings of each exchange."""
    by_id: dict[str, dict[str, Any]] = {}
    for finding in (finding for entry in diagnosed for finding in entry["findings"]):
        by_id.setdefault(finding["id"], finding)
    findings = sorted(by_id.values(), key=lambda finding: SEVERITIES.index(finding["severity"]))
    corrected = next((entry["corrected"] for entry in diagnosed if entry["corrected"]), None)
    causes = [cause for entry in diagnosed for cause in entry["causes"]]
    return {"findings": findings, "corrected": corrected, "exchanges": list(diagnosed)} | ({"causes": causes} if causes else {})


def _secrets_of_exchange(sent: dict[str, Any]) -> set[str]:
    """The secrets of an exchange, including the launch code and those in the response's JSON, Location and cookies."""
    queries = [parse(sent["query"]), parse(sent["url"].partition("#")[2]), parse(sent["body"])]
    queries += [parse(text) for text in sent["answer_headers"].get("location", "").replace("#", "?").split("?")[1:]]
    secrets = (
        masking.collect_secrets(sent["headers"], *queries)
        | _find_issued_secrets(sent["answer"])
        | _find_issued_secrets(sent["body"])
    )
    secrets |= {value for query in queries for value in query.all("launch")}
    cookies = sent["answer_headers"].get("set-cookie", "").splitlines()
    return secrets | {line.partition("=")[2].partition(";")[0].strip() for line in cookies}


def _find_issued_secrets(text: str | None) -> set[str]:
    try:
        return masking.find_secrets(orjson.loads(text or ""))
    except orjson.JSONDecodeError:
        return set()


def _format_report(diagnosed: Sequence[dict[str, Any]], *, everything: bool) -> str:
    if not diagnosed:
        return NONE
    return "\n\n".join(_entry_text(entry, everything=everything) for entry in diagnosed)


def _entry_text(entry: dict[str, Any], *, everything: bool) -> str:
    head = f"{entry['number']}. {entry['method']} {entry['url']} → {entry['status'] or 'no response'}"
    if not entry["findings"]:
        return f"{head}\n  No problems found. Checks that need the app's registration were skipped."
    return f"{head}\n\n{full_text(entry) if everything else short_text(entry)}"
