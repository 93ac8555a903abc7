"""Write tests/today.json: random weights, and what published code gives for them, which the cells of today must give.

    pip download --no-deps mambapy==1.2.0 transformers==5.24.0 xlstm==2.0.6 fla-core==0.6.0    # unzip into FOLDER
    python -m tools.authoring.today FOLDER

The packages are read, not installed: of each one function or class is run, in double precision where it can be.
"""

import importlib.util
import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import torch
from torch import nn

OUT = Path(__file__).resolve().parents[2] / "tests" / "today.json"
BATCH, STEPS, INPUTS = 2, 6, 3
HIDDEN = 4


def random(*shape):
    return torch.randn(*shape)


def module(path):
    """A file of a package, imported alone."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def cut(path, begin, end, **known):
    """What a part of a file defines, run with the names that it needs."""
    text = path.read_text(encoding="utf-8")
    found = re.search(f"{begin}.*?(?={end})", text, re.S)[0]
    names = {"torch": torch, "nn": nn} | known
    exec(f"class Part:\n{found}" if found.startswith(" ") else found, names)
    return names


def s6(folder):
    """mambapy: two channels of three states each; a unit of S6Cell is one state of one channel."""
    scan = cut(folder / "mambapy/mambapy/mamba.py", r"    def selective_scan_seq\(self", r"\n    def |\nclass ")[
        "Part"
    ]()
    channels, states = 2, 3
    scan.config = SimpleNamespace(d_inner=channels, d_state=states)
    x, W_s, b_s, W_g = (
        random(BATCH, STEPS, INPUTS),
        random(channels, INPUTS),
        random(channels),
        random(channels, INPUTS),
    )
    W_i, W_o, p = random(states, INPUTS), random(states, INPUTS), random(channels, states)
    size = nn.functional.softplus(x @ W_s.T + b_s)
    h = scan.selective_scan_seq(x @ W_g.T, size, -torch.exp(p), x @ W_i.T, x @ W_o.T, torch.zeros(channels))
    weights = {name: value.repeat_interleave(states, 0) for name, value in (("W_s", W_s), ("b_s", b_s), ("W_g", W_g))}
    weights |= {"W_i": W_i.repeat(channels, 1), "W_o": W_o.repeat(channels, 1), "p_f": p.flatten()}
    return "mambapy 1.2.0, MambaBlock.selective_scan_seq, without its skip D", x, weights, h, {"states": states}


def rg_lru(folder):
    """transformers: at steps that do not begin a document, where its code writes with another factor."""
    path = folder / "transformers/transformers/models/recurrent_gemma/modeling_recurrent_gemma.py"
    names = cut(path, "class SqrtBoundDerivative", "class RecurrentGemmaRecurrentBlock", _MAX_SQRT_GRADIENT=1000.0)
    cell = names["RecurrentGemmaRglru"](SimpleNamespace(num_attention_heads=1, lru_width=HIDDEN))
    for weight in cell.parameters():
        nn.init.normal_(weight)
    scan = cell._rnn_scan
    cell._rnn_scan = lambda **given: scan(**given, acc_dtype=torch.float64)
    x = random(BATCH, STEPS, HIDDEN)
    with torch.no_grad():
        h = cell(x, torch.arange(1, STEPS + 1)[None].expand(BATCH, -1))
    found = {name: weight.detach() for name, weight in cell.named_parameters()}
    weights = {"W_r": found["recurrent_gate_weight"][0].T, "b_r": found["recurrent_gate_bias"][0],
               "W_i": found["input_gate_weight"][0].T, "b_i": found["input_gate_bias"][0],
               "W_g": torch.eye(HIDDEN), "b_g": torch.zeros(HIDDEN), "p_f": found["recurrent_param"]}  # fmt: skip
    return "transformers 5.24.0, RecurrentGemmaRglru, at steps that do not begin a document", x, weights, h, {}


def slstm(folder):
    """xlstm: the step in plain PyTorch."""
    step = module(folder / "xlstm/xlstm/blocks/slstm/src/vanilla/slstm.py").slstm_forward_pointwise
    x, gates = random(BATCH, STEPS, INPUTS), "ifgo"
    W = {gate: 2 * random(HIDDEN, INPUTS) for gate in gates}
    U = {gate: random(HIDDEN, HIDDEN) for gate in gates}
    b = {gate: 3 * random(HIDDEN) for gate in gates}
    state, h = torch.zeros(4, BATCH, HIDDEN), []
    for x_t in x.unbind(1):
        seen, fed_back, biases = (
            torch.cat([of(gate) for gate in gates], -1)
            for of in (lambda k: x_t @ W[k].T, lambda k: state[0] @ U[k].T, lambda k: b[k][None])  # noqa: B023
        )
        state, _ = step(seen, fed_back, biases, state, {})
        h.append(state[0])
    weights = {f"{name}_{gate}": of[gate] for name, of in (("W", W), ("U", U), ("b", b)) for gate in gates}
    return "xlstm 2.0.6, slstm_forward_pointwise", x, weights, torch.stack(h, 1), {}


def gla(folder):
    """fla-core: the plain loop over time."""
    naive = module(folder / "fla_core/fla/ops/gla/naive.py").naive_recurrent_gla
    x, weights = random(BATCH, STEPS, INPUTS), {f"W_{name}": random(HIDDEN, INPUTS) for name in "fkvq"}
    weights["b_f"] = random(HIDDEN)
    decay = nn.functional.logsigmoid(x @ weights["W_f"].T + weights["b_f"]) / 16
    h, _ = naive(*((x @ weights[f"W_{name}"].T)[:, :, None] for name in "qkv"), decay[:, :, None])
    return "fla-core 0.6.0, naive_recurrent_gla, which computes in float32", x, weights, h[:, :, 0], {}


PUBLISHED = {"S6Cell": s6, "RGLRUCell": rg_lru, "SLSTMCell": slstm, "GatedLinearAttentionCell": gla}


def main(folder):
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    out = {}
    for name, published in PUBLISHED.items():
        source, x, weights, h, more = published(Path(folder))
        weights = {key: value.tolist() for key, value in weights.items()}
        out[name] = {"source": source, "x": x.tolist(), "weights": weights, "h": h.tolist(), **more}
    OUT.write_text(json.dumps(out), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
