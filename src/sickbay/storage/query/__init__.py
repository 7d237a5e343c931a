"""Builds the SQL for reading, shared by all engines, with visibility and order applied. The engines run it."""
