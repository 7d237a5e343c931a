"""Explains searches that found nothing, or whose includes added nothing, from the data that the token may see.

criteria       the parameters of a search that select resources, one by one
candidates     values that may have been meant, by the kind of the parameter; texts writes them
examine        which parameter empties the search, and which candidate finds something
includes       why an include adds nothing
memory         the newest such searches of this worker, as they were sent
explain        explains them one after the other
completion     completes an exchange for those who may read it, whichever worker answered the search
"""
