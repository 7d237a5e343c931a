"""Builds the entries for errors of Google's OAuth endpoints."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause, Confidence, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS

WEB_SERVER = "https://developers.google.com/identity/protocols/oauth2/web-server"
CLIENTS = "Google Cloud console → APIs & Services → Credentials (Google Auth Platform → Clients) → your OAuth client"
CONSENT_SCREEN = "Google Cloud console → APIs & Services → OAuth consent screen (Google Auth Platform → Audience)"

NATIVE = "https://developers.google.com/identity/protocols/oauth2/native-app"
POLICIES = "https://developers.google.com/identity/protocols/oauth2/policies"


def google(
    name: str,
    text: tuple[tuple[str, ...], ...],
    title: str,
    why: str,
    *causes: Cause,
    where: str = "",
    without: tuple[str, ...] = (),
    captures: tuple[str, ...] = (),
    source: str = WEB_SERVER,
    confidence: Confidence = "documented",
    named: bool = False,
) -> KnownError:
    """named: the phrases are used by others too, so Google has to be recognised by one of its marks."""
    return KnownError(
        id=f"google-{name}",
        servers=("google",),
        text=(*text, MARKS["google"]) if named else text,
        without=without,
        captures=captures,
        title=title,
        why=why,
        causes=causes,
        where=where,
        source=source,
        confidence=confidence,
    )
