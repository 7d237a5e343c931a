"""Refusals, examinations and effects: what every decision is made of. Pure, but for effects.py: clock, dice, network."""
