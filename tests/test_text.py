"""Source as characters, what its tokens say about it, and the network that was trained on it."""

import numpy as np
import pytest
import torch

from course_lib.data import load_source
from course_lib.text import (
    MODEL,
    SYMBOLS,
    NextCharacter,
    characters,
    encode,
    load_model,
    make_model,
    modules,
    one_hot,
    structure,
)  # fmt: skip
from course_lib.training import evaluate


def test_every_character_has_a_number_and_back():
    codes = encode("if x:\n\ty = 'ä'")
    assert [(SYMBOLS + "?")[code] for code in codes] == list("if x:\n?y = '?'")
    x = one_hot(codes)
    assert x.shape == (14, 97) and x.dtype == torch.float32 and torch.equal(x.argmax(dim=1), codes)
    assert len(encode("")) == 0


def test_no_module_is_both_for_training_and_for_testing():
    train, test = modules("train"), modules("test")
    assert not set(train) & set(test) and train | test == load_source()
    assert 0.05 < len(characters("test")) / len(characters("train")) < 0.3
    with pytest.raises(ValueError, match="modules has no split 'all'; choices: train, test"):
        modules("all")


def test_the_target_is_the_text_one_character_later():
    batch = NextCharacter(40, "test").batch(20, generator=torch.Generator().manual_seed(0))
    assert batch.x.shape == (20, 40, 97) and torch.equal(batch.x[:, 1:].argmax(dim=2), batch.y[:, :-1])
    text = "".join(SYMBOLS[code] if code < 96 else "?" for code in characters("test"))
    window = "".join(SYMBOLS[code] if code < 96 else "?" for code in batch.y[0])
    assert window in text


def test_the_baseline_is_what_the_latest_character_alone_can_reach():
    task = NextCharacter(200, "test")
    text = characters("test")
    given = torch.ones(97, 97) * 1e-9
    given.index_put_((text[:-1], text[1:]), torch.ones(len(text) - 1), accumulate=True)
    batch = task.batch(400, generator=torch.Generator().manual_seed(1))
    loss = task.loss((given / given.sum(dim=1, keepdim=True)).log()[batch.x.argmax(dim=2)], batch)
    assert loss.item() == pytest.approx(task.baseline, rel=0.02)


@pytest.mark.parametrize("lag", [0, 2.5, 10**9])
def test_a_window_that_cannot_be_is_refused(lag):
    with pytest.raises(ValueError, match="NextCharacter needs lag"):
        NextCharacter(lag)


def test_structure_says_what_a_reader_keeps_in_mind():
    text = "f(a,\n    [1])\nif x:  # why\n    y = 'it(' \n"
    found = structure(text)
    marks = {name: "".join(str(int(value)) for value in values) for name, values in found.items()}
    assert marks["brackets"].startswith("0111" + "1" + "1111" + "22" + "1" + "0" + "0")
    string = text.index("'it(")
    assert marks["in string"] == "0" * string + "1111" + "0" * (len(text) - string - 4)
    assert marks["in comment"] == "".join("1" if text[k:].find("\n") >= 0 and "# why"[0] in text[: k + 1] and
                                          text.index("#") <= k < text.index("# why") + 5 else "0"
                                          for k in range(len(text)))  # fmt: skip
    line = text.index("    y")
    assert (found["indentation"][line : line + 4] == 0).all() and (found["indentation"][line + 4 :] == 1).all()
    assert found["brackets"][-3:].max() == 0  # the bracket in the string is none


def test_structure_of_every_module_ends_as_it_began():
    for name, text in list(modules("test").items())[:8]:
        found = structure(text)
        assert all(len(values) == len(text) for values in found.values())
        assert found["brackets"][-1] == found["in string"][-1] == 0 and found["brackets"].min() == 0, name


@pytest.mark.parametrize("end", ["\f", "\v", "\x1c", "\x85", "\u2028"])
def test_structure_goes_on_after_what_only_python_strings_take_for_the_end_of_a_line(end):
    text = f"# why{end}so\nx = 'it'\n"
    found = structure(text)
    assert found["in comment"].tolist() == [1] * text.index("\n") + [0] * (len(text) - text.index("\n"))
    assert "".join(c for c, inside in zip(text, found["in string"]) if inside) == "'it"


def test_indentation_is_counted_as_python_counts_it():
    text = "if x:\n\ty\nif x:\n\f    y\n"
    found = structure(text)["indentation"]
    assert found[text.index("y")] == 2 and found[text.rindex("y")] == 1


def test_text_that_is_not_python_is_refused():
    with pytest.raises(ValueError, match="structure needs the text of a Python module"):
        structure("f(((")


@pytest.mark.arithmetic
def test_the_shipped_network_predicts_this_pythons_source_as_its_facts_say():
    network, facts = load_model()
    loss, score = evaluate(network, NextCharacter(1000, "test"), sequences=300)
    assert loss == pytest.approx(facts["test loss"], abs=0.15)  # the text differs with the version of Python
    assert loss < 0.7 * NextCharacter(1000, "test").baseline and score > 0.5
    assert facts["command"] == "python -m course_lib.text" and facts["seed"] == 0 and "torch" in facts["versions"]


def test_the_command_goes_on_where_it_was_stopped_and_gives_the_same_network(tmp_path, monkeypatch, capsys):
    from course_lib import training

    size = {"hidden_size": 4, "updates": 10, "batch_size": 2, "window": 20, "progress": False}
    make_model(tmp_path / "whole.npz", **size)
    update, calls = training.update, []

    def interrupted(*args):
        calls.append(args)
        if len(calls) == 4:
            raise KeyboardInterrupt
        update(*args)

    monkeypatch.setattr(training, "update", interrupted)
    make_model(tmp_path / "parts.npz", **size)
    assert not (tmp_path / "parts.npz").exists() and "call again" in capsys.readouterr().out
    monkeypatch.setattr(training, "update", update)
    make_model(tmp_path / "parts.npz", **size)
    whole, parts = (np.load(tmp_path / f"{name}.npz") for name in ("whole", "parts"))
    assert all((whole[name] == parts[name]).all() for name in whole.files if name != "facts")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["parts.npz", "whole.npz"]


def test_a_missing_network_is_named(tmp_path):
    with pytest.raises(ValueError, match="load_model needs .*python -m course_lib.text"):
        load_model(tmp_path / "none.npz")


def test_the_shipped_network_is_small():
    assert MODEL.stat().st_size < 500_000
