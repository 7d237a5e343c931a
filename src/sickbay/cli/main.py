"""The command `sickbay`: its subcommands by name, each imported when it is called, and how it fails."""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence
from inspect import signature
from typing import Any, NoReturn

from cyclopts import App, CycloptsError, MissingArgumentError, Parameter, UnusedCliTokensError
from cyclopts.config import Dict, Env

from sickbay import __version__
from sickbay.cli import config_file, signals, streams
from sickbay.cli.output import CommandError, note, wrong

COMMANDS = {
    "serve": "Serve Sickbay until Ctrl-C.",
    "launch": "Print a URL that launches an app.",
    "token": "Print an access token for a script.",
    "doctor": "Say what is wrong with a URL or an exchange.",
    "rules": "List every finding, or explain one.",
    "load": "Load resources from files, under their own ids.",
    "export": "Write a hospital's resources into files.",
    "population": "Write the synthetic patients into files.",
    "reset": "Make the data what they were at first.",
}

app = App(
    name="sickbay",
    help="An EHR on your own machine, for people who write SMART on FHIR apps.",
    help_epilogue="Every option is also SICKBAY_... in the environment and a key in sickbay.toml: the file of --config FILE, "
    "else ./sickbay.toml and ~/.config/sickbay/sickbay.toml.",
    version=__version__,
    default_parameter=Parameter(negative="", show_env_var=False),
)
for name, said in COMMANDS.items():
    app.command(f"sickbay.cli.commands.{name}:{name}", name=name, help=said)
app.command("sickbay.cli.commands.apps:apps", name="apps", help="Register, list, show, change, enable and remove apps.")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and end the process: 0 done, 1 not possible, 2 wrongly asked; doctor: 1 where it found an error."""
    streams.ready()
    try:
        code = _run(arguments)
        streams.flush()
    except CycloptsError as error:
        code = _fail(_said(error), 2)
    except CommandError as trouble:
        code = _fail(str(trouble), trouble.code)
    except RuntimeError as error:
        code = _fail(_away(error), 1)
    except BrokenPipeError:
        streams.drop()
        code = 1
    except OSError as error:
        code = _fail(_failed(error), 1)
    except UnicodeEncodeError:  # a path may be any bytes, but not a name or a URL
        code = _fail("The arguments aren't valid text in this locale; choose a UTF-8 locale, such as LC_ALL=C.UTF-8.", 2)
    except KeyboardInterrupt:
        code = 130
    sys.exit(code if isinstance(code, int) else 0)


def _run(arguments: Sequence[str] | None) -> Any:
    """Read the arguments, which imports the command, and only then let Ctrl-C interrupt it in order."""
    rest = _configured(sys.argv[1:] if arguments is None else list(arguments))
    files = (
        Dict(one.options, use_commands_as_keys=False, allow_unknown=True, source=str(one.path)) for one in config_file.files()
    )
    app.config = (Env("SICKBAY_", command=False), *files)
    config_file.policies()
    command, bound, _ = app.parse_args(rest, print_error=False, exit_on_error=False)
    signals.interruptible()
    names = _options(command)
    for sentence in config_file.said(names):
        note(f"sickbay: {sentence}")
    if "fields" in names:  # an app keeps them; `serve` reports it too
        for sentence in config_file.settled(names):
            note(f"sickbay: {sentence}")
    return command(*bound.args, **bound.kwargs)


def _configured(arguments: list[str]) -> list[str]:
    """Without --config FILE, which every command takes."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    named, rest, at = None, [], 0
    while at < end:
        name, equals, value = arguments[at].partition("=")
        if name != "--config":
            rest.append(arguments[at])
        elif not equals and at + 1 == end:
            wrong("--config needs the name of a file.")
        else:
            at, named = (at, value) if equals else (at + 1, arguments[at + 1])
        at += 1
    config_file.use(named)
    return [*rest, *arguments[end:]]


def _options(command: Any) -> list[str]:
    """Names of the options that a command takes, those of an app's fields too."""
    names = [*signature(command).parameters]
    return [*names, *(each.name for each in _fields())] if "fields" in names else names


def _fields() -> tuple[Any, ...]:
    from dataclasses import fields

    from sickbay.cli.commands.apps import Fields

    return fields(Fields)


def _said(error: CycloptsError) -> str:
    """In one line; where something is missing or too much, with where to read what belongs there."""
    told = " ".join(str(error).split())
    asked = " ".join(("sickbay", *(error.command_chain or ())))
    if isinstance(error, UnusedCliTokensError):
        return f"`{asked}` has no place for {' '.join(error.unused_tokens or ())}; `{asked} --help` says what it takes."
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        named = (error.keyword or error.argument.name).replace("--NAME", "NAME")
        return f"`{asked}` needs {named}; `{asked} --help` says what it takes."
    return told


def _fail(sentence: str, code: int) -> int:
    try:
        note(f"sickbay: {sentence}")
        streams.flush()
    except OSError:  # nobody hears it, and the code says it too
        streams.drop()
    return code


def _failed(error: OSError) -> str:
    """What the system refused: it is not ours, so no traceback is of use."""
    what = error.filename if error.filename is not None else "What should be written"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{what} finds no room: the disk is full. What was begun is not whole; make room, and do it again."
    return f"{what}: {error.strerror or error}."


def _away(error: RuntimeError) -> str:
    """The sentence of a database that cannot be had; any other error goes on."""
    from sickbay.settings.database import CannotOpen, Unavailable

    if not isinstance(error, CannotOpen | Unavailable):
        raise error
    return str(error)
