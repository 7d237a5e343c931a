"""What is stored of an exchange: how large it is, and that it is whole again when it is read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sickbay.authorization.client_authentication import hashed
from sickbay.authorization.values import Client, Server
from sickbay.diagnosis.case import load, paths
from sickbay.diagnosis.stages import KINDS
from sickbay.kernel.refusal import examine
from sickbay.operations.decision import Decision
from sickbay.operations.others import EXAMINED

STAGES = {kind: stage for stage, kind in EXAMINED.items()}


def decisions() -> list[tuple[str, Decision]]:
    """Of every case of these stages, the refused request and the corrected one."""
    found = []
    for path in paths().values():
        case = load(path)
        for said, sent in (("refused", case.refused), ("corrected", case.corrected)):
            kind = (sent or {}).get("kind")
            if sent and kind in STAGES:
                found.append((f"{case.id}-{said}", _decision(kind, sent)))
    return found


def _decision(kind: str, given: dict[str, Any]) -> Decision:
    """As it is made live: the registered secret is known by its hash only."""
    request = KINDS[kind].request(given)
    known = KINDS[kind].known(given, request)
    if not isinstance(known.server, Server):
        known = replace(known, server=Server())
    if getattr(known, "secret", None) and isinstance(known.client, Client):
        known = replace(known, secret=None, client=replace(known.client, secret_hash=hashed(known.secret)))
    examination = examine(KINDS[kind].checks(request), request, known, KINDS[kind].relaxed(known))
    return Decision(STAGES[kind], request, known, examination, examination.decisive())


CASES = dict(decisions())
