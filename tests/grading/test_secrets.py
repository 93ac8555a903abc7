"""Every learner gets a token."""

import csv
import io

from course_lib.checks.judge import token
from tools.grading import roster, tokens


def test_a_teacher_gets_the_token_of_every_learner(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("\ufeffanna\n\n ben \n".encode())))
    monkeypatch.setenv("COURSE_SECRET", "one")
    assert tokens.main() is None
    assert capsys.readouterr().out == f"anna,{token('anna', 'one')}\nben,{token('ben', 'one')}\n"
    table = io.BytesIO('Zoe\u0308  Größe\n"a,b"'.encode())  # an id as the folder of that name is read
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(table))
    tokens.main()
    first, second = csv.reader(capsys.readouterr().out.splitlines())
    assert first == ["Zoë Größe", token(roster.identity("Zoë Größe"), "one")] and second[0] == '"a,b"'
    monkeypatch.delenv("COURSE_SECRET")
    assert tokens.main().startswith("Set COURSE_SECRET")
