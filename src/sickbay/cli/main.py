"""The command `sickbay`: imports a subcommand when it is called, and prints errors."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Sequence
from inspect import signature
from typing import Any, NamedTuple, NoReturn

from cyclopts import App, CycloptsError, MissingArgumentError, Parameter, UnusedCliTokensError
from cyclopts.config import Dict, Env

from sickbay import __version__
from sickbay.cli import config_file, environment, signals, streams
from sickbay.cli.output import CommandError, help_epilogue, note, wrong


class Help(NamedTuple):
    """Texts of a command. summary: in the list of commands; details: on its own help page; example: works on a new data folder,
    if a server runs on it.
    """

    summary: str
    details: str
    example: str


COMMANDS = {
    "serve": Help(
        "Serve Sickbay until Ctrl-C.",
        "Prints one line for each exchange (a request and its response).",
        "sickbay serve --port 8000 --data ~/my-hospital",
    ),
    "launch": Help(
        "Print a URL that launches an app.",
        "The app must be registered, and Sickbay must be running on the same data folder.",
        "sickbay launch sample-general --patient p-0001 --open",
    ),
    "token": Help(
        "Print an access token for a script.",
        "Needs no launch, sign-in or consent.",
        "sickbay token sample-general --scope patient/Patient.read --patient p-0001",
    ),
    "doctor": Help(
        "Explain what is wrong with a request or an error.",
        "Accepts what you have: a URL, an error response, a curl command, source code, a log, an exchange as JSON, or a HAR "
        "file. Nothing leaves your machine, unless you name a server with --live.\n\nExit code: 0 if no problem was found; "
        "1 if there is a finding of severity error or warning, or if the input contains an error response; 2 if nothing in it "
        "was recognised.",
        "sickbay doctor 'https://ehr.example.org/authorize?response_type=code&client_id=a'",
    ),
    "rules": Help("List all rules, or explain one.", "A rule recognises one mistake.", "sickbay rules state-missing"),
    "load": Help(
        "Load resources from files; each keeps its ID.",
        "Accepts Bundles, NDJSON and single resources, as JSON or XML, also compressed with gzip, and folders of them in the "
        "order of their file names. A resource that is stored already with the same content is left unchanged; with other "
        "content it gets a new version. So to continue an interrupted load, run the same command again.\n\nExit code: 1 if a "
        "resource failed.",
        "sickbay load patients.ndjson observations.ndjson.gz --fhir r4",
    ),
    "export": Help(
        "Write a hospital's resources to files.",
        "Writes one NDJSON file for each resource type. sickbay load reads them.",
        "sickbay export backup --tenant general --fhir r4",
    ),
    "population": Help(
        "Write the synthetic patients to files.",
        "Writes one NDJSON file for each resource type, without a server. The same seed and day give the same bytes. All "
        "people are invented.",
        "sickbay population --patients 100 --fhir r4 --out people",
    ),
    "reset": Help(
        "Reset to the initial data.",
        "Deletes loaded resources and all other changes of FHIR data, sign-ins, tokens, launches, consents and exchanges, and "
        "restores the policies; without --tenant also the clock. Keeps the apps and users that you added, unless you use "
        "--everything. On a terminal, it says what will be lost and asks first.",
        "sickbay reset --tenant general",
    ),
    "completion": Help(
        "Print a script that completes commands and options in your shell.",
        "Write the output to the folder where your shell looks for such scripts, and start a new shell:\n\n"
        "bash: ~/.local/share/bash-completion/completions/sickbay\n\n"
        "zsh: a file named _sickbay in a folder of $fpath\n\n"
        "fish: ~/.config/fish/completions/sickbay.fish",
        "sickbay completion fish > ~/.config/fish/completions/sickbay.fish",
    ),
}


def _default(value: Any) -> str | None:
    """The default as help shows it; None if it says nothing (off, or an empty list)."""
    return None if value is None or value is False or value == () else str(value)


app = App(
    name="sickbay",
    help="An EHR on your own machine, for developers of SMART on FHIR apps.",
    help_epilogue=help_epilogue("sickbay serve"),
    version=__version__,
    default_parameter=Parameter(negative="", show_env_var=False, show_default=_default),
)
for name, texts in COMMANDS.items():
    app.command(
        f"sickbay.cli.commands.{name}:{name}",
        name=name,
        help=f"{texts.summary}\n\n{texts.details}",
        help_epilogue=help_epilogue(texts.example),
    )
app.command("sickbay.cli.commands.apps:apps", name="apps", help="Register, list, show, change, enable and remove apps.")
app.command("sickbay.cli.commands.fault:fault", name="fault", help="Make Sickbay misbehave as real EHRs do.")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit: 0 for success, 1 for a failure (doctor: a problem was found), 2 for a wrong argument."""
    streams.ready()
    try:
        code = _run(arguments)
        streams.flush()
    except CycloptsError as error:
        code = _fail(_usage_error(error), 2)
    except CommandError as error:
        code = _fail(str(error), error.code)
    except RuntimeError as error:
        code = _fail(_database_error(error), 1)
    except BrokenPipeError:
        streams.drop()
        code = 1
    except OSError as error:
        code = _fail(_system_error(error), 1)
    except UnicodeEncodeError:  # a path may contain any bytes, but a name or a URL may not
        code = _fail("The arguments aren't valid text in this locale; choose a UTF-8 locale, such as LC_ALL=C.UTF-8.", 2)
    except KeyboardInterrupt:
        code = signals.exit_code()
    sys.exit(code if isinstance(code, int) else 0)


