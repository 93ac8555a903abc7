"""What a hostile learner tries: cells that run in a kernel of theirs and say in their last line how it ended.

A cell finds `me`, `victim` and `pids`, the victim's processes; `root`, the hub's address; `course` and `python`, the
course's folder and its .venv; `state`, the hub's; `token`, the hostile learner's own for the hub; and
`tried(function, *arguments)`, what that gave, None where it was refused. It leaves in `got` what the learner got, None
for nothing.
"""

PRELUDE = '''
import os, requests, signal, subprocess, sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
def tried(function, *arguments, **more):
    try:
        answer = function(*arguments, **more)
    except Exception as error:
        return None
    return repr(answer)[:200]
def first(answers):
    return next((answer for answer in answers if answer is not None), None)
def listening(user):
    """The ports on which a user listens."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and int(row[7]) == user]
def ask(path, method="GET", **more):
    answer = requests.request(method, root + path, headers={"Authorization": "token " + token}, timeout=20, **more)
    answer.raise_for_status()
    return answer.status_code, answer.url, answer.text[:100]
user = __import__("pwd").getpwnam(victim)
'''

ATTACKS = {
    "read a neighbour's home": """
home = Path(user.pw_dir)
got = first([tried(os.listdir, home), tried(os.listdir, home / "gating"),
             tried((home / "gating/notebooks/answers.json").read_text),
             tried(os.listdir, home / ".local/share/jupyter/runtime")])""",
    "read a neighbour's processes: environment, memory, files": """
got = first(tried(open(f"/proc/{pid}/{file}", "rb").read, 9) if tried(open, f"/proc/{pid}/{file}") else None
            for pid in pids for file in ("environ", "mem", "maps", "stack"))
got = first([got, *(tried(os.listdir, f"/proc/{pid}/fd") for pid in pids)])""",
    "stop a neighbour's kernel or server": """
got = first(tried(os.kill, pid, number) for pid in pids for number in (signal.SIGTERM, signal.SIGKILL))""",
    "listen to what a neighbour's kernel says": """
import zmq
def hear(port):
    one = zmq.Context.instance().socket(zmq.SUB)
    one.subscribe(b"")
    one.connect(f"tcp://127.0.0.1:{port}")
    got = one.recv_multipart() if one.poll(4000) else None
    one.close(0)
    return got
got = first(map(hear, listening(user.pw_uid)))""",
    "talk to a neighbour's server past the proxy": """
own = [str(path) for path in sorted(Path("/run/room", me).glob("user-*"))]
def past(scheme, port, cert):
    return requests.get(f"{scheme}://127.0.0.1:{port}/user/{victim}/api/contents", verify=False, timeout=5, cert=cert,
                        headers={"Authorization": "token " + token})
got = first(tried(past, scheme, port, cert)
            for port in listening(user.pw_uid) for scheme in ("http", "https") for cert in (None, tuple(own)))
got = None if got in ("<Response [403]>", None) else got""",
    "ask the hub about a neighbour, or in their name": """
theirs = f"/hub/api/users/{victim}"
got = first([tried(ask, theirs), tried(ask, "/hub/api/users"), tried(ask, "/hub/api/proxy"),
             tried(ask, theirs + "/server", "DELETE"), tried(ask, theirs + "/server", "POST"),
             tried(ask, theirs + "/tokens", "POST"), tried(ask, "/hub/api/shutdown", "POST"),
             tried(ask, f"/hub/api/users/{me}", "PATCH", json={"admin": True}),
             tried(ask, f"/hub/api/users/{me}", "PATCH", json={"name": victim})])""",
    "use a neighbour's server through the proxy": """
got = first([tried(ask, f"/user/{victim}/api/contents"), tried(ask, f"/user/{victim}/api/kernels"),
             tried(ask, f"/user/{victim}/api/kernels", "POST")])""",
    "lead the proxy elsewhere": """
def lead(scheme, method, path):
    address = f"{scheme}://127.0.0.1:8001/api/routes{path}"
    requests.request(method, address, json={"target": "http://x"}, verify=False, timeout=5).raise_for_status()
    return "an answer"
got = first(tried(lead, scheme, method, path)
            for scheme in ("http", "https") for method in ("GET", "POST") for path in ("", f"/user/{victim}"))""",
    "read the hub's own files": """
names = "hub.sqlite", "cookie_secret"
got = first([tried(os.listdir, state), *(tried(open, Path(state, name)) for name in names)])""",
    "change the course, its Python or the loops that all share": """
shared = Path(python, "share/course_lib/kernels")
targets = [Path(course, "course_lib/cells.py"), Path(course, "tools/room/jupyterhub_config.py"),
           *Path(python, "lib").glob("python3*/site-packages/torch/__init__.py"), *list(shared.glob("*.kernel"))[:1]]
folders = [course, python, Path(course, "course_lib"), shared, *Path(python, "lib").glob("python3*/site-packages"),
           Path(python, "etc/jupyter"), Path(python, "share/jupyter")]
got = first([tried(open, path, "ab") for path in targets]
            + [tried(open, Path(folder, "sitecustomize.py"), "w") for folder in folders]
            + [tried(os.chmod, path, 0o777) for path in targets])""",
    "put loops into a neighbour's cache": """
got = tried(open, Path(user.pw_dir, ".cache/course_lib", "0" * 32 + ".kernel"), "wb")""",
    "leave the limits": """
import resource
groups, own = Path("/sys/fs/cgroup"), str(os.getpid())
got = first([tried((groups / tree / "cgroup.procs").write_text, own) for tree in ("", "memory", "pids", "cpu")]
            + [tried(path.write_text, "-1") for path in groups.glob(f"*/room/{me}/*max*")]
            + [tried((groups / "memory" / "room" / me / "memory.limit_in_bytes").write_text, "-1")]
            + [tried(resource.setrlimit, resource.RLIMIT_FSIZE, (-1, -1)), tried(os.setuid, 0), tried(os.nice, -5)])""",
    "write a file larger than may be": """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def large():
    with open("large", "wb") as file:
        file.truncate(2**30 + 1)
    return os.path.getsize("large")
got = tried(large)
Path("large").unlink(missing_ok=True)""",
    "start processes without end": """
children = []
try:
    while len(children) < 3000:
        children.append(os.fork())
        if children[-1] == 0:
            signal.pause()
except OSError as error:
    said = str(error)
got = len(children) if len(children) > 256 else None
for child in children:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)""",
    "take the memory with several processes": """
hog = "x = []\\nwhile len(x) < 60: x.append(b'1' * 10**8)\\nprint('whole')"
hogs = [subprocess.Popen([sys.executable, "-c", hog], stdout=-1, text=True) for _ in range(4)]
got = sum("whole" in one.communicate()[0] for one in hogs) or None""",
    "fill the file system in memory": """
code = "import os\\nfor k in range(40): open(f'/dev/shm/hog-{os.getuid()}-{k}', 'wb').write(b'1' * 10**8)"
subprocess.run([sys.executable, "-c", code], capture_output=True)
taken = sum(path.stat().st_blocks * 512 for path in Path("/dev/shm").glob(f"hog-{os.getuid()}-*"))
got = f"{taken / 2**30:.1f} GB" if taken > 2 * 2**30 else None""",
}


def cell(source, given):
    """The cell that tries it: it prints "got: ..." or "nothing"."""
    lines = "\n".join(f"{name} = {value!r}" for name, value in given.items())
    return f"{lines}\n{PRELUDE}\n{source}\nprint('nothing' if got is None else f'got: {{got}}')"
