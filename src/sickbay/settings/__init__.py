"""What the person who runs Sickbay may choose. Values only; reading flags, environment and file is the command's work."""
