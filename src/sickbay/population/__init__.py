"""The synthetic patients: seed and day give the same bytes. All people are invented."""
