"""Class mode: students who join with a link share one Sickbay, each with their own apps, launches and exchanges."""
