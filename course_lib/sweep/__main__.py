"""The command line of the sweep: run the grid and print its summary."""

import argparse
import inspect

from course_lib.initialise import INITIALISATIONS
from course_lib.sweep import sweep
from course_lib.sweep.outcomes import summary


def main(arguments=None):
    """The command line: run the grid and print its summary."""
    about = inspect.getmodule(sweep).__doc__
    parser = argparse.ArgumentParser("python -m course_lib.sweep", description=about,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    add = parser.add_argument
    add("--cells", nargs="+", default=["all"], metavar="CELL", help="names in cells.CELLS; all when omitted")
    add("--tasks", nargs="+", default=["Adding"], metavar="TASK", help="names in tasks.TASKS, or all")
    add("--lags", nargs="+", type=int, default=[100], metavar="N")
    add("--inits", nargs="+", default=["default"], metavar="INIT", help=", ".join(INITIALISATIONS))
    add("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4], metavar="N")
    add("--rates", nargs="+", type=float, default=[3e-3], metavar="RATE", help="learning rates")
    add("--tune", nargs="+", type=int, default=[], metavar="SEED", help="seeds on which each cell chooses its rate")
    add("--tune-lag", type=int, metavar="N", help="the lag at which it does; the first of --lags when omitted")
    add("--parameters", type=int, default=4300, metavar="N", help="weights of every cell")
    add("--budget", type=int, default=3000, metavar="N", help="updates after which a run counts as not solved")
    add("--batch-size", type=int, default=32, metavar="N")
    add("--out", required=True, metavar="FILE", help="where the rows are kept, such as results/mine.sqlite")
    add("--jobs", type=int, metavar="N", help="processes; one per core when omitted")
    add("--scheduler", metavar="ADDRESS", help="a Dask cluster to run on instead")
    add("--plan-only", action="store_true", help="print the plan and its estimate, and run nothing")
    try:
        rows = sweep(**vars(parser.parse_args(arguments)))
    except ValueError as error:
        parser.error(str(error))
    except KeyboardInterrupt:
        parser.exit(130, "\nStopped. Every finished run is in the file; the same command does the rest.\n")
    for group in summary(rows):
        print("{task} {lag:<6} {cell:<20} {init:<12} rate {learning_rate:<7g} solved {solved} of {runs}, "
              "95 % {low:.2f} to {high:.2f}, median {median}, errors {errors}".format(**group))  # fmt: skip


if __name__ == "__main__":
    main()
