"""Builds the entries for symptoms, and what several of them share."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause, Confidence, KnownError

JSON_BODY = (
    "content-type: application/json",
    '"content-type": "application/json"',
    "'content-type': 'application/json'",
    "-d '{",
    '-d "{',
    "--data '{",
    "--data-raw '{",
    "json={",
    "json=payload",
    "json=data",
    "json=body",
    "form-data",
    "--form '",
)
IN_QUERY = ("/token?grant_type=", "/token?client_id=", "/token?code=", "get 'https://login", "get https://login", "-x get")
FORM = Cause(
    "The body is JSON or form-data instead of form-encoded, or the parameters are in the query.",
    "Look at the Content-Type and at the raw body.",
    "Send a POST with Content-Type: application/x-www-form-urlencoded and key=value&… in the body.",
)


def symptom(
    name: str,
    server: str,
    text: tuple[tuple[str, ...], ...],
    title: str,
    why: str,
    *causes: Cause,
    source: str,
    codes: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
    where: str = "",
    confidence: Confidence = "observed",
) -> KnownError:
    return KnownError(
        id=name,
        servers=(server,) if server else (),
        codes=codes,
        text=text,
        without=without,
        title=title,
        why=why,
        causes=causes,
        where=where,
        source=source,
        confidence=confidence,
    )
