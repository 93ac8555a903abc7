"""When work is late, and what that costs.

students.csv has the time from which on a student's work is late: in the column `extension`, where that is not empty,
else in `deadline`. Times are as in timestamp.txt, "2026-03-01 23:59" or with a zone, "2026-03-01 23:59 +0100".
"""

import math
from datetime import timezone

from dateutil import parser


def moment(said):
    """A time in UTC, None for an empty one; ValueError for words that are no time. Without a zone it is UTC already.

    nbgrader's own parse_utc takes +0100 for a hundred seconds.
    """
    if not said:
        return None
    try:
        when = parser.parse(said)
        return when.astimezone(timezone.utc) if when.tzinfo else when.replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError, TypeError, Warning):
        raise ValueError(f"a time is written as 2026-03-01 23:59; got {said!r}") from None


def hours(time, row):
    """Hours that work is late: time is when it was handed in, row that of the roster. 0 where one is unknown."""
    due, when = moment(row.get("extension") or row.get("deadline")), moment(time)
    return max(0.0, (when - due).total_seconds() / 3600) if due and when else 0.0


def left(points, late, percent):
    """What is left of points: each day that has begun after the deadline costs so many percent of them."""
    return points * max(0.0, 1 - percent / 100 * math.ceil(late / 24))
