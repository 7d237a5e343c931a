"""Sentences that tell the reader of a response which fault it contains."""

from __future__ import annotations

from sickbay.faults.fault import Fault


def describe_fault(fault: Fault) -> str:
    """One sentence, in the characters that error_description allows (RFC 6749 5.2)."""
    return f"Injected fault {fault.id} ({fault.kind}): Sickbay was asked to do this"
