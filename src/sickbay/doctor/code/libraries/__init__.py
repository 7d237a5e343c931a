"""The libraries whose requests are read, by the name of the function that is called."""

from __future__ import annotations

from sickbay.doctor.code.libraries import angular, dotnet, go, java, javascript, php, python, redirects
from sickbay.doctor.code.libraries.support import Handler

_LIBRARIES = (javascript, go, python, dotnet, java, php, redirects, angular)


def find_handlers(*, is_php: bool) -> dict[str, tuple[Handler, ...]]:
    """The functions that can explain a call, by its last name in lower case."""
    result: dict[str, tuple[Handler, ...]] = {}
    for library in _LIBRARIES:
        if library is php and not is_php:
            continue
        for name, functions in library.CALLS.items():
            result[name] = (*result.get(name, ()), *functions)
    return result
