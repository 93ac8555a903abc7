"""Look into a trained network, step by step: what it holds, what it expects, and what interfering with a gate costs."""

import json
from base64 import b64encode

import numpy as np
import torch

from course_lib import doors, plots
from course_lib.cells import LSTMCell
from course_lib.gradients import check
from course_lib.script import script
from course_lib.tasks import Batch, TemporalOrder
from course_lib.text import SYMBOLS, NextCharacter, encode, modules, one_hot, structure
from course_lib.training import build, check_task
from course_lib.unroll import shuffled, unroll
from course_lib.widgets.live import Live, own

LARGE = 40_000  # weights from which on matrices are handed to the page in 8 bits, to keep it small
LEAST = 2000  # characters of a module that passages are taken from


def look_inside(network, task, batch, *, gate=None, value=None):
    """(trace, score) of a network on batch, {state or gate: array (batch, time, hidden)} and task's own score.

    gate    a gate to interfere with, or None
    value   a number in [0, 1] to clamp it to, or None to deal each sequence the gate values of another (`shuffled`)
    """
    check("look_inside", network, task, batch)
    if gate is None and value is not None:
        doors.refuse("look_inside", "a gate to set to a value", gate)
    if gate is not None:
        doors.choice("look_inside", "gate", gate, network.cell.gates)
    held = shuffled(0) if value is None else doors.number("look_inside", "value", value)
    override = None if gate is None else {gate: held}
    with torch.no_grad():
        trace = unroll(network.cell, batch.x, override=override)
        score = float(task.score(network.read(trace["h"], at=batch.at), batch))
    return {name: trace[name].numpy() for name in trace.steps}, score


def packed(weight, bits=16):
    """A weight as JavaScript: whole numbers of 8 or 16 bits in base64, and what one of them is worth in each row."""
    values = weight.detach().double().numpy()
    rows = values.reshape(len(values) if bits == 8 else 1, -1)
    worth = np.maximum(abs(rows).max(axis=1), 1e-300) / (2 ** (bits - 1) - 1)
    whole = np.rint(rows / worth[:, None]).astype(f"<i{bits // 8}").tobytes()
    return f"unpacked({json.dumps(b64encode(whole).decode())}, [{', '.join(f'{one:.7g}' for one in worth)}], {bits})"


def passages(count, length):
    """(codes (count, length + 1), {thing: array (count, length)}) of held-out modules: of each the passage in which
    comments, strings and code are mixed best, and what `structure` finds there."""
    codes, things = [], {}
    for text in [text for text in modules("test").values() if len(text) > LEAST + length][:count]:
        found, window = structure(text), np.ones(length) / length
        share = {name: np.convolve(found[name] > 0, window, "valid")[:-1:20] for name in found}
        begin = 20 * int(np.argmin(abs(share["in comment"] - 0.3) + abs(share["in string"] - 0.2)))
        codes.append(encode(text[begin : begin + length + 1]))
        for name, values in found.items():
            things.setdefault(name, []).append(values[begin : begin + length])
    return torch.stack(codes), {name: np.stack(values) for name, values in things.items()}


