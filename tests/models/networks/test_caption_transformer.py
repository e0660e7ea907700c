"""The decoder of Bobby's own captioner, apart from its search."""

import torch

from models.networks.caption_shape import CELLS, CHANNELS, END, HEAD_CHANNELS, TAGS, Shape
from models.networks.caption_transformer import CaptionTransformer


def test_fine_channels_are_standardised_and_the_others_left() -> None:
    """By the mean and deviation that training has found."""
    network = CaptionTransformer(Shape(tokens=12, width=16, layers=1, heads=2, hidden=32))
    fine = CHANNELS - HEAD_CHANNELS
    network.fine_mean.copy_(torch.linspace(-2, 5, fine))
    network.fine_std.copy_(torch.linspace(0.5, 3, fine))
    normal = torch.randn(2, CELLS, fine, generator=torch.Generator().manual_seed(1))
    head = torch.randn(2, CELLS, HEAD_CHANNELS, generator=torch.Generator().manual_seed(2))
    cells = torch.cat([head, normal * network.fine_std + network.fine_mean], dim=-1)
    seen = network.standardise(cells)
    torch.testing.assert_close(seen[..., HEAD_CHANNELS:], normal)
    assert torch.equal(seen[..., :HEAD_CHANNELS], head)


def test_the_decoder_listens_to_tags_and_can_do_without_a_picture() -> None:
    """Tags change what follows; without cells the tags alone are looked at."""
    torch.manual_seed(1)
    network = CaptionTransformer(Shape(tokens=12, width=16, layers=1, heads=2, hidden=32)).eval()
    cells = torch.randn(1, CELLS, CHANNELS)
    row, real = torch.tensor([[END, 5]]), torch.ones(1, 2, dtype=torch.bool)
    none, some = torch.tensor([[END] * TAGS]), torch.tensor([[7, *[END] * (TAGS - 1)]])
    with torch.inference_mode():
        assert not torch.allclose(
            network(cells, none, row, real), network(cells, some, row, real), atol=1e-4
        )
        assert network(None, some, row, real).shape == (2, 12)
        assert network.memory(None, some).shape == (1, TAGS, 16)
        assert network.memory(cells, some).shape == (1, CELLS + 1 + TAGS, 16)
