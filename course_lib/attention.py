"""A network that keeps everything: attention, which reads a memory that grows by one pair at every step.

>>> network = CacheNetwork(GatedLinearAttentionCell(3, 8), 2)
>>> network(torch.zeros(4, 10, 3)).shape
torch.Size([4, 2])
"""

import torch

from course_lib import doors
from course_lib.cells_today import GatedLinearAttentionCell
from course_lib.training import Network


def attend(q, k, v):
    """What attention reads at each step (Vaswani et al. 2017, one head): a mean of the values so far, weighted.

    q, k, v   query, key and value of each step (batch, time, hidden)

    The weights are the softmax of q k / sqrt(hidden) over this step and all before it; returns (batch, time, hidden).
    Raises ValueError for shapes and precisions that do not fit.
    """
    doors.tensor("attend", "q", q, {"batch": None, "time": None, "hidden": None})
    batch, time, hidden = q.shape
    for name, value in (("k", k), ("v", v)):
        doors.tensor("attend", name, value, {"batch": batch, "time": time, "hidden": hidden}, dtype=q.dtype,
                     device=q.device)  # fmt: skip
    score = q @ k.transpose(1, 2) / hidden**0.5
    later = torch.ones(time, time, dtype=torch.bool, device=q.device).triu(1)
    return score.masked_fill(later, -torch.inf).softmax(dim=-1) @ v


class CacheNetwork(Network):
    """The keys, values and queries of a GatedLinearAttentionCell, read by attention instead: nothing is summed or lost.

    The same weights as in Network(cell, output_size), drawn in the same order; the cell's forget gate has no part.
    forward(x, at=...) as there.
    """

    def __init__(self, cell, output_size):
        super().__init__(doors.instance("CacheNetwork", "cell", cell, GatedLinearAttentionCell,
                                        such_as="GatedLinearAttentionCell(2, 8)"), output_size)  # fmt: skip

    def forward(self, x, *, at="last"):
        return self.read(attend(self.cell.W_q(x), self.cell.W_k(x), self.cell.W_v(x)), at=at)
