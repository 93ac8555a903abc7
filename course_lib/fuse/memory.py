"""Memory that one run leaves to the next: memory that was used before is faster than new memory."""

from collections import deque
from contextlib import suppress

import numpy as np

SPARE = deque()  # Rooms that no run uses now
MOST = 2**28, 64  # bytes, and Rooms, up to which they are kept
LINE = 64  # bytes of a cache line


def empty(size):
    return np.empty(size, np.uint8)


class Room:
    """So many bytes, which begin where a cache line begins: at address."""

    def __init__(self, size):
        self.array = empty(size + LINE)
        first = self.array.ctypes.data
        self.size, self.address = size, first + -first % LINE

    def leave(self):
        """Let the next run have it. Nothing may refer to it any more; who forgets to say so costs only time."""
        SPARE.append(self)
        most_bytes, most_rooms = MOST
        with suppress(IndexError):
            while len(SPARE) > most_rooms or sum([room.size for room in tuple(SPARE)]) > most_bytes:
                SPARE.popleft()


def take(size):
    """A Room of so many bytes: one that was left, if any. Other threads may take and leave meanwhile."""
    with suppress(IndexError):
        for _ in range(len(SPARE)):
            room = SPARE.popleft()
            if room.size == size:
                return room
            SPARE.append(room)
    return Room(size)
