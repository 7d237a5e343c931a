"""Percentiles of infants, from the 2000 growth charts of the CDC (National Center for Health Statistics), public domain.

Each row of `tables/growth.tsv` has a length in cm or an age in months, and the parameters L, M and S at it. The rows are those
of the published tables, rounded to four decimals and thinned out; the parameters between two rows are interpolated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sickbay.population.code_tables import read_rows

Row = tuple[float, float, float, float]
Table = Mapping[str, Sequence[Row]]


def _read_table(name: str) -> Table:
    rows = [row for row in read_rows("growth") if row["table"] == name]
    return {
        sex: [(float(row["at"]), float(row["L"]), float(row["M"]), float(row["S"])) for row in rows if row["sex"] == sex]
        for sex in ("male", "female")
    }


WEIGHT_FOR_LENGTH, HEAD_FOR_AGE = _read_table("weight for length"), _read_table("head for age")


def find_percentile(table: Table, sex: str, at: float, value: float) -> int | None:
    """Returns the percentile of a value, from 1 to 99, or None outside the table.

    sex: "female" or "male". at: the length in cm, or the age in months.
    """
    rows = table[sex]
    if not rows[0][0] <= at <= rows[-1][0]:
        return None
    power, median, spread = _interpolate_parameters(rows, at)
    score = (math.pow(value / median, power) - 1) / (power * spread) if power else math.log(value / median) / spread
    return min(max(round(50 * (1 + math.erf(score / math.sqrt(2)))), 1), 99)


def _interpolate_parameters(rows: Sequence[Row], at: float) -> tuple[float, float, float]:
    index = next(index for index in range(1, len(rows)) if at <= rows[index][0])
    (start, *low), (end, *high) = rows[index - 1], rows[index]
    share = (at - start) / (end - start)
    power, median, spread = (before + (after - before) * share for before, after in zip(low, high, strict=True))
    return power, median, spread
