"""`python -m sickbay` is the command."""

from sickbay.cli.main import main

if __name__ == "__main__":
    main()
