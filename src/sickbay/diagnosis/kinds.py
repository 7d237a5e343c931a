"""The kinds of input that `doctor` reads, and the stage whose examiner reads each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sickbay.diagnosis import guesses, stages
from sickbay.diagnosis.corrections import fill_pkce_placeholders
from sickbay.diagnosis.lists import LISTS
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
            checks, context, examine(checks, fill_pkce_placeholders(request), context, self.stage.examiner.relaxed(context))
        )


_STAGES: Final = {kind: getattr(stages, name) for kind, _, name in (it.partition(":") for it in LISTS["stages_of_kinds"])}


class _Kinds(Mapping[str, Kind]):
    """The examiner of a kind is imported when it is looked up."""

    def __getitem__(self, name: str) -> Kind:
        kind: Kind = _STAGES[name].import_module().KINDS[name]
        return kind

    def __iter__(self) -> Iterator[str]:
        return iter(_STAGES)

    def __len__(self) -> int:
        return len(_STAGES)


KINDS: Final = _Kinds()
