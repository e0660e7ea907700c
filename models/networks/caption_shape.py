"""The sizes that our captioner's networks and searches agree on, with and without torch."""

from dataclasses import dataclass

SIDE = 288
"""Pixels a side; Lite0 was trained at 224, but its maps say more when it sees larger pictures."""

CELLS = (SIDE // 32) ** 2
HEAD_CHANNELS = 1280
"""The first channels of a cell, from the last map, all in [0, 6]."""

MIDDLE_CHANNELS = 112
FINE_CHANNELS = 4 * MIDDLE_CHANNELS + 40 + 4 * 3
"""The channels after them: block 10 in 2x2 quarters, block 4's mean, the colors in 2x2."""

CHANNELS = HEAD_CHANNELS + FINE_CHANNELS

END = 0
"""The token that begins a caption and ends it."""
UNKNOWN = 1
MAX_WORDS = 20
TAGS = 4
"""Places for words that are said to fit the picture; `END` is none."""


@dataclass(frozen=True)
class Shape:
    """The sizes of a decoder; `tokens` counts the vocabulary with its two special tokens."""

    tokens: int
    width: int = 256
    layers: int = 2
    heads: int = 4
    hidden: int = 1024
