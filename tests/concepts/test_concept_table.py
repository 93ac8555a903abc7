"""What a class answered is read however it was saved; a table that is not as it should be is refused, and told why."""

import random

import pytest

from tools.concepts import __main__ as command
from tools.concepts import pages
from tools.concepts.answers import Unreadable, sheets
from tools.concepts.bank import FORMS, LETTERS, items

HEAD = pages.table().strip()
N = len(items())


def table(folder, *lines, head=HEAD, encoding="utf-8"):
    path = folder / "class.csv"
    path.write_bytes("\n".join([head, *lines, ""]).encode(encoding))
    return path


def row(student="s1", when="before", form="A", answers="a" * N):
    return ",".join([student, when, form, *answers])


def test_letters_words_and_blanks_are_read(tmp_path):
    said = [item.forms["A"].choices[1] for item in items()]
    words = ",".join(["s2", "after", "A", *(f'"{one}"' for one in said)])
    made, notes = sheets(table(tmp_path, row(answers=["B ", " c)", "", "-", *"a" * (N - 4)]), words))
    assert made[0].chosen[:5] == (1, 2, None, None, 0) and made[1].chosen == (1,) * N and notes == []


@pytest.mark.parametrize("encoding, notes", [("utf-8-sig", 0), ("utf-16", 1), ("cp1252", 1)])
@pytest.mark.parametrize("separator", ",;\t")
def test_a_table_is_read_however_it_was_saved(tmp_path, encoding, notes, separator):
    lines = [text.replace(",", separator) for text in (HEAD, row("Zoë"), row("Zoë", "after", "B"))]
    made, said = sheets(table(tmp_path, *lines[1:], head=lines[0], encoding=encoding))
    assert [(one.student, one.when, one.form) for one in made] == [("zoë", "before", "A"), ("zoë", "after", "B")]
    assert len(said) == notes


def test_without_a_column_when_form_a_is_before(tmp_path):
    lines = [row(when=form, form=form).replace(f",{form},", ",", 1) for form in FORMS]
    made, _ = sheets(table(tmp_path, *lines, head=HEAD.replace("when,", "")))
    assert [one.when for one in made] == ["before", "after"]


@pytest.mark.parametrize(
    "lines, told",
    [
        ([row(answers="d" + "a" * (N - 1))], "line 2: q1 is 'd'; it should be a, b, c or empty"),
        ([row(answers=["=HYPERLINK(1)", *"a" * (N - 1)])], r"line 2: q1 is '=HYPERLINK\(1\)'"),
        ([row("")], "line 2: it says no student"),
        ([row(form="C")], "line 2: form is 'C'; it should be A or B"),
        ([row(form="")], "line 2: form is ''"),
        ([row(when="later")], "line 2: when is 'later'; it should be before or after"),
        ([row(), row("x"), row("S1 ", form="B")], "line 4: S1 was in line 2 already, before the course"),
        ([], "a first line, and no student below it"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path, lines, told):
    with pytest.raises(Unreadable, match=told):
        sheets(table(tmp_path, *lines))


@pytest.mark.parametrize(
    "head, told",
    [
        (HEAD.replace(",q7", ""), "these columns are not there: q7"),
        (HEAD + ",q21", "there is no question 21, for the test has 20"),
        (HEAD.replace("q7", "q6"), "the column 'q6' is there twice.*not there: q7"),
        ("nothing", "not there: student, form, q1"),
    ],
)
def test_a_first_line_that_is_not_as_it_should_be_is_told(tmp_path, head, told):
    with pytest.raises(Unreadable, match=told):
        sheets(table(tmp_path, row(), head=head))


def test_all_faults_are_told_at_once_but_no_more_than_can_be_read(tmp_path):
    with pytest.raises(Unreadable) as told:
        sheets(table(tmp_path, *(row(f"s{k}", form="X") for k in range(50))))
    assert str(told.value).count("line ") == 12 and "and 38 more" in str(told.value)


def test_other_columns_are_passed_over(tmp_path):
    made, _ = sheets(table(tmp_path, row() + ",=1+1,99", head=HEAD + ",comment,grade"))
    assert len(made) == 1 and made[0].chosen == (0,) * N


def test_files_that_are_no_tables_are_refused_in_a_sentence(tmp_path):
    for content in (b"", b"\xff\xfe", b"\x00" * 100, random.Random(0).randbytes(3000), b"PK\x03\x04" + b"\x00" * 50):
        path = tmp_path / "class.csv"
        path.write_bytes(content)
        with pytest.raises(Unreadable):
            sheets(path)
    with pytest.raises(Unreadable, match="save the sheet as CSV"):
        sheets(path)
    with pytest.raises(Unreadable, match="cannot be used"):
        sheets(tmp_path / "nothing.csv")


def test_the_command_writes_the_test_then_what_a_class_answered(tmp_path, capsys):
    assert command.main(["--out", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == set(pages.FILES)
    filled = table(
        tmp_path, *(row(f"s{k}", when, form) for k in range(3) for when, form in (("before", "A"), ("after", "B")))
    )
    assert command.main([str(filled), "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert (tmp_path / "class.md").read_text(encoding="utf-8") in said and "3 students, 6 tests" in said
    assert command.main([str(table(tmp_path, row(form="X"))), "--out", str(tmp_path)]) == 2
    assert "form is 'X'" in capsys.readouterr().err


@pytest.mark.parametrize("name", FORMS)
def test_what_students_get_tells_no_key_and_loads_nothing(name):
    page = pages.sheet(name)
    assert "right" not in page.partition("</style>")[2].replace("One answer is right", "")
    assert "http" not in page and "src=" not in page and "<script" not in page
    assert page.count('class="question"') == N and page.count("<li>") == N * len(LETTERS)


def test_the_key_has_every_right_answer_and_the_belief_behind_every_other():
    page = pages.key()
    assert page.count('class="right"') == N * len(FORMS) and page.count("<li>a) <i>") == 0
    assert page.count("</i></li>") == N * len(FORMS) * (len(LETTERS) - 1)


@pytest.mark.parametrize("name", FORMS)
def test_in_moodles_format_each_question_has_one_right_answer_and_no_stray_sign(name):
    text = pages.gift(name)
    assert text.count("\n\t=") == N and text.count("\n\t~") == 2 * N and text.count("::") == 2 * N
    for line in text.splitlines():
        body = line.partition("::")[2].partition("::")[2].removesuffix(" {") if line.startswith("::") else line[2:]
        if line.startswith(("::", "\t")):
            assert not [k for k, sign in enumerate(body) if sign in "~=#{}:" and body[k - 1 : k] != "\\"]
