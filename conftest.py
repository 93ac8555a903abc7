"""What every notebook and every test under pytest shares: a quiet course, and the plugins of tests/."""

import os

# Before torch is imported: two test processes with two threads each are slower than with one. Kernels inherit both.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("COURSE_QUIET", "1")

pytest_plugins = ["schedule", "kernels", "leftovers"]
