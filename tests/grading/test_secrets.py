"""Every learner gets a token."""

import io

from course_lib.checks.judge import token
from tools.grading import tokens


def test_a_teacher_gets_the_token_of_every_learner(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("anna\n\n ben \n"))
    monkeypatch.setenv("COURSE_SECRET", "one")
    assert tokens.main() is None
    assert capsys.readouterr().out == f"anna,{token('anna', 'one')}\nben,{token('ben', 'one')}\n"
    monkeypatch.delenv("COURSE_SECRET")
    assert tokens.main().startswith("Set COURSE_SECRET")
