"""Class mode: students who join with a link share one Sickbay, each with their own apps, launches and exchanges.

members      the students: how they join, and how the teacher removes them
attribution  which student an exchange belongs to
progress     how far each student is
clearing     deletes what a student has
"""
