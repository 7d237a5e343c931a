"""The command line of all commands: their texts, their options, and errors in them. Imports a command when it is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import BoundArguments, signature
from typing import Any, NamedTuple

from cyclopts import App, CycloptsError, Parameter
from cyclopts.config import Dict, Env

from sickbay import __version__
from sickbay.cli import config_file, usage_errors
from sickbay.cli.output import help_epilogue, reject_argument


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
    "new": Help(
        "Create an app from a template.",
        "Copies a starter app into a new folder, registers it, installs what it needs, and starts it until Ctrl-C. If "
        "Sickbay isn't running, the next commands are printed. It never writes over a file.",
        "sickbay new my-app --template plain-javascript --no-start",
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
    "mcp": Help(
        "Offer the tools for coding agents over standard input and output.",
        "A coding agent starts this command and calls the tools: they explain refused requests, launch apps and read exchanges "
        "of the Sickbay that runs on the data folder. The server offers the same at /mcp.",
        "claude mcp add sickbay -- sickbay mcp",
    ),
    "tail": Help(
        "Print exchanges as they are recorded.",
        "Shows the exchanges of the server that runs on the data folder, until Ctrl-C: time, hospital, stage, app, status, "
        "request, duration, the rule of the worst finding, and the address of the page that explains it. If there are too many "
        "to print, it prints the newest and the number of the others.",
        "sickbay tail --status 4xx",
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
        "Deletes loaded resources and all other changes to FHIR data, sign-ins, tokens, launches, consents and exchanges, and "
        "restores the policies and, without --tenant, the clock. Keeps snapshots, and the apps and users that you added, "
        "unless you use --everything. On a terminal, it says what will be lost and asks first.",
        "sickbay reset --tenant general",
    ),
    "clock": Help(
        "Print, move or freeze the clock.",
        "Tokens, codes, sessions and appointments follow Sickbay's clock, on every worker. Nothing is deleted: sickbay clock "
        "real returns to real time, and stored data is still there.",
        "sickbay clock +2h",
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


def _default_as_text(value: Any) -> str | None:
    """Returns the default as help shows it; None if there is nothing to show (off, or an empty list)."""
    return None if value is None or value is False or value == () else str(value)


app = App(
    name="sickbay",
    help="An EHR on your own machine, for developers of SMART on FHIR apps.",
    help_epilogue=help_epilogue("sickbay serve"),
    version=__version__,
    default_parameter=Parameter(negative="", show_env_var=False, show_default=_default_as_text),
)
for name, texts in COMMANDS.items():
    app.command(
        f"sickbay.cli.commands.{name}:{name}",
        name=name,
        help=f"{texts.summary}\n\n{texts.details}",
        help_epilogue=help_epilogue(texts.example),
    )
app.command("sickbay.cli.commands.apps:apps", name="apps", help="Register, list, show, change, enable and remove apps.")
app.command("sickbay.cli.commands.hospitals:hospitals", name="hospitals", help="Add hospitals of your own.")
app.command("sickbay.cli.commands.fault:fault", name="fault", help="Make Sickbay misbehave as real EHRs do.")
app.command(
    "sickbay.cli.commands.snapshot:snapshot", name="snapshot", help="Save and restore everything that apps and users change."
)


def parse(arguments: Sequence[str]) -> tuple[Callable[..., Any], BoundArguments]:
    """The command, which is imported, and its arguments: from the command line, the environment and sickbay.toml.

    Raises CommandError.
    """
    files = (
        Dict(file.options, use_commands_as_keys=False, allow_unknown=True, source=str(file.path))
        for file in config_file.list_files()
    )
    app.config = (Env("SICKBAY_", command=False), *files)
    config_file.read_hospitals()
    try:
        command, bound, _ = app.parse_args(list(arguments), print_error=False, exit_on_error=False)
    except CycloptsError as error:
        reject_argument(usage_errors.describe(error))
    return command, bound


def option_names(command: Callable[..., Any]) -> list[str]:
    """Names of the options that a command accepts, including those that are fields of a dataclass."""
    from dataclasses import fields, is_dataclass

    names: list[str] = []
    for parameter in signature(command).parameters.values():
        names.append(parameter.name)
        names += [field.name for field in fields(parameter.default)] if is_dataclass(parameter.default) else []
    return names
