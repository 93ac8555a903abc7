"""A token is read whatever wrote its file; what is not clear is refused in words, and never another instance given."""

import pytest

from course_lib import checks
from course_lib.checks import judge, tokens

MINE = "0123456789abcdef"
FILES = {
    "plain": MINE.encode(), "with a line end": f"{MINE}\r\n".encode(), "UTF-8 with a mark": f"\ufeff{MINE}".encode(),
    "UTF-16 of PowerShell": f"\ufeff{MINE}\r\n".encode("utf-16-le"), "UTF-16 without a mark": MINE.encode("utf-16-le"),
    "UTF-16, the other order": f"\ufeff{MINE}".encode("utf-16-be"), "Latin-1": f"{MINE} für Zoë".encode("latin-1"),
    "capitals": MINE.upper().encode(), "quotes": f'"{MINE}"'.encode(), "typographic quotes": f"“{MINE}”".encode(),
    "a line of the list": f"ada,{MINE}".encode(), "the list with its head": f"id,token\nada,{MINE}\n".encode(),
    "an id that looks like a token": f"fedcba9876543210,{MINE}".encode(), "blanks": f"  {MINE}\t ".encode(),
}  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "set").mkdir()
    monkeypatch.chdir(tmp_path / "set")
    monkeypatch.delenv("COURSE_TOKEN", raising=False)
    return tmp_path / "set"


@pytest.mark.parametrize("written", FILES.values(), ids=FILES)
def test_a_token_is_read_from_a_file_of_any_program(written, folder):
    (folder / "token.txt").write_bytes(written)
    assert tokens.own_token() == (MINE, "token.txt")


@pytest.mark.parametrize("name", ["token.txt", "Token.txt", "token.txt.txt", "TOKEN.TXT", "token", "token.csv"])
def test_a_token_is_found_under_the_names_that_programs_give_it(name, folder):
    (folder.parent / name).write_text(MINE)
    assert tokens.own_token() == (MINE, name)


@pytest.mark.parametrize("written", ["hello", "0123", MINE + "0", f"{MINE}\nfedcba9876543210", "0123456789abcdeg"])
def test_what_is_no_token_is_refused_and_shown(written, folder):
    (folder / "token.txt").write_text(written)
    with pytest.raises(
        tokens.BadToken, match="token.txt needs one token, 16 characters from 0-9 and a-f; got"
    ) as caught:
        tokens.own_token()
    assert "delete token.txt" in caught.value._render_traceback_()[-1]


def test_the_environment_goes_before_the_file_and_without_both_there_is_the_default(folder, monkeypatch):
    assert tokens.own_token() == ("", "")
    (folder / "token.txt").write_text("f" * 16)
    monkeypatch.setenv("COURSE_TOKEN", MINE.upper())
    assert tokens.own_token() == (MINE, "COURSE_TOKEN")


def test_the_first_cell_says_whose_instance_it_is(monkeypatch, capsys):
    monkeypatch.setattr(judge, "TOKEN", MINE)
    monkeypatch.setattr(judge, "WHERE", "token.txt")
    checks.instance()
    monkeypatch.setattr(judge, "TOKEN", "")
    checks.instance()
    told = "Your instance: token 0123...ef, from token.txt.\nInstance: the default one (there is no token.txt).\n"
    assert capsys.readouterr().out == told
