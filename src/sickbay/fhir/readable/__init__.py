"""Turns resources into text for people: names, codes with displays, dates, quantities, and what changed between versions."""
