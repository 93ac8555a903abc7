"""Adam (Kingma & Ba 2015): how far every weight goes in an update.

>>> weight = torch.nn.Parameter(torch.ones(2))
>>> (weight * torch.tensor([5.0, -0.1])).sum().backward()
>>> Adam([weight], rate=0.1).step()
>>> weight.data
tensor([0.9000, 1.1000])

torch.optim.Adam takes the same steps, bit for bit, by the same function of torch. But the first one that is made in a
process imports torch's compiler, in a second or two and 70 MB, and each step looks anew at what it was told before.
"""

import torch
from torch.optim.adam import adam

HOW = dict(beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, amsgrad=False, maximize=False, fused=True)


class Adam:
    """Steps on weights, each at its own pace: from its gradient g in update t,

        m ← 0.9 m + 0.1 g          v ← 0.999 v + 0.001 g²
        w ← w - rate · (m / (1 - 0.9ᵗ)) / (√(v / (1 - 0.999ᵗ)) + 10⁻⁸)

    weights    tensors of floats, of any shapes; one without a gradient stays, and its t too
    rate       the length of a first step, above 0
    state      {"t", "m", "v": [a tensor for each weight]}, with which a run goes on
    """

    def __init__(self, weights, rate):
        self.weights, self.rate = list(weights), rate
        like = [weight.detach() for weight in self.weights]
        self.state = {"t": [torch.zeros(()) for _ in like], "m": [torch.zeros_like(weight) for weight in like],
                      "v": [torch.zeros_like(weight) for weight in like]}  # fmt: skip

    @torch.no_grad()
    def step(self):
        """Move every weight that has a gradient."""
        moved = [k for k, weight in enumerate(self.weights) if weight.grad is not None]
        w, m, v, t = ([part[k] for k in moved] for part in (self.weights, *(self.state[name] for name in "mvt")))
        adam(w, [weight.grad for weight in w], m, v, [], t, lr=self.rate, **HOW)

    def load(self, state):
        """Go on from another's state. KeyError, TypeError, ValueError or RuntimeError for any other thing."""
        for name, tensors in self.state.items():
            for tensor, kept in zip(tensors, state[name], strict=True):
                tensor.copy_(kept)
