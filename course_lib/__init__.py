"""The helper library of the course: why, and how exactly, does gating solve long-term memory?

Nothing is re-exported: `from course_lib.cells import LSTMCell` tells you which file to open.
"""
