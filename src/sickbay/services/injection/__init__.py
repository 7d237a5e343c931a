"""Injects the faults that the administrator set.

1. `setting.py` sets, lists and removes faults. They are part of the runtime settings, so each worker has them at once.
2. `choose.py` decides which faults a request gets: whether it is meant, how often, and with what probability.
3. `grants.py` makes a token response, and what is stored of it, faulty; `codes.py` does so with a code.
4. `marks.py` remembers which codes and tokens were made useless, so that their refusal isn't blamed on the app.
5. `wording.py` has the sentences in responses that name a fault.
"""
