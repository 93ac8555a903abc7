"""Seconds and peak memory of every notebook, from a fresh kernel to the last cell.

    make measure
    make measure ARGS="notebooks/02_where_memory_goes.ipynb"

The memory is the largest that the kernel's process ever held (Linux and macOS).
"""

from tools.authoring.notebooks import chosen, execute, parser

# On Linux a process's ru_maxrss begins with that of the process that started it, so ask /proc where there is one.
PEAK = """
import pathlib, re, resource
status = pathlib.Path("/proc/self/status")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
print(int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) / 1e3 if status.exists() else peak)
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
