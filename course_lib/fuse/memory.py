"""Memory that one run leaves to the next: memory that was used before is faster than new memory."""

from collections import deque
from contextlib import suppress

import numpy as np

SPARE = deque()  # arrays that no run uses now
MOST = 2**27, 64  # bytes, and arrays, up to which they are kept
LINE = 64  # bytes of a cache line


def empty(size):
    return np.empty(size, np.uint8)


def take(size):
    """An array of so many bytes: one that was left, if any. Other threads may take and leave meanwhile."""
    with suppress(IndexError):
        for _ in range(len(SPARE)):
            array = SPARE.popleft()
            if array.nbytes == size:
                return array
            SPARE.append(array)
    return empty(size)


class Room:
    """So many bytes, which begin where a cache line begins."""

    def __init__(self, size):
        self.array = take(size + LINE)
        first = self.array.ctypes.data
        self.address = first + -first % LINE

    def leave(self):
        """Let the next run have it. Nothing may refer to it any more; who forgets to say so costs only time."""
        SPARE.append(self.array)
        most_bytes, most_arrays = MOST
        with suppress(IndexError):
            while len(SPARE) > most_arrays or sum(spare.nbytes for spare in tuple(SPARE)) > most_bytes:
                SPARE.popleft()
