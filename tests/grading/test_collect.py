"""What comes out of a learning-management system goes into the class's folder, and points and pages go back."""

import csv
import json
import os
import unicodedata
import zipfile
from types import SimpleNamespace

import pytest
from handed_in import SET, right

from tools.grading import collect, give_back

NOTEBOOK = json.dumps(right())


def packed(path, entries, **flags):
    """A zip of {name: content}; a name as bytes is written without the flag that it is UTF-8."""
    with zipfile.ZipFile(path, "w") as file:
        for name, content in entries.items():
            entry = zipfile.ZipInfo(name if isinstance(name, str) else "x" * len(name), (2026, 3, 1, 9, 30, 0))
            file.writestr(entry, content)
    data = path.read_bytes()
    for name in entries:
        if isinstance(name, bytes):
            data = data.replace(b"x" * len(name), name)
    path.write_bytes(data)
    return path


def run(tmp_path, source, *arguments):
    said = collect.main([str(source), "--folder", str(tmp_path), *arguments])
    return said, {
        str(path.relative_to(tmp_path / "submitted")): path.read_text(encoding="utf-8")
        for path in sorted((tmp_path / "submitted").rglob("*"))
        if path.is_file()
    }


def test_canvas_the_last_attempt_counts_and_late_ones_are_named(tmp_path):
    (tmp_path / "students.csv").write_text("id,name,canvas\nada@x.org,Ada Lovelace,17\n", encoding="utf-8")
    source = packed(tmp_path / "submissions.zip", {
        f"lovelaceada_17_901_{SET}.ipynb": "first", f"lovelaceada_17_905_{SET}-1.ipynb": NOTEBOOK,
        f"hopper_LATE_18_902_{SET}.ipynb": NOTEBOOK, "hopper_LATE_18_903_notes.pdf": "x", "readme.txt": "x",
        "alan_21_text.html": "<p>see my mail</p>",
        "bo_19_904_part-1.ipynb": "one", "bo_19_906_part-2.ipynb": "two",
        "anon_x7Yz2_908_a.ipynb": NOTEBOOK, "LATE_anon_q8Q8q_909_a.ipynb": NOTEBOOK,
        "de_la_cruz_20_910_a.ipynb": NOTEBOOK,
    })  # fmt: skip
    said, files = run(tmp_path, source, "--set", SET)
    assert said is None
    assert files[f"ada@x.org/{SET}/{SET}.ipynb"] == NOTEBOOK
    assert {f"18/{SET}/{SET}.ipynb", f"18/{SET}/notes.pdf"} < set(files)  # every file has a number of its own
    assert (files[f"19/{SET}/part-1.ipynb"], files[f"19/{SET}/part-2.ipynb"]) == ("one", "two")
    assert {f"anon_x7Yz2/{SET}/a.ipynb", f"anon_q8Q8q/{SET}/a.ipynb", f"20/{SET}/a.ipynb"} < set(files)
    assert not any(path.endswith("timestamp.txt") for path in files)
    report = (tmp_path / "collected.md").read_text(encoding="utf-8")
    assert "the last of 2 attempts counts" in report and "is late" in report and "readme.txt: neither Canvas" in report
    assert "was collected as 18, who is not in students.csv" in report
    assert "alan_21_text.html: was typed into the system" in report
    run(tmp_path, source, "--set", SET, "--attempts", "first")
    assert (tmp_path / "submitted" / "ada@x.org" / SET / f"{SET}.ipynb").read_text() == "first"


