"""The room for a class: its configuration says what its page says, its limits are written where Linux reads them."""

import json
import os
import re
import subprocess
import sys
import types
from pathlib import Path

import psutil
import pytest
import yaml
from traitlets.config import Config

from tools.room import accounts, attacks, capacity, groups

ROOT = Path(__file__).parents[2]
ROOM = ROOT / "tools" / "room"
PAGE = (ROOT / "docs" / "room.md").read_text(encoding="utf-8")
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="control groups are Linux's")


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """What jupyterhub_config.py sets; JupyterHub itself need not be installed."""
    spawner = types.ModuleType("tools.room.spawner")
    spawner.RoomSpawner = "RoomSpawner"
    monkeypatch.setitem(sys.modules, "tools.room.spawner", spawner)
    for name in [name for name in os.environ if name.startswith(("ROOM_", "COURSE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ROOM_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(accounts, "reachable", lambda *paths: None)  # the tests may lie in anybody's home
    found = Config()
    file = ROOM / "jupyterhub_config.py"
    exec(compile(file.read_text(encoding="utf-8"), file, "exec"), {"get_config": lambda: found, "__file__": str(file)})
    return found


def test_the_page_says_the_limits_that_the_configuration_sets(configured):
    spawner = configured.RoomSpawner
    text = (ROOM / "spawner.py").read_text(encoding="utf-8")
    assert spawner.mem_limit == "2G" and "| memory of all processes of a learner | 2 GB | `ROOM_MEMORY` |" in PAGE
    assert spawner.cpu_limit == 2 and "| processor | 2 cores" in PAGE
    assert "process_limit = Integer(256" in text and "| processes and threads | 256 |" in PAGE
    assert "file_limit = Integer(2**30" in text and "| a file | 1 GB |" in PAGE
    (kernel,) = [word for word in spawner.args if "cull_idle_timeout" in word]
    assert kernel.endswith("=3600") and "| a kernel at rest | an hour" in PAGE
    (idle,) = configured.JupyterHub.services
    assert "--timeout=7200" in idle["command"] and "| a server at rest | two hours" in PAGE


def test_what_keeps_learners_apart_is_set(configured):
    assert configured.JupyterHub.internal_ssl and "--KernelManager.transport=ipc" in configured.RoomSpawner.args
    assert configured.PAMAuthenticator.allowed_groups == {accounts.GROUP}
    assert not {"admin_users", "allow_all"} & (configured.Authenticator.keys() | configured.PAMAuthenticator.keys())
    assert configured.JupyterHub.bind_url.startswith("http://127.0.0.1:")
    assert (Path(os.environ["ROOM_STATE"]).stat().st_mode & 0o077) == 0


def test_the_page_repeats_what_a_learner_reads_when_memory_is_used_up():
    from course_lib import server

    quoted = " ".join(line.removeprefix("> ") for line in PAGE.splitlines() if line.startswith("> "))
    assert quoted == server.killed(str(2 * 2**30)).strip()


def test_every_tool_that_the_page_starts_is_there():
    named = re.findall(r"tools/\S+?\.py", PAGE) + [f"{name.replace('.', '/')}.py"
                                                   for name in re.findall(r"-m (tools\.[\w.]+)", PAGE)]  # fmt: skip
    assert named and [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("name", ["Ada", "1a", "a" * 33, "", "a b", "a:b", "-a", "root\n"])
def test_an_account_gets_no_name_that_the_system_would_read_otherwise(name):
    with pytest.raises(ValueError, match="An account needs small letters"):
        accounts.make(name)


def test_an_account_that_is_there_is_left_as_it_is():
    pwd = pytest.importorskip("pwd")
    (name,) = [one.pw_name for one in pwd.getpwall() if one.pw_uid == 0][:1]
    assert accounts.make(name) is None


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="folders are not kept from others by a mode")
def test_a_hub_that_learners_cannot_reach_is_not_started(tmp_path):
    accounts.reachable(os.devnull)
    tmp_path.chmod(0o700)
    with pytest.raises(SystemExit, match="Learners may not enter .*chmod o"):
        accounts.reachable(os.devnull, tmp_path / "course_lib")


@pytest.mark.parametrize("version", [1, 2])
def test_the_limits_are_written_where_linux_reads_them(tmp_path, monkeypatch, version):
    monkeypatch.setattr(groups, "TREE", tmp_path)
    if version == 2:
        (tmp_path / "cgroup.controllers").write_text("memory pids cpu")
    group = groups.Group("ada", memory=2**31, cores=1.5, processes=256)
    written = {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    if version == 1:
        assert written == {"memory/room/ada/memory.limit_in_bytes": "2147483648", "pids/room/ada/pids.max": "256",
                           "cpu/room/ada/cpu.cfs_period_us": "100000",
                           "cpu/room/ada/cpu.cfs_quota_us": "150000"}  # fmt: skip
    else:
        assert {name: written[f"room/ada/{name}"] for name in ("memory.max", "pids.max", "cpu.max")} == {
            "memory.max": "2147483648", "pids.max": "256", "cpu.max": "150000 100000"}  # fmt: skip
        assert written["cgroup.subtree_control"] == written["room/cgroup.subtree_control"] == "+memory +pids +cpu"
    group.enter()
    assert group.members() == {os.getpid()} and len(group.folders) == (3 if version == 1 else 1)


@linux
def test_all_that_is_in_a_group_ends_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr(groups, "TREE", tmp_path)
    group = groups.Group("ada", memory=2**30, cores=1, processes=9)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True) as left:
        monkeypatch.setattr(group, "members", lambda: {left.pid} if left.poll() is None else set())
        group.end()
        assert left.wait() == -9


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="there are no user ids")
def test_only_what_is_a_learner_s_is_thrown_away_and_no_link_followed(tmp_path):
    kept, places = tmp_path / "kept", tmp_path / "places"
    for folder in (kept, places / "folder"):
        folder.mkdir(parents=True)
        (folder / "file").write_text("")
    (places / "link").symlink_to(kept)
    groups.throw_away(os.getuid() + 1, [places])
    assert sorted(path.name for path in places.iterdir()) == ["folder", "link"]
    groups.throw_away(os.getuid(), [places])
    assert list(places.iterdir()) == [] and (kept / "file").exists()


@pytest.mark.parametrize("name", attacks.ATTACKS)
def test_an_attack_is_python_and_its_outcome_is_stored(name):
    compile(attacks.cell(attacks.ATTACKS[name], {"me": "a", "pids": [1]}), name, "exec")
    assert name in stored("hostile")["outcomes"]


def stored(part):
    return json.loads(capacity.STORED.read_text(encoding="utf-8"))[part]


def test_in_a_browser_every_learner_saw_the_widget_move_and_has_the_notebook_saved():
    part = stored("browser")
    assert part["learners"] == len(part["rows"]) > 1
    for one in part["rows"]:
        assert one["page"].endswith(f"/lab/tree/gating/notebooks/{part['notebook']}")
        before, after = one["said"]
        assert before != after and all("half is gone after" in words for words in (before, after))
        ran, cells = one["saved"]
        assert ran == cells > 0


def test_what_rests_was_ended_in_its_time_and_who_works_was_left_alone():
    part = stored("rest")
    asked, ended = part["asked"], part["ended"]
    for what, seconds in ended["rests"].items():
        assert 0.9 * asked[what] < seconds <= 2.5 * asked[what]  # it is looked for once in the kernel's time
    assert ended["goes on"] == {"kernel": None, "server": None} and part["watched"] > 2 * asked["server"]
    assert ended["computes"]["kernel"] >= ended["computes"]["server"] > asked["kernel"]  # it ends with its server


def test_the_values_for_kubernetes_are_those_of_the_room(configured):
    values = yaml.safe_load(re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1])
    one, spawner = values["singleuser"], configured.RoomSpawner
    assert (one["memory"]["limit"], one["cpu"]["limit"]) == (spawner.mem_limit, spawner.cpu_limit)
    assert one["defaultUrl"] == spawner.default_url and set(one["extraEnv"].items()) <= set(spawner.environment.items())
    (idle,) = configured.JupyterHub.services
    assert values["cull"]["enabled"] and f"--timeout={values['cull']['timeout']}" in idle["command"]


@pytest.mark.skipif(not os.access(groups.TREE / "pids", os.W_OK), reason="control groups are made by root, on Linux")
def test_what_a_trial_has_made_is_gone_when_the_trial_is_killed():
    code = ("import time; from tools.room import caretaker; one = caretaker.cleaned([]); folder = one.__enter__();"
            "caretaker.fence(folder); print(folder, flush=True); time.sleep(600)")  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as one:
        folder = Path(one.stdout.readline().strip())
        (fence,) = groups.TREE.rglob(folder.name)
        (keeper,) = psutil.Process(one.pid).children()
        one.kill()
    psutil.wait_procs([keeper])
    assert not folder.exists() and not fence.exists()


def test_every_part_says_when_where_and_by_which_command_it_was_measured():
    parts = json.loads(capacity.STORED.read_text(encoding="utf-8"))
    assert {"alone", "together", "hostile", "outside", "browser", "exchange", "rest"} == parts.keys()
    for part in parts:
        about = stored(part)
        assert about["command"].startswith(f"python -m tools.room.trial {part}") and about["date"][:2] == "20"
        assert {"python", "torch", "jupyterhub", "nbgitpuller"} <= about["environment"]["versions"].keys()


def test_how_many_a_server_bears_is_bounded_by_memory_or_by_the_processor():
    gb = 2**30
    peak = {"hub": 0, "server": 10 * gb, "kernels": 20 * gb, "other": 0, "most of one": 0}
    alone = {
        "hub and proxy": {"memory": gb},
        "start": {"cpu": 9},
        "02": {"cpu": 36},
        "05": {"cpu": 10},
        "exercises of 05": {"cpu": 8},
    }
    made = {"alone": {"rows": alone}, "together": {"learners": 10, "peak": peak}}
    assert list(capacity.bears(made, memory=17, cores=2).values()) == [
        (5, "memory"), (2, "memory"), (5, "memory"), (5, "memory"), (2, "memory")]  # fmt: skip
    large = capacity.bears(made, memory=1025, cores=2)
    assert list(large.values())[2:] == [(40, "processor"), (10, "processor"), (46, "processor")]
