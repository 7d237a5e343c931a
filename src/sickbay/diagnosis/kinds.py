"""The kinds of input that `doctor` reads, and the stage whose examiner reads each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from sickbay.diagnosis import stages
from sickbay.diagnosis.stages import Stage

if TYPE_CHECKING:
    from sickbay.diagnosis.kind import Kind

_STAGES: Final[Mapping[str, Stage[Any, Any]]] = {
    "authorize_url": stages.AUTHORIZE,
    "launch_url": stages.LAUNCH,
    "login": stages.LOGIN,
    "logout_request": stages.LOGOUT,
    "redirect_url": stages.REDIRECT,
    "error_page_url": stages.REDIRECT,
    "registration": stages.REGISTRATION,
    "token_request": stages.TOKEN,
    "introspection_request": stages.INTROSPECTION,
    "revocation_request": stages.REVOCATION,
    "userinfo_request": stages.USERINFO,
    "fhir_request": stages.ACCESS,
    "app_state_request": stages.ACCESS,
    "token_response": stages.ID_TOKEN,
    "smart_configuration": stages.DISCOVERY,
    "error_answer": stages.ANSWER,
    "http_exchange": stages.BROWSER,
    "launch_trail": stages.SILENCE,
}


class _Kinds(Mapping[str, "Kind"]):
    """The examiner of a kind is imported when it is looked up."""

    def __getitem__(self, name: str) -> Kind:
        kind: Kind = _STAGES[name].import_module().KINDS[name]
        return kind

    def __iter__(self) -> Iterator[str]:
        return iter(_STAGES)

    def __len__(self) -> int:
        return len(_STAGES)


KINDS: Final = _Kinds()
