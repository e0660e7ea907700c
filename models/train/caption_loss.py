"""What the caption recipe makes less of: the cross-entropy of people's sentences.

Owns which tokens of a batch count: none of the padding, no word outside the vocabulary, and no end
that nobody wrote.
"""

import torch
from torch import Tensor
from torch.nn import functional

from models.networks.caption_shape import END, UNKNOWN
from models.train.caption_corpus import Batch

_PADDING = -100
"""What `cross_entropy` leaves out."""


def summed_cross_entropy(logits: Tensor, batch: Batch, smoothing: float) -> Tensor:
    """Return the sum over a batch's tokens, given the logits (real tokens, vocabulary)."""
    ends = batch.tokens.new_full((len(batch.tokens), 1), END)
    targets = torch.cat([batch.tokens[:, 1:], ends], dim=1)
    targets[(targets == END) & ~batch.ended[:, None]] = _PADDING
    targets = targets[batch.real]
    targets[targets == UNKNOWN] = _PADDING
    return functional.cross_entropy(
        logits.float(),
        targets,
        ignore_index=_PADDING,
        label_smoothing=smoothing,
        reduction="sum",
    )
