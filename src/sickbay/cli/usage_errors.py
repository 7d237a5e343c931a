"""Words for wrong arguments: each error of the option parser as one sentence in Sickbay's own words."""

from __future__ import annotations

from typing import Literal, get_args, get_origin

from cyclopts import CoercionError, CycloptsError, MissingArgumentError, RepeatArgumentError, Token, UnusedCliTokensError

from sickbay.kernel import english

EXPECTED: dict[type | None, str] = {bool: "true or false", int: "a whole number", float: "a number"}


def describe(error: CycloptsError) -> str:
    """The error in one line. If an argument is missing or not expected, it refers to --help."""
    command = " ".join(("sickbay", *(error.command_chain or ())))
    match error:
        case UnusedCliTokensError():
            return f"Unexpected argument for `{command}`: {' '.join(error.unused_tokens or ())}. See `{command} --help`."
        case MissingArgumentError(keyword=str() as option):
            return f"{option} needs a value. See `{command} --help`."
        case MissingArgumentError(argument=argument) if argument is not None:
            return f"`{command}` needs {argument.name.replace('--NAME', 'NAME')}. See `{command} --help`."
        case RepeatArgumentError():
            return f"{error.token.keyword} is given more than once."
        case CoercionError(token=Token() as token):
            return f"{_name_argument(error, token)} {_describe_expected_value(error, token)}"
    return " ".join(str(error).split())


def _name_argument(error: CoercionError, token: Token) -> str:
    """The argument as the user wrote it: an option, a variable, a key of a file, or a positional argument."""
    if token.keyword is None:
        return error.argument.name.lstrip("-").upper() if error.argument else "The argument"
    if token.source in ("", "cli", "env"):
        return token.keyword
    return f"{token.keyword.strip('[]')} in {token.source}"


def _describe_expected_value(error: CoercionError, token: Token) -> str:
    if error.msg is not None:
        return str(error.msg)
    kind = error.target_type
    choices = [str(choice) for choice in get_args(kind)] if get_origin(kind) is Literal else []
    expected = english.join(choices, "or") if choices else EXPECTED.get(kind, "another value")
    return f"must be {expected}, not {token.value}."
