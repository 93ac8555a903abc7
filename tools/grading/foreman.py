"""Do jobs in processes of their own, a few at a time, so that none can take another down.

    with Foreman(jobs) as foreman:
        for job, problem in foreman.work(list):    # in the order in which they end; problem is None, or a sentence
            ...

A job is plain data, {"do": "judge" or "record", ...}, and leaves its result in a file. The foreman is a process that
has loaded PyTorch and nbgrader once and makes a copy of itself for every job: a copy that is killed, or takes too much
memory or time, is the problem of its own job.
"""

import errno
import gc
import json
import os
import select
import signal
import subprocess
import sys
import traceback
from pathlib import Path

from tools.grading import walls

MEMORY = 3 * 2**30  # bytes that the grader itself may take for one submission, beyond what it has loaded
SECONDS = 300  # of its own processor time
MANY = 4  # submissions to record, from which on it pays to rehearse that
ROOT = Path(__file__).resolve().parents[2]


class Foreman:
    """A process that does jobs, at most so many at a time. It is started anew where it was killed."""

    def __init__(self, jobs):
        self.jobs, self.process = jobs, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        environment = {name: value for name, value in os.environ.items() if name != "COURSE_SECRET"}
        environment |= {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
                        "OMP_NUM_THREADS": "1"}  # fmt: skip
        controls = {bwrap: found and found.control.fileno() for bwrap, found in walls.servers.items()}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tools.grading.foreman", json.dumps(controls)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env=environment, start_new_session=True,
            pass_fds=list(filter(None, controls.values())),
        )  # fmt: skip

    def stop(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.stdout.close()
            self.process.wait()
            self.process = None

    def work(self, jobs, at_once=None):
        """Do jobs; yield (job, None or what ended it) as each is done."""
        waiting, running = list(enumerate(jobs))[::-1], {}
        while waiting or running:
            if self.process is None:
                self.start()
            try:
                while waiting and len(running) < (at_once or self.jobs):
                    number, job = waiting.pop()
                    running[number] = job
                    self.process.stdin.write(json.dumps({"number": number, **job}).encode() + b"\n")
                    self.process.stdin.flush()
                told = self.process.stdout.readline()
            except OSError:
                told = b""
            if told:
                number, code = json.loads(told)
                yield running.pop(number), None if code == 0 else ended(code)
            else:
                self.stop()
                for job in running.values():
                    yield job, "the process of the grader that looks after all others was ended"
                running = {}


def ended(code):
    """What an exit status says, as a sentence."""
    if code >= 0:
        return f"its process ended with {code}"
    why = "it took too long" if -code in (signal.SIGXCPU, signal.SIGALRM) else "too little memory, or somebody else"
    return f"its process was ended by {signal.Signals(-code).name}: {why}"


def do(job):
    """One job, in a process of its own."""
    import resource

    from tools.grading import judge, lockdown, record, watch

    lockdown.end_with_parent()
    lockdown.adopt()
    if watch.SEEN:
        held = int(watch.read("self", "statm").split()[0]) * watch.PAGE
        resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY, held + MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
    {"judge": judge.job, "record": record.job}[job.pop("do")](**job)


def main():
    """Read jobs from standard input, a line each; write [number, exit status] for each that has ended.

    The first word is JSON: {path of bubblewrap: the socket of its walls.Server, or null}.
    """
    import nbformat
    import torch

    from tools.grading import judge, record  # loaded once, for all copies

    torch.set_num_threads(1)
    judge.course()  # which is kept
    nbformat.validate(nbformat.v4.new_notebook())  # whose rules take longer to compile than a submission to judge
    gc.freeze()  # a copy that looked for garbage in what it shares would copy all of it
    for bwrap, control in json.loads(sys.argv[1]).items():
        walls.servers[bwrap] = control and walls.Server(bwrap, control)
    inbox, running, rest, recorded = sys.stdin.fileno(), {}, b"", 0
    while True:
        for handle in select.select([inbox, *running], [], [])[0]:
            if handle != inbox:
                number, pid = running.pop(handle)
                os.close(handle)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                os.write(1, json.dumps([number, code]).encode() + b"\n")
                continue
            part = os.read(inbox, 2**16)
            if not part:
                for _, pid in running.values():
                    os.kill(pid, signal.SIGKILL)
                return
            *asked, rest = (rest + part).split(b"\n")
            for line in asked:
                job = json.loads(line)
                number, (ends, held) = job.pop("number"), os.pipe()
                if bwrap := job.get("settings", {}).get("bwrap"):
                    walls.server(bwrap)  # which may have been killed
                recorded += job["do"] == "record"
                if recorded == MANY:
                    record.rehearse()
                    gc.freeze()
                pid = os.fork()
                if pid == 0:
                    code = 1
                    try:
                        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
                        os.dup2(2, 1)
                        do(job)
                        code = 0
                    except OSError as error:
                        code = error.errno if error.errno == errno.ENOSPC else 1
                        traceback.print_exc()
                    except BaseException:
                        traceback.print_exc()
                    finally:
                        os._exit(code)
                os.close(held)
                running[ends] = number, pid


if __name__ == "__main__":
    main()
