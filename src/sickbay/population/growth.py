"""Percentiles of infants, from the 2000 growth charts of the CDC (National Center for Health Statistics), public domain.

Each row of a table has a length in cm or an age in months, and the parameters L, M and S at it. The rows are those of the
published tables, rounded to four decimals and thinned out; the parameters between two rows are interpolated.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Row = tuple[float, float, float, float]
Table = Mapping[str, Sequence[Row]]

WEIGHT_FOR_LENGTH: Table = {
    "male": (
        (45.5, 1.3179, 2.3862, 0.1448),
        (49.5, 0.1975, 3.2452, 0.1168),
        (53.5, -0.7264, 4.2140, 0.1001),
        (57.5, -1.2925, 5.2375, 0.0907),
        (61.5, -1.5253, 6.2764, 0.0852),
        (65.5, -1.5188, 7.3042, 0.0820),
        (69.5, -1.3788, 8.3049, 0.0799),
        (73.5, -1.1907, 9.2714, 0.0784),
        (77.5, -1.0113, 10.2055, 0.0772),
        (81.5, -0.8768, 11.1156, 0.0763),
        (85.5, -0.8121, 12.0161, 0.0759),
        (89.5, -0.8384, 12.9246, 0.0758),
        (93.5, -0.9753, 13.8603, 0.0763),
        (97.5, -1.2408, 14.8418, 0.0772),
        (101.5, -1.6461, 15.8854, 0.0785),
        (103.5, -1.9002, 16.4347, 0.0793),
    ),
    "female": (
        (45.5, 0.6996, 2.4033, 0.1577),
        (49.5, 0.5591, 3.2597, 0.1086),
        (53.5, -0.4215, 4.2023, 0.0948),
        (57.5, -1.2167, 5.1924, 0.0909),
        (61.5, -1.4991, 6.1996, 0.0898),
        (65.5, -1.4982, 7.1967, 0.0888),
        (69.5, -1.3675, 8.1678, 0.0871),
        (73.5, -1.1746, 9.1076, 0.0846),
        (77.5, -0.9715, 10.0191, 0.0819),
        (81.5, -0.8356, 10.9109, 0.0796),
        (85.5, -0.8682, 11.7952, 0.0782),
        (89.5, -1.1418, 12.6876, 0.0782),
        (93.5, -1.6232, 13.6072, 0.0796),
        (97.5, -2.1600, 14.5784, 0.0821),
        (101.5, -2.5797, 15.6285, 0.0855),
        (103.5, -2.7178, 16.1910, 0.0875),
    ),
}
HEAD_FOR_AGE: Table = {
    "male": (
        (0, 4.4278, 35.8137, 0.0522),
        (0.5, 4.3109, 37.1936, 0.0473),
        (1.5, 3.8696, 39.2074, 0.0409),
        (2.5, 3.3056, 40.6523, 0.0370),
        (3.5, 2.7206, 41.7652, 0.0344),
        (4.5, 2.1680, 42.6612, 0.0325),
        (5.5, 1.6755, 43.4049, 0.0311),
        (6.5, 1.2552, 44.0361, 0.0300),
        (7.5, 0.9105, 44.5810, 0.0292),
        (8.5, 0.6395, 45.0576, 0.0287),
        (10.5, 0.2963, 45.8551, 0.0279),
        (12.5, 0.1711, 46.4985, 0.0276),
        (15.5, 0.2702, 47.2630, 0.0276),
        (18.5, 0.5772, 47.8582, 0.0279),
        (24.5, 1.4241, 48.7206, 0.0292),
        (30.5, 2.2641, 49.3046, 0.0309),
        (36, 2.9109, 49.6839, 0.0327),
    ),
    "female": (
        (0, -1.2987, 34.7116, 0.0469),
        (0.5, -1.4403, 36.0345, 0.0430),
        (1.5, -1.5810, 37.9767, 0.0381),
        (2.5, -1.5931, 39.3801, 0.0351),
        (3.5, -1.5215, 40.4677, 0.0331),
        (4.5, -1.3946, 41.3484, 0.0317),
        (5.5, -1.2317, 42.0834, 0.0307),
        (6.5, -1.0466, 42.7103, 0.0300),
        (7.5, -0.8489, 43.2543, 0.0294),
        (8.5, -0.6458, 43.7325, 0.0290),
        (10.5, -0.2416, 44.5384, 0.0285),
        (12.5, 0.1410, 45.1951, 0.0283),
        (15.5, 0.6519, 45.9849, 0.0283),
        (18.5, 1.0798, 46.6095, 0.0286),
        (24.5, 1.7117, 47.5369, 0.0295),
        (30.5, 2.1159, 48.1896, 0.0307),
        (36, 2.3508, 48.6334, 0.0319),
    ),
}


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