def test_moodle_names_in_any_encoding_find_their_row(tmp_path):
    (tmp_path / "students.csv").write_text("id,name\nz1,Zoë Größe\nz2,José\n", encoding="utf-8")
    nfd = unicodedata.normalize("NFD", "Zoë Größe")
    source = packed(tmp_path / f"{SET}.zip", {
        f"{nfd}_1234_assignsubmission_file_/{SET}.ipynb": NOTEBOOK,
        "José_1235_assignsubmission_file_/a b.ipynb".encode("cp1252"): NOTEBOOK,
        f"Nobody_1236_assignsubmission_file_{SET}.ipynb": NOTEBOOK,
        "Zoë_1_assignsubmission_onlinetext_/onlinetext.html": "x",
        "../../outside_1_assignsubmission_file_/x": "x", "__MACOSX/._a": "x",
    })  # fmt: skip
    said, files = run(tmp_path, source)
    assert said is None
    assert set(files) == {
        f"{who}/{SET}/{file}"
        for who, name in [("z1", f"{SET}.ipynb"), ("z2", "a b.ipynb"), ("1236", f"{SET}.ipynb")]
        for file in (name,)  # and no time: Moodle writes that of the download
    }
    assert not (tmp_path.parent / "outside_1_assignsubmission_file_").exists()
    assert "leads out of the zip" in (tmp_path / "collected.md").read_text(encoding="utf-8")


def test_the_exchange_says_the_set_the_time_and_the_student(tmp_path):
    for time, content in [("2026-03-02 10:00:00 UTC", NOTEBOOK), ("2026-03-01 10:00:00 UTC", "old")]:
        folder = tmp_path / "inbound" / f"ada+{SET}+{time}+0a1b"
        folder.mkdir(parents=True)
        (folder / f"{SET}.ipynb").write_text(content, encoding="utf-8")
        (folder / "timestamp.txt").write_text(time, encoding="utf-8")
        (folder / "link").symlink_to("/etc/passwd")
    said, files = run(tmp_path, tmp_path / "inbound")
    assert said is None
    assert files == {f"ada/{SET}/{SET}.ipynb": NOTEBOOK, f"ada/{SET}/timestamp.txt": "2026-03-02 10:00:00 UTC"}


def test_whose_work_it_is_is_told_by_the_number_then_by_the_name_in_any_order(tmp_path):
    (tmp_path / "students.csv").write_text(
        "id,name,canvas\n17,Bo,99\na,Ada,17\nb,Ana María O'Neil,\nc,Jo Ann,\nd,Ann Jo,\n20,Eve,\n", encoding="utf-8"
    )
    source = packed(tmp_path / f"{SET}.zip", {
        f"x_17_1_{SET}.ipynb": "a", f"oneilanamaría_18_2_{SET}.ipynb": "b", f"joann_19_3_{SET}.ipynb": "c or d",
        f"eve_20_4_{SET}.ipynb": "20",
    })  # fmt: skip
    _, files = run(tmp_path, source)
    assert files == {f"{who}/{SET}/{SET}.ipynb": text
                     for who, text in [("a", "a"), ("b", "b"), ("19", "c or d"), ("20", "20")]}  # fmt: skip


def damaged(path):
    """A zip whose middle is not what was packed, with an entry that is whole."""
    packed(path, {f"a_1_1_{SET}.ipynb": "x" * 5000, f"b_2_2_{SET}.ipynb": NOTEBOOK})
    data = bytearray(path.read_bytes())
    data[200:210] = b"0123456789"
    path.write_bytes(data)
    return path


def test_what_was_handed_in_stays_where_the_new_one_cannot_be_unpacked_and_the_others_are_collected(tmp_path):
    run(tmp_path, packed(tmp_path / f"{SET}.zip", {f"a_1_1_{SET}.ipynb": "before"}))
    said, files = run(tmp_path, damaged(tmp_path / "again.zip"), "--set", SET)
    assert said is None and files == {f"1/{SET}/{SET}.ipynb": "before", f"2/{SET}/{SET}.ipynb": NOTEBOOK}
    assert "cannot be unpacked (BadZipFile" in (tmp_path / "collected.md").read_text(encoding="utf-8")
    (tmp_path / "submitted" / "3").symlink_to(tmp_path)
    names = {f"c_3_3_{SET}.ipynb": "x", f"d_4_4_{SET}\\": "", f"d_4_4_{SET}\\x.ipynb": "x", f"e_5_5_{SET}.ipynb": "x"}
    _, files = run(tmp_path, packed(tmp_path / "last.zip", names), "--set", SET)
    assert f"5/{SET}/{SET}.ipynb" in files and not (tmp_path / SET).exists()


