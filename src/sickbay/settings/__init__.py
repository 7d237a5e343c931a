"""What the person who runs Sickbay may choose. Values only; reading flags, environment and file is the command's work."""

from sickbay.settings.settings import PORT, Settings

__all__ = ["PORT", "Settings"]
