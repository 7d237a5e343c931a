"""The settings of Sickbay, as values. The command reads them from flags, environment and file."""

from sickbay.settings.settings import PORT, Settings

__all__ = ["PORT", "Settings"]
