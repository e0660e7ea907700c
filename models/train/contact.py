"""Contact sheets: many small pictures on one, for eyes to judge what figures can't."""

from collections.abc import Sequence

import torch
from PIL import Image


def sheet(
    groups: Sequence[Sequence[torch.Tensor]], columns: int = 10, side: int = 144
) -> Image.Image:
    """Lay out `groups` of pictures that belong together, one under the other.

    A group is a few tensors (3 or 1, S, S) in [-1, 1]; `columns` groups stand side by side, each
    picture `side` pixels wide.
    """
    height = max(len(group) for group in groups)
    rows = -(-len(groups) // columns)
    paper = Image.new("RGB", (min(columns, len(groups)) * side, rows * height * side), "white")
    for i, group in enumerate(groups):
        row, column = divmod(i, columns)
        for j, picture in enumerate(group):
            at = (column * side, (row * height + j) * side)
            paper.paste(image(picture).resize((side, side), Image.Resampling.LANCZOS), at)
    return paper


def image(picture: torch.Tensor) -> Image.Image:
    """Return `picture`, (3 or 1, H, W) in [-1, 1], as an RGB image."""
    pixels = ((picture.detach().float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return Image.fromarray(pixels.expand(3, -1, -1).permute(1, 2, 0).contiguous().numpy())
