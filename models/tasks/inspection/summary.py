"""A network taken apart on paper: its tree of modules with repeats folded, its layers, its work.

Owns how a network is built without memory for its weights, on torch's meta device, and what is
counted there. It knows no pictures, no weights and no messages; `models.tasks.inspection.task` asks
it.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
_SIZED = {torch.empty, torch.zeros, torch.ones}
"""What layers make their weights with. Other tensors, such as those that a design computes its
widths from, keep their values."""


class _OnMeta(TorchFunctionMode):
    """Makes weights without memory, and their initial values without work."""

    def __torch_function__(
        self,
        func: Callable[..., object],
        types: Collection[type],
        args: tuple[object, ...] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        kwargs = dict(kwargs or {})
        if func in _SIZED:
            kwargs["device"] = "meta"
        return func(*args, **kwargs)


def build_on_meta(build: Callable[[], nn.Module]) -> nn.Module:
    """Return what `build` makes, on the meta device and in eval mode: shapes, but no numbers."""
    with _OnMeta():
        network = build()
    return network.to("meta").eval()


def multiply_adds(network: nn.Module, side: int) -> int:
    """Return the multiplications of convolutions and matrices for a picture `side` by `side`.

    `network` is on the meta device. Normalization and activations are left out, as is usual.
    """
    from torch.utils.flop_counter import FlopCounterMode  # takes a tenth of a second

    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        network(torch.empty(1, 3, side, side, device="meta"))
    return int(counter.get_total_flops()) // 2


def layers(network: nn.Module) -> list[tuple[str, int, int]]:
    """Return each kind of layer, how many there are and their parameters; the weightiest first."""
    count: Counter[str] = Counter()
    parameters: Counter[str] = Counter()
    for module in network.modules():
        own = sum(p.numel() for p in module.parameters(recurse=False))
        if own or not any(module.children()):
            kind = type(module).__name__
            count[kind] += 1
            parameters[kind] += own
    kinds = sorted(count, key=lambda kind: (-parameters[kind], -count[kind], kind))
    return [(kind, count[kind], parameters[kind]) for kind in kinds]


def tree(network: nn.Module) -> str:
    """Return the modules of `network`, a line each, each two spaces deeper than its parent.

    Neighbours of one kind are folded into a line, "0–22: Bottleneck ×23". What stands below it
    holds for all of them, unless it says in how many.
    """
    return "\n".join([type(network).__name__, *_lines([network], 1)])


def _lines(alike: Sequence[nn.Module], depth: int) -> Iterator[str]:
    parts: dict[str, list[nn.Module]] = {}
    for module in alike:
        for name, child in module.named_children():
            parts.setdefault(name, []).append(child)
    for names in _runs(parts):
        members = [module for name in names for module in parts[name]]
        label = names[0] if len(names) == 1 else f"{names[0]}–{names[-1]}"
        kind = _kind(members)
        folded = f" ×{len(names)}" if len(names) > 1 else ""
        some = len(parts[names[0]]) < len(alike)
        where = f" (in {len(parts[names[0]])} of {len(alike)})" if some else ""
        yield f"{'  ' * depth}{label}: {kind}{folded}{where}"
        yield from _lines(members, depth + 1)


def _runs(parts: dict[str, list[nn.Module]]) -> Iterator[list[str]]:
    """Yield the names of `parts` in order, together where they can be folded into one line."""
    run: list[str] = []
    for name, modules in parts.items():
        if run and not _foldable(parts[run[-1]], modules):
            yield run
            run = []
        run.append(name)
    if run:
        yield run


def _foldable(first: list[nn.Module], second: list[nn.Module]) -> bool:
    """Tell whether two neighbors are of one kind; of containers and layers only twins are."""
    kind = type(first[0])
    if any(type(module) is not kind for module in (*first, *second)) or len(first) != len(second):
        return False
    if issubclass(kind, _CONTAINERS) or not any(first[0].children()):
        return repr(first) == repr(second)
    return True


def _kind(members: list[nn.Module]) -> str:
    """Return the class and settings of `members`; where these differ, those of most of them."""
    kinds = Counter(type(module).__name__ for module in members)
    (kind, _), *others = kinds.most_common()
    settings = Counter(module.extra_repr().replace("\n", ", ") for module in members)
    setting, most = settings.most_common(1)[0]
    mostly = "mostly " if most < len(members) else ""
    shown = f"({mostly}{setting})" if setting else ""
    return f"{kind}{shown}" + "".join(f" or {other}" for other, _ in others)
