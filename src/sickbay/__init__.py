"""Sickbay: the EHR on your own machine that explains every refusal."""

__version__ = "0.2.0"
