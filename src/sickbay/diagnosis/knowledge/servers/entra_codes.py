"""Builds the entries for the numbered errors of Microsoft Entra ID and Azure AD B2C."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause, Confidence, KnownError

REFERENCE = "https://learn.microsoft.com/entra/identity-platform/reference-error-codes"
B2C_REFERENCE = "https://learn.microsoft.com/azure/active-directory-b2c/error-codes"


def numbered(
    numbers: str,
    name: str,
    title: str,
    why: str,
    *causes: Cause,
    says: tuple[str, ...] = (),
    captures: tuple[str, ...] = (),
    where: str = "",
    source: str = REFERENCE,
    confidence: Confidence = "documented",
    prefix: str = "aadsts",
) -> KnownError:
    """numbers: error numbers with blanks between them. says: other phrases that show the same error without its number."""
    codes = tuple(f"{start}{number}" for number in numbers.split() for start in (prefix, "error?code="))
    return KnownError(
        id=f"{'b2c' if prefix == 'aadb2c' else 'entra'}-{name}",
        servers=("entra",),
        text=((*codes, *(f"[{number}]" for number in numbers.split()), *says),),
        without=_longer(codes),
        captures=captures,
        title=title,
        why=why,
        causes=causes,
        where=where,
        source=source,
        confidence=confidence,
    )


def _longer(codes: tuple[str, ...]) -> tuple[str, ...]:
    """Longer numbers that begin like one of the codes, such as 500113 for 50011, but aren't among the codes."""
    longer = (f"{code}{digit}" for code in codes for digit in "0123456789")
    return tuple(phrase for phrase in longer if not any(code.startswith(phrase) for code in codes))


def b2c(
    numbers: str,
    name: str,
    title: str,
    why: str,
    *causes: Cause,
    says: tuple[str, ...] = (),
    where: str = "",
    confidence: Confidence = "documented",
) -> KnownError:
    return numbered(
        numbers,
        name,
        title,
        why,
        *causes,
        says=says,
        where=where,
        source=B2C_REFERENCE,
        confidence=confidence,
        prefix="aadb2c",
    )
