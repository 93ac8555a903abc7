"""The answer of the course in five sentences, with the numbers that the notebooks printed (results/said.json)."""

import re
from textwrap import fill

from course_lib import ledger

N = r"(\d[\d.,]*(?:e-?\d+)?)"  # a number as a verdict prints it
# A sentence, and for each of its numbers in order: the notebook, the claim, and where in what it printed.
SENTENCES = (
    (
        "**Almost 1 is not 1.** A memory that nothing writes anew lasts as long as what it is multiplied by at every "
        "step stays at 1: a forget gate of 0.99 leaves {} of it after 500 steps "
        "([00](notebooks/00_start_here.ipynb)), and an LSTM as PyTorch starts it passes {} of the gradient back over "
        "{} steps, one with a start made for long lags {} ([08](notebooks/08_constant_error_flow.ipynb)). A loop that "
        "writes it anew keeps a bit, or small numbers for a while, with a gate of {} "
        "([06b](notebooks/06b_how_long_a_gate_keeps.ipynb)).",
        (
            ("00", "0", rf"forget gate of 0\.99 has left {N}"),
            ("08", "N2", rf"PyTorch's start {N} of the gradient"),
            ("08", "N2", rf"^{N} steps back"),
            ("08", "N2", rf"With chrono {N} is left"),
            ("06b", "C1", rf"with a gate of {N} throughout"),
        ),
    ),
    (
        "**A gate decides what to keep, but the product is not the only way.** Of {} memories that were trained, "
        "only the gate that multiplies learnt to keep or replace a number over {} steps; yet rectifiers that "
        "compute only the *change* of a memory, nothing multiplied, learnt this and three more tasks in {} of {} "
        "runs ([04b](notebooks/04b_what_training_finds.ipynb)).",
        (
            ("04b", "Q1", r"Of (\w+) memories"),
            ("04b", "Q1", rf"learnt at lag {N}"),
            ("04b", "Q1", rf"lag 80 is solved in {N} of \d+ runs"),
            ("04b", "Q1", rf"lag 80 is solved in \d+ of {N} runs"),
        ),
    ),
    (
        "**The error flow of an LSTM is not constant by itself.** In that of 1997, where no gate multiplies the "
        "memory, the memory's own path passes {} of the gradient over {} steps, but with the detours through h the "
        "gradient comes to {} times its size as PyTorch would start the cell, and to {} times with input gates that "
        "start nearly shut ([08](notebooks/08_constant_error_flow.ipynb)).",
        (
            ("08", "N3", rf"over \d+ steps, {N}\. With"),
            ("08", "N3", rf"over {N} steps"),
            ("08", "N3", rf"comes to {N} times"),
            ("08", "N2", rf"the gradient is {N} times its size"),
        ),
    ),
    (
        "**Reading needs no gate, writing gains by one.** Started for long lags, {} of {} runs without an output gate "
        "learn their task, with one {}; as PyTorch starts them {} and {} "
        "([09](notebooks/09_reading_memory.ipynb)); adding over 20 steps is learnt after {} updates if a "
        "sigmoid times a tanh writes, after {} if one sigmoid does, started as nearly closed and each at the better "
        "of two rates "
        "([10](notebooks/10_how_much_and_what.ipynb)).",
        (
            ("09", "Q2", rf"without an output gate {N}, the LSTM"),
            ("09", "Q2", rf"of {N} runs the network"),
            ("09", "Q2", rf"the LSTM {N}\. The"),
            ("09", "Q2", rf"no output gate {N}, the"),
            ("09", "Q2", rf"start: of 80 runs the LSTM solves {N}, "),
            ("10", "M3", rf"the split cell solves adding after {N} updates"),
            ("10", "M3", rf"updates, one sigmoid after {N} \("),
        ),
    ),
    (
        "**The input gate is missed most, the forget gate and the output gate less; a good start is missed, too.** "
        "Started for long lags, an LSTM needs {} to {} more updates without its input gate, by task, and at most {} "
        "without its output gate, which may be chance; without a forget gate, its input gate started nearly shut, it "
        "learnt three tasks at lag 80 after {} updates in the median, a whole one after {} "
        "([11](notebooks/11_which_gate_matters.ipynb), [11b](notebooks/11b_how_few_gates.ipynb)). As PyTorch starts "
        "it, one without a forget gate needs {} more on adding but {} fewer on temporal order, one without an output "
        "gate {} more on adding, and a whole one solves its task in {} of {} runs at lag 80, and gets {} % of images "
        "right that it saw {} steps ago, started for long lags {} %, a plain network {} %, from an orthogonal start "
        "{} % ([13](notebooks/13_real_memory.ipynb)).",
        (
            ("11", "C1", rf"without the input gate {N} to"),
            ("11", "C1", rf"without the input gate \d+ to {N},"),
            ("11", "C1", rf"without the output gate -?\d+ to {N}\."),
            ("11b", "C1", rf"after a median of {N} updates"),
            ("11b", "C1", rf"the whole LSTM needs {N}\."),
            ("11", "C1", rf"an LSTM needs {N} more updates on adding"),
            ("11", "C1", rf"but {N} fewer on temporal order"),
            ("11", "C1", rf"without the output gate {N} more on adding"),
            ("11b", "C1", rf"and of whole LSTMs with the default start {N} of"),
            ("11b", "C1", r"and of whole LSTMs with the default start \d+ of (\d+)"),
            ("13", "C1", rf"as PyTorch starts it, {N} %; a plain"),
            ("13", "C1", rf"After {N} steps of noise an LSTM"),
            ("13", "C1", rf"chrono start gets {N} %"),
            ("13", "C1", rf"a plain network {N} %"),
            ("13", "C1", rf"orthogonal start {N} %"),
        ),
    ),
)


def number(notebook, claim, pattern, said):
    """The number in the first sentence of a notebook about a claim that has it; ValueError where none has."""
    for _, name, sentence in said[notebook]:
        if name == claim and (found := re.search(pattern, sentence)):
            return found[1]
    raise ValueError(
        f"no sentence of {notebook} about {claim} has {pattern!r}; the answer in README must be written anew"
    )


def answer():
    """The five sentences, as lines of Markdown."""
    said = ledger.said()
    for place, (sentence, numbers) in enumerate(SENTENCES, 1):
        text = sentence.format(*(number(*one, said) for one in numbers))
        yield fill(f"{place}. {text}", 120, subsequent_indent="   ", break_on_hyphens=False, break_long_words=False)
