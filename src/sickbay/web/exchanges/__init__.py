"""The pages of exchanges: what was sent, what was wrong with it, and what to send instead."""
