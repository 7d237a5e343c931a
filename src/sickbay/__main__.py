"""`python -m sickbay` is the command, and so is `sickbay`."""

import gc
import signal
from typing import NoReturn


def main() -> NoReturn:
    """Until a command has begun there is nothing to leave in order: Ctrl-C ends its imports without a word of Python's."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # in the background of a script it is ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.disable()  # imports leave nothing to collect; `cli.main` enables it before the command runs
    from sickbay.cli.main import main as command

    command()


if __name__ == "__main__":
    main()