class GateLens(Live):
    """Look into a trained network: what each unit holds after each step, what is expected next, which units tell a
    passage, and what it costs to hold a gate. The page runs the network itself, its weights rounded to 16
    bits; of a large one to 8, by row, which moves the loss of the course's text network by less than 0.01 nats.

    network     a training.Network; task: what it was trained on, or another with the same input and output
    symbols     one text per input, where x is one of several symbols (one-hot): what a step is shown as
    sequences   how many sequences there are to look at; seed: which ones

    ValueError for a network whose cell cannot run over the task, or whose weights are not all finite, and for a cell
    that has no JavaScript.
    """

    title, script = "Gate lens", own(__file__)

    def __init__(self, network, task, *, symbols=None, sequences=8, seed=1):
        check_task("GateLens", task)
        self.network, self.task, self.things = network, task, {}
        self.symbols = None if symbols is None else doors.texts("GateLens", "symbols", symbols, least=task.input_size)
        generator = torch.Generator().manual_seed(doors.seed("GateLens", seed))
        self.batch = task.batch(doors.whole("GateLens", "sequences", sequences, least=2), generator=generator)
        self.free = look_inside(network, task, self.batch)
        lost = [name for name, weight in network.named_parameters() if not weight.isfinite().all()]
        if lost:
            raise ValueError(f"GateLens needs a network whose weights are finite numbers; got others in {lost[0]}")

    @classmethod
    def on_text(cls, network, *, count=8, length=180):
        """Of a network that predicts Python source: passages of held-out modules, with what `structure` finds there."""
        count = doors.whole("on_text", "count", count, least=2, most=20)
        task = NextCharacter(doors.whole("on_text", "length", length, least=50, most=1000), "test")
        lens = cls(network, task, symbols=[*SYMBOLS, "?"], sequences=2)
        codes, lens.things = passages(count, length)
        lens.batch = Batch(one_hot(codes[:, :-1]), codes[:, 1:], "every")
        lens.free = look_inside(network, task, lens.batch)
        return lens

    @classmethod
    def example(cls):
        task = TemporalOrder(lag=20)
        return cls(build(LSTMCell, task, hidden_size=4), task, symbols="abcdXYEB")

    def modules(self):
        written = script(self.network.cell)
        readout = {"W_y": self.network.readout.weight, "b_y": self.network.readout.bias}
        shipped = written.parameters | readout
        large = sum(weight.numel() for weight in shipped.values()) > LARGE
        weights = ", ".join(f"{json.dumps(name)}: {packed(weight, 8 if large and weight.dim() == 2 else 16)}"
                            for name, weight in shipped.items())  # fmt: skip
        text = written.text.replace("export ", "")
        return {
            "network": f"(() => {{\n{text}\nreturn {{ cell, make, times, weights: () => ({{ {weights} }}) }};\n}})()"
        }

    def data(self):
        cell, (x, y, at) = self.network.cell, (self.batch.x, self.batch.y, self.batch.at)
        one_symbol = bool(((x == 0) | (x == 1)).all() and (x.sum(dim=-1) == 1).all())  # at every step
        return {
            "x": (x.argmax(dim=-1) if one_symbol else x).tolist(), "symbols": self.symbols and list(self.symbols),
            "y": y.tolist(), "at": at.tolist() if torch.is_tensor(at) else at, "classes": not y.is_floating_point(),
            "memory": cell.memory[1] if cell.memory else "h", "outputs": self.network.readout.out_features,
            "ranges": {gate: cell.ranges.get(gate, (0, 1)) for gate in cell.gates},
            "things": {name: [[int(one) if one == int(one) else float(one) for one in row] for row in values]
                       for name, values in self.things.items()},
        }  # fmt: skip

    def run(self, gate, value):
        """(trace, score) under an interference."""
        return look_inside(self.network, self.task, self.batch, gate=gate, value=value)

    def static(self):
        """(figure, text): what is left of the score when each gate is clamped shut, clamped open, or shuffled."""
        gates = self.network.cell.gates
        figure, ax = plots.canvas()
        plots.level(ax, self.free[1], "as it is")
        told = []
        for k, gate in enumerate(gates):
            scores = [self.run(gate, value)[1] for value in (0.0, 1.0, None)]
            for group, score in enumerate(scores):
                plots.dots(ax, [score], at=4 * group + 0.6 * k, of=gate, name=None if group else gate)
            told.append(f"{gate} " + ", ".join(f"{score:.2f}" for score in scores))
        ax.set(xticks=[0.6, 4.6, 8.6], xticklabels=["clamped to 0", "clamped to 1", "shuffled"], ylim=(-0.05, 1.05))
        plots.label(ax, "", "right", legend="above")
        return figure, f"Right as it is: {self.free[1]:.2f}. With a gate at 0, at 1, shuffled: {'; '.join(told)}."
