"""When work is late, and what that costs.

students.csv has the time from which on a student's work is late: in the column `extension`, where that is not empty,
else in `deadline`; a day alone lasts until its end. Times are as in timestamp.txt, "2026-03-01 23:59" or with a zone,
"2026-03-01 23:59 +0100". No other way of writing them is guessed at: 1.3.2026 is January to some.
"""

import math
import re
from datetime import timezone

from dateutil import parser

TIME = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d?:\d\d(?::\d\d(?:\.\d+)?)?))? *(UTC|Z|[+-]\d\d:?\d\d)?", re.ASCII)


def moment(said, of_a_day="00:00"):
    """A time in UTC, None for an empty one; ValueError for words that are no time. Without a zone it is UTC already.

    of_a_day   the time that a day alone means
    nbgrader's own parse_utc takes +0100 for a hundred seconds.
    """
    if not said:
        return None
    try:
        day, time, zone = TIME.fullmatch(said.strip()).groups()
        return parser.parse(f"{day} {time or of_a_day} {zone or 'UTC'}").astimezone(timezone.utc)
    except (AttributeError, ValueError, OverflowError):
        raise ValueError(f"a time is written as 2026-03-01 23:59, or with +0100 behind it; got {said!r}") from None


def hours(time, row):
    """Hours that work is late: time is when it was handed in, row that of the roster. 0 where one is unknown."""
    due, when = moment(row.get("extension") or row.get("deadline"), "23:59:59"), moment(time)
    return max(0.0, (when - due).total_seconds() / 3600) if due and when else 0.0


def left(points, late, percent):
    """What is left of points: each day that has begun after the deadline costs so many percent of them."""
    return points * max(0.0, 1 - percent / 100 * math.ceil(late / 24))
