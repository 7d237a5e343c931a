"""The declared refusals, one file per stage. A check calls one with its facts to return it."""

from __future__ import annotations

from sickbay.authorization.refusals import (
    access,
    app_state,
    authorize,
    client_authentication,
    launch,
    login,
    logout,
    operations,
    redirect,
    refresh,
    registration,
    request,
    scope,
    search,
    token,
    token_lookup,
    write,
)
from sickbay.kernel.checks import RefusalType

_MODULES = (
    authorize,
    scope,
    login,
    token,
    client_authentication,
    refresh,
    token_lookup,
    registration,
    launch,
    redirect,
    logout,
    access,
    search,
    operations,
    write,
    app_state,
    request,
)


def index_refusals() -> dict[str, RefusalType]:
    """Returns the refusals by name. If several share a name, prefers the constant called the same, in the first file."""
    return {
        refusal.name: refusal
        for module in reversed(_MODULES)
        for constant, refusal in vars(module).items()
        if isinstance(refusal, RefusalType) and constant == refusal.name.upper().replace("-", "_")
    }
