"""Seconds and peak memory of every notebook, from a fresh kernel to the last cell.

The first seconds are the clock's. The last are those that a processor was busy for the kernel: about what the clock
says on a machine that does nothing else.

    make measure
    make measure ARGS="notebooks/02_where_memory_goes.ipynb"
    make measure ARGS=--store          keep the last in results/seconds.json, where the teacher's handbook reads them

The memory is the largest that the kernel's process ever held (Linux and macOS).
"""

import json
from pathlib import Path

from course_lib.bench import environment
from course_lib.files import write
from tools.authoring.notebooks import TEMPLATE, chosen, execute, number, parser

STORED = Path(__file__).resolve().parents[2] / "results" / "seconds.json"
# On Linux a process's ru_maxrss begins with that of the process that started it, so ask /proc where there is one.
PEAK = """
import pathlib, re, resource
status = pathlib.Path("/proc/self/status")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
print(int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) / 1e3 if status.exists() else peak)
"""
BUSY = PEAK + "import time; print(time.process_time())"


def store(taken):
    """Keep {number: seconds} beside those of the other notebooks, unless these were taken on another machine."""
    about = {name: value for name, value in environment().items() if name != "seeds"}
    old = json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else {}
    kept = old["seconds"] if old.get("environment", {}).get("processor") == about["processor"] else {}
    seconds = dict(sorted((kept | taken).items()))
    write(STORED, json.dumps({"environment": about, "seconds": seconds}, indent=1) + "\n")


def main():
    asked = parser(__doc__)
    asked.add_argument("--store", action="store_true", help="keep the seconds in results/seconds.json")
    words = asked.parse_args()
    print(f"{'notebook':40}{'seconds':>9}{'peak MB':>9}{'busy':>9}")
    total = 0
    for path in chosen(words.notebooks):
        notebook, seconds = execute(path, last=BUSY)
        total += seconds
        peak, busy = map(float, notebook.cells[-1].outputs[0].text.split())
        print(f"{path.name:40}{seconds:9.1f}{peak:9.0f}{busy:9.1f}", flush=True)
        if words.store and path != TEMPLATE:
            store({number(path): round(busy, 1)})
    print(f"{'all':40}{total:9.1f}")


if __name__ == "__main__":
    main()
