"""Folding batch normalization into the convolution before it, so that a pass does less.

Owns the search for such pairs in any network and their replacement. In eval mode a batch norm is
a fixed scale and shift of each channel, which the convolution's own weights can take over. The
answer differs by rounding alone; `models.runtime.inference` checks that and keeps the plain network
else.
"""

import itertools
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fuse(network: nn.Module, example: Tensor) -> Tensor:
    """Fold what can be folded, in place; return the plain network's output for `example`.

    A batch norm is folded into the convolution whose output it was given, unchanged, when
    `example` went through; a module that runs more than once in a pass is left alone.
    """
    names = {module: name for name, module in network.named_modules()}
    calls: list[tuple[nn.Module, Tensor, Tensor]] = []

    def note(module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        calls.append((module, inputs[0], output))

    hooks = [m.register_forward_hook(note) for m in names if isinstance(m, _PARTS)]
    try:
        with torch.inference_mode():
            plain: Tensor = network(example)
    finally:
        for hook in hooks:
            hook.remove()

    once = {m for m in names if sum(m is called for called, _, _ in calls) == 1}
    for (conv, _, made), (norm, given, _) in itertools.pairwise(calls):
        if not (isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)):
            continue
        if given is made and {conv, norm} <= once:
            network.set_submodule(names[conv], fuse_conv_bn_eval(conv, norm))
            network.set_submodule(names[norm], nn.Identity())
    return plain


_PARTS = (nn.Conv2d, nn.BatchNorm2d)
