"""The command `sickbay`. A subcommand imports the modules that it needs when it runs."""
