"""Seconds and peak memory of every notebook, from a fresh kernel to the last cell.

    make measure
    make measure ARGS="notebooks/02_where_memory_goes.ipynb"

The memory is the largest that the kernel's process ever held (Linux and macOS).
"""

from tools.notebooks import chosen, execute, parser

PEAK = """
import resource, sys
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3))
"""


def main():
    print(f"{'notebook':40}{'seconds':>9}{'peak MB':>9}")
    total = 0
    for path in chosen(parser(__doc__).parse_args().notebooks):
        notebook, seconds = execute(path, last=PEAK)
        total += seconds
        print(f"{path.name:40}{seconds:9.1f}{float(notebook.cells[-1].outputs[0].text):9.0f}", flush=True)
    print(f"{'all':40}{total:9.1f}")


if __name__ == "__main__":
    main()
