"""The command `sickbay`: runs a command, and prints errors."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from sickbay.cli import config_file, environment, plain_doctor, signals, streams
from sickbay.cli.output import CommandError, print_note, reject_argument


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit: 0 for success, 1 for a failure (doctor: a problem was found), 2 for a wrong argument."""
    streams.prepare_streams()
    try:
        code = _run_command(arguments)
        streams.flush()
    except CommandError as error:
        code = _fail_with(str(error), error.code)
    except RuntimeError as error:
        code = _fail_with(_database_error(error), 1)
    except BrokenPipeError:
        streams.discard_output()
        code = 1
    except OSError as error:
        code = _fail_with(_system_error(error), 1)
    except UnicodeEncodeError:  # a path may contain any bytes, but a name or a URL may not
        code = _fail_with("The arguments aren't valid text in this locale; choose a UTF-8 locale, such as LC_ALL=C.UTF-8.", 2)
    except KeyboardInterrupt:
        code = signals.exit_code()
    code = code if isinstance(code, int) else 0
    signals.end_interruption(code)
    sys.exit(code)


def _run_command(arguments: Sequence[str] | None) -> Any:
    """Parse the arguments, which imports the command. Only after that does Ctrl-C raise KeyboardInterrupt."""
    rest = _drop_config(sys.argv[1:] if arguments is None else list(arguments))
    if (options := plain_doctor.read_options(rest, os.environ)) is not None:
        from sickbay.cli import doctor

        _prepare_command()
        return doctor.examine(**options)
    return _run_arguments(rest) if rest[:1] != ["serve"] else _serve(rest)


def _serve(arguments: Sequence[str]) -> Any:
    from sickbay.cli import plain_serve, start_serving
    from sickbay.settings import Settings

    if (settings := plain_serve.read_settings(arguments, os.environ)) is None:
        return _run_arguments(arguments)
    streams.escape_log()
    _prepare_command()
    stored = {name: settings[name] for name in plain_serve.FOLDER_OPTIONS if name in settings}
    start_serving.serve_until_stopped(Settings(**settings), stored)
    return None


def _run_arguments(arguments: Sequence[str]) -> Any:
    from inspect import signature

    from sickbay.cli import command_line  # takes a while to import

    streams.escape_log()
    command, bound = command_line.parse(arguments)
    _prepare_command()
    names = command_line.option_names(command)
    for sentence in config_file.ignored_options(names):
        print_note(f"sickbay: {sentence}")
    if "fields" in names:  # they are stored with the app, so say where they come from, as `serve` does
        for sentence in config_file.used_options(names):
            print_note(f"sickbay: {sentence}")
    if "data" in signature(command).parameters and command.__name__ != "doctor":  # serve reads it with its other options
        from sickbay.cli import running_servers

        bound.arguments["data"] = running_servers.choose_data_folder(bound.arguments.get("data"))
    return command(*bound.args, **bound.kwargs)


def _prepare_command() -> None:
    """Enables what was off during the imports, once the command is about to run."""
    gc.enable()
    signals.enable_interruption()
    for sentence in environment.unknown_variables(os.environ):
        print_note(f"sickbay: {sentence}")


def _drop_config(arguments: list[str]) -> list[str]:
    """The arguments without --config FILE, which every command accepts."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    file, rest, at = None, [], 0
    while at < end:
        name, equals, value = arguments[at].partition("=")
        if name != "--config":
            rest.append(arguments[at])
        elif not equals and at + 1 == end:
            reject_argument("--config needs a file name: --config FILE.")
        else:
            at, file = (at, value) if equals else (at + 1, arguments[at + 1])
        at += 1
    config_file.set_config_file(file)
    return [*rest, *arguments[end:]]


def _fail_with(sentence: str, code: int) -> int:
    try:
        print_note(f"sickbay: {sentence}", "error")
        streams.flush()
    except OSError:  # standard error is closed; the exit code still reports the failure
        streams.discard_output()
    return code


def _system_error(error: OSError) -> str:
    """An error of the operating system, in one sentence: a traceback wouldn't help."""
    path = error.filename if error.filename is not None else "The output"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{path} can't be written: the disk is full. Free some space and run the command again."
    return f"{path}: {error.strerror or error}."


def _database_error(error: RuntimeError) -> str:
    """The message of a database that can't be opened or reached. Raises any other error again."""
    from sickbay.settings.database import CannotOpen, Unavailable

    if not isinstance(error, CannotOpen | Unavailable):
        raise error
    return str(error)
