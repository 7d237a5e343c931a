"""Rules about launches that stopped without a refusal: the usual causes, in the order of what was seen.

Each rule names one likely cause of a step that didn't come, and how to tell it from the others. The rules of a step are ordered
from those that something in the launch points to, to the general one, which applies to every such launch.
"""