def _run(arguments: Sequence[str] | None) -> Any:
    """Parse the arguments, which imports the command. Only after that, Ctrl-C raises KeyboardInterrupt."""
    rest = _without_config(sys.argv[1:] if arguments is None else list(arguments))
    files = (
        Dict(file.options, use_commands_as_keys=False, allow_unknown=True, source=str(file.path))
        for file in config_file.files()
    )
    app.config = (Env("SICKBAY_", command=False), *files)
    config_file.policies()
    command, bound, _ = app.parse_args(rest, print_error=False, exit_on_error=False)
    gc.enable()
    signals.interruptible()
    for sentence in environment.unknown_variables(os.environ):
        note(f"sickbay: {sentence}")
    names = _options(command)
    for sentence in config_file.ignored_options(names):
        note(f"sickbay: {sentence}")
    if "fields" in names:  # they are stored with the app, so say where they come from, as `serve` does
        for sentence in config_file.used_options(names):
            note(f"sickbay: {sentence}")
    if "data" in signature(command).parameters and command.__name__ != "doctor":
        from sickbay.cli import running_servers

        bound.arguments["data"] = running_servers.chosen(bound.arguments.get("data"))
    return command(*bound.args, **bound.kwargs)


def _without_config(arguments: list[str]) -> list[str]:
    """The arguments without --config FILE, which every command accepts."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    file, rest, at = None, [], 0
    while at < end:
        name, equals, value = arguments[at].partition("=")
        if name != "--config":
            rest.append(arguments[at])
        elif not equals and at + 1 == end:
            wrong("--config needs a file name: --config FILE.")
        else:
            at, file = (at, value) if equals else (at + 1, arguments[at + 1])
        at += 1
    config_file.use(file)
    return [*rest, *arguments[end:]]


def _options(command: Any) -> list[str]:
    """Names of the options that a command accepts, including those that are fields of a dataclass."""
    from dataclasses import fields, is_dataclass

    names: list[str] = []
    for parameter in signature(command).parameters.values():
        names.append(parameter.name)
        names += [field.name for field in fields(parameter.default)] if is_dataclass(parameter.default) else []
    return names


def _usage_error(error: CycloptsError) -> str:
    """The error in one line. If an argument is missing or not expected, it refers to --help."""
    command = " ".join(("sickbay", *(error.command_chain or ())))
    if isinstance(error, UnusedCliTokensError):
        return f"Unexpected argument for `{command}`: {' '.join(error.unused_tokens or ())}. See `{command} --help`."
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        argument = (error.keyword or error.argument.name).replace("--NAME", "NAME")
        return f"`{command}` needs {argument}. See `{command} --help`."
    return " ".join(str(error).split())


def _fail(sentence: str, code: int) -> int:
    try:
        note(f"sickbay: {sentence}", "error")
        streams.flush()
    except OSError:  # standard error is closed; the exit code still reports the failure
        streams.drop()
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