@pytest.mark.skipif(collect.pwd is None, reason="there are no user ids")
def test_in_the_exchange_nobody_hands_in_for_another_and_no_link_shows_what_is_yours(tmp_path, monkeypatch):
    for who in ("ada", "bo"):
        file = tmp_path / "inbound" / f"{who}+{SET}+2026-03-01 10:00:00 UTC+0a1b" / f"{SET}.ipynb"
        file.parent.mkdir(parents=True)
        file.write_text(NOTEBOOK, encoding="utf-8")
    ada = os.getuid() or 4321
    for path in (tmp_path / "inbound").rglob("*"):
        os.chown(path, ada, -1)
    monkeypatch.setattr(os, "getuid", lambda: ada + 1)  # a teacher, whose files these are not
    monkeypatch.setattr(collect, "pwd", SimpleNamespace(getpwuid={ada: SimpleNamespace(pw_name="ada")}.__getitem__))
    _, files = run(tmp_path, tmp_path / "inbound")
    assert list(files) == [f"ada/{SET}/{SET}.ipynb", f"ada/{SET}/timestamp.txt"]
    assert "the folder is ada's" in (tmp_path / "collected.md").read_text(encoding="utf-8")
    with pytest.raises(OSError, match="somebody else's"):
        collect.content(file, ada + 1)


@pytest.mark.parametrize(("content", "said"), [(b"no zip", "cannot be read as a zip"), (None, "cannot be read")])
def test_what_is_no_zip_is_said(tmp_path, content, said):
    path = tmp_path / "a.zip"
    if content:
        path.write_bytes(content)
    assert said in collect.main([str(path), "--folder", str(tmp_path), "--set", SET])


@pytest.mark.parametrize("text", ["[", "null", "3", "[1]"])
def test_a_damaged_list_of_what_was_collected_is_told(tmp_path, text):
    (tmp_path / "collected.json").write_text(text)
    source = packed(tmp_path / f"{SET}.zip", {f"a_1_1_{SET}.ipynb": "x"})
    assert "cannot be read: take it away" in collect.main([str(source), "--folder", str(tmp_path)])
    assert "Nothing was collected" in give_back.main(["--folder", str(tmp_path)])


def test_points_and_pages_go_back_by_the_numbers_and_folders_of_the_system(tmp_path):
    called = {"1": {"system": "moodle", "number": "77", "name": "=1+1", "place": "Ada_77_assignsubmission_file_"},
              "2": {"system": "canvas", "number": "78", "name": "Bo", "place": "bo_78_901_a.ipynb"}}  # fmt: skip
    (tmp_path / "collected.json").write_text(json.dumps({SET: called}))
    (tmp_path / f"{SET}.csv").write_text("student,status,score,max_score,why\n1,graded,7.0,8,\n2,graded,8.0,8,\n")
    page = tmp_path / "feedback" / "1" / SET / f"{SET}.html"
    page.parent.mkdir(parents=True)
    page.write_text("well done")
    assert give_back.main(["--folder", str(tmp_path)]) is None

    def table(system):
        with (tmp_path / "back" / f"{SET}-{system}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    assert [(row["Identifier"], row["Full name"], row["Grade"]) for row in table("moodle")] == [
        ("Participant 77", "'=1+1", "7.0")
    ]
    assert table("moodle")[0]["Last modified (grade)"].startswith("20")  # without which Moodle refuses the table
    assert [(row["ID"], row[SET]) for row in table("canvas")] == [("", "8"), ("78", "8.0")]
    with zipfile.ZipFile(tmp_path / "back" / f"{SET}-feedback.zip") as file:
        assert file.namelist() == [f"Ada_77_assignsubmission_file_/{SET}.html"]
