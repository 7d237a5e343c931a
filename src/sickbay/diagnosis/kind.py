"""A kind of input that the doctor reads. `kinds` is the list of all kinds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sickbay.diagnosis import guesses
from sickbay.diagnosis.corrections import with_well_formed_pkce
from sickbay.diagnosis.stages import Stage
from sickbay.kernel.checks import Check, Examination, examine


class Kind(NamedTuple):
    """A kind of input that `doctor` reads.

    request:    input -> the request.
    context:      (input, request) -> its context.
    own_checks: the checks, if they differ from those of the stage.
    """

    stage: Stage[Any, Any]
    request: Callable[[Any], Any]
    context: Callable[[Any, Any], Any]
    own_checks: Callable[[Any], Sequence[Check[Any, Any]]] | None = None

    def checks(self, request: Any) -> Sequence[Check[Any, Any]]:
        return (
            self.own_checks(request) if self.own_checks else (*self.stage.examiner.pasted, *self.stage.examiner.checks(request))
        )

    def examine(self, request: Any, context: Any) -> Examination:
        checks = self.checks(request)
        return guesses.mark_guesses(
            checks, context, examine(checks, with_well_formed_pkce(request), context, self.stage.examiner.relaxed(context))
        )
