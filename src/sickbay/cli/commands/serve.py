"""`sickbay serve`: checks its options; `start_serving.py` does the rest. `cli.plain_serve` reads the most frequent ones without
this file.
"""

from __future__ import annotations

import ssl
import sys
from dataclasses import fields
from pathlib import Path
from urllib.parse import urlsplit

from sickbay.cli import config_file, json_log, peer_options, start_serving
from sickbay.cli import sockets as doors
from sickbay.cli.output import print_note, reject_argument
from sickbay.cli.serve_options import ServeOptions
from sickbay.kernel import english
from sickbay.protocol import urls
from sickbay.settings import Settings

_DEFAULT = ServeOptions()
SHORT = 16
"""A shorter admin token gets a warning."""


def serve(*, options: ServeOptions = _DEFAULT) -> None:
    """Serve Sickbay until Ctrl-C."""
    json_log.choose_format(options.log_format)
    _check_addresses(options)
    _check_certificate(options.https, options.cert, options.key)
    _check_admin_token(options.admin_token)
    _check_storage(options)
    settings = options.settings()
    _check_keep_bodies(settings)
    for sentence in config_file.used_options([field.name for field in fields(ServeOptions)], config_file.TABLES):
        print_note(sentence)
    start_serving.serve_until_stopped(settings, options.folder_options())


def _check_admin_token(token: str | None) -> None:
    """Refuses characters that a header can't contain in a token (RFC 6750 2.1 allows even fewer)."""
    if token and not all("!" <= letter <= "~" for letter in token):
        reject_argument("--admin-token may contain only ASCII letters, digits and punctuation, and no spaces.")
    if token and len(token) < SHORT:
        print_note(
            f"The admin token has only {english.count(len(token), 'character')} and can be guessed. Use at least {SHORT}."
        )


def _check_addresses(options: ServeOptions) -> None:
    if options.host is not None and not options.host.strip():  # the system would listen on every address of the machine
        reject_argument("--host must be an address or a name, such as 127.0.0.1, or 0.0.0.0 for all addresses of this machine.")
    if options.base_url is not None and not _is_base(options.base_url):
        sent = urls.remove_credentials(options.base_url)
        what = "a URL such as https://ehr.example.org, without a user name, ? and #"
        reject_argument(f"--base-url must be {what}, not {sent or 'an empty text'}.")
    if options.port and options.sample_port == options.port:
        reject_argument("--sample-port must differ from --port.")
    for name in options.allowed_host:
        peer_options.check_allowed_host(name)
    for proxy in options.trusted_proxy:
        peer_options.check_trusted_proxy(proxy)


def _check_storage(options: ServeOptions) -> None:
    """--ephemeral overrides a data folder of the environment or of sickbay.toml, but not one that was just named."""
    if options.ephemeral and any(argument.partition("=")[0] == "--data" for argument in sys.argv):
        reject_argument("--ephemeral stores nothing, so it can't be used with --data. Use one of them.")


def _check_keep_bodies(settings: Settings) -> None:
    """Patients' data is shown only on this machine, and a single process keeps all of it."""
    if settings.keep_bodies and urlsplit(settings.base).hostname not in doors.LOOPBACK:
        reject_argument("--keep-bodies needs a base URL on this machine, such as http://localhost:7425.")
    if settings.keep_bodies and settings.workers > 1:
        reject_argument("--keep-bodies needs --workers 1, because the bodies are kept in the memory of one process.")


def _is_base(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not set("?#@ ") & set(text)
    except ValueError:
        return False


def _check_certificate(https: bool, cert: Path | None, key: Path | None) -> None:
    if (cert is None) != (key is None) or (cert is not None and not https):
        reject_argument("--cert and --key must be used together, and with --https.")
    for path in (cert, key):
        if path is not None and not path.is_file():
            reject_argument(f"{path} doesn't exist or isn't a file.")
    if cert is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
        except ssl.SSLError as error:
            reject_argument(f"{cert} and {key} aren't a certificate and its key: {error.reason or error}.")
