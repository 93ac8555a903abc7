"""The files that start the course elsewhere agree with the installer: an image, a dev container, Binder, the site."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tools import address, setup

ROOT = Path(__file__).parents[2]
BINDER, DOCKERFILE = ROOT / ".binder", (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_binder_takes_the_pinned_torch_without_what_graphics_cards_need_and_what_a_learner_needs():
    lines = (BINDER / "requirements.txt").read_text().splitlines()
    assert f"torch=={setup.TORCH}+cpu" in lines and "--extra-index-url https://download.pytorch.org/whl/cpu" in lines
    assert (BINDER / lines[-1].removeprefix("-r ")).resolve() == ROOT / "requirements.txt"


def test_every_python_that_is_named_is_one_that_the_course_runs_on():
    named = [(BINDER / "runtime.txt").read_text(), *re.findall(r"^FROM (python:\S+)", DOCKERFILE, re.M)]
    assert len(named) == 2
    assert all(setup.OLDEST <= setup.numbers(text)[:2] <= setup.NEWEST for text in named)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no bit that makes a file a program")
def test_what_binder_runs_is_a_program():
    assert os.access(BINDER / "postBuild", os.X_OK)


@pytest.mark.parametrize(
    "path", [BINDER / "postBuild", ROOT / "Dockerfile", ROOT / ".devcontainer" / "devcontainer.json"]
)
def test_every_tool_that_is_started_is_there(path):
    tools = re.findall(r"tools/\w+\.py", path.read_text(encoding="utf-8"))
    assert tools and [tool for tool in tools if not (ROOT / tool).exists()] == []


@pytest.mark.skipif(os.name == "nt", reason="there is no make")
def test_the_image_starts_as_make_lab_does_which_serves_a_user_without_a_home():
    [command] = re.findall(r"^CMD (.+)$", DOCKERFILE, re.M)
    asked = subprocess.run([*json.loads(command), "-n"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.search(r"-m tools\.lab .*--ip=0\.0\.0\.0 --no-browser$", asked, re.M)
    assert re.search(r"apt-get install .*\bmake\b", DOCKERFILE)


def test_a_dev_container_is_the_image():
    told = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert (ROOT / ".devcontainer" / told["build"]["dockerfile"]).resolve() == ROOT / "Dockerfile"
    assert f"useradd --create-home --uid 1000 {told['remoteUser']}" in DOCKERFILE


def test_the_course_lies_in_a_folder_of_the_learner():
    """WORKDIR would make one of the system's, in which nothing can be installed."""
    [user] = re.findall(r"^USER (\d+)$", DOCKERFILE, re.M)
    made, folder = (
        f"--uid {user} learner && install -d -o learner -g learner /home/learner/course",
        "/home/learner/course",
    )
    assert DOCKERFILE.index(made) < DOCKERFILE.index("\nUSER ") < DOCKERFILE.index(f"\nWORKDIR {folder}\n")


def test_what_a_learner_did_and_what_was_built_stays_out_of_the_image():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".git", ".venv", "build", "grading", "notebooks/answers.json"} <= set(ignored)


def test_the_workflow_of_the_site_publishes_what_make_book_writes():
    text = (ROOT / ".github" / "workflows" / "book.yml").read_text(encoding="utf-8")
    assert "- run: make book\n" in text and "path: build/book\n" in text and "COURSE_REPOSITORY:" in text


def test_the_workflow_writes_the_branch_that_the_badge_of_colab_opens(monkeypatch):
    text = (ROOT / ".github" / "workflows" / "book.yml").read_text(encoding="utf-8")
    monkeypatch.setenv("COURSE_REPOSITORY", "https://github.com/owner/gates")
    assert "tools.colab build/colab\n" in text and text.count("colab\n\n  publish:") == 1
    assert "/blob/colab/notebooks/" in address.ways()["Colab"]
