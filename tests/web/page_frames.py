"""The layout frames for rendering pages in tests."""

from __future__ import annotations

from msgspec.structs import replace

from sickbay.web.pages.parts import Frame, SignedInUser

BASE = "http://localhost:7425"
DEVELOPER = Frame(base=BASE, csrf="token-of-the-form")
EHR = Frame(
    base=BASE,
    csrf="token-of-the-form",
    hospital="General Hospital",
    tenant="general",
    person=SignedInUser("Dr. Amara Okafor", "Internal medicine"),
)
SIGN_IN = Frame(base=BASE, csrf="token-of-the-form", hospital="General Hospital", tenant="general", bare=True)
PANEL = replace(SIGN_IN, panel=True)
