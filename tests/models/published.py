"""NeuralTalk2's files as they are published, with random weights: for tests that have no others."""

import hashlib
import tempfile
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from models.bench.random_weights import settle
from models.captioning.neuraltalk2 import convert
from models.captioning.published import ENCODER_PARTS, FILES, INFOS, MODEL
from models.networks.caffe_resnet import CaffeBottleneck, CaffeResNet101
from models.networks.neuraltalk import FCDecoder
from models.weights.checkpoint import Checkpoint, GitBlob

VOCABULARY = {"1": "a", "2": "dog", "3": "caf\xe9", "4": "UNK"}


def string(text: str) -> bytes:
    """Return the opcode by which Python 2 writes a string of bytes."""
    content = text.encode("latin1")
    return b"T" + len(content).to_bytes(4, "little") + content


def dictionary(items: dict[str, bytes]) -> bytes:
    """Return the opcodes of a dictionary; its values are opcodes already."""
    return b"}(" + b"".join(string(key) + value for key, value in items.items()) + b"u"


_OPTIONS = (
    b"ccopy_reg\n_reconstructor\n(cargparse\nNamespace\nc__builtin__\nobject\nNtR"
    + dictionary({"caption_model": string("fc"), "rnn_size": b"M\x00\x02"})
    + b"b"
)
SCALAR = (
    b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n("
    + string("f8")
    + b"K\x00K\x01tR(K\x03"
    + string("<")
    + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    + string("\x00\x00\x00\x00\x00\x00\xee?")
    + b"tR"
)
"""As NumPy writes float64 0.9375 under Python 2."""

PICKLE = (
    b"\x80\x02"
    + dictionary(
        {
            "opt": _OPTIONS,
            "vocab": dictionary({key: string(word) for key, word in VOCABULARY.items()}),
            "best_val_score": SCALAR,
        }
    )
    + b"."
)
"""A small `fc-infos.pkl` with each of the published one's five globals."""


def write(folder: Path) -> tuple[Checkpoint, ...]:
    """Write the four files into `folder`; return their records, with the proofs of these."""
    torch.manual_seed(11)
    encoder = OrderedDict(calm(settle(CaffeResNet101(), 64)).state_dict())
    for name in [name for name in encoder if name.endswith("num_batches_tracked")]:
        del encoder[name]  # as before PyTorch 0.4.1
    encoder["fc.weight"], encoder["fc.bias"] = torch.rand(1000, 2048), torch.rand(1000)
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / "whole.pth"
    torch.save(encoder, whole, _use_new_zipfile_serialization=False)
    content = whole.read_bytes()
    whole.unlink()
    for part, half in zip(ENCODER_PARTS, (content[:99_999], content[99_999:]), strict=True):
        (folder / part).write_bytes(half)
    decoder = FCDecoder(len(VOCABULARY))
    with torch.no_grad():
        decoder.logit.bias[0] -= 30  # no caption ends before its greatest length
    torch.save(decoder.state_dict(), folder / MODEL, _use_new_zipfile_serialization=False)
    (folder / INFOS).write_bytes(PICKLE)
    return as_written(folder)


def write_converted(folder: Path) -> None:
    """Write NeuralTalk2 with random weights into `folder`, as the conversion leaves it."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as source:
        write(Path(source))
        convert(found_in(Path(source)), folder)


def calm(network: nn.Module) -> nn.Module:
    """Make each block add little to its input, as training does; return `network`.

    In a random one that adds much, rounding grows from block to block, and features differ by more
    between two orders of the same sums than they may between two forms of the network.
    """
    for block in network.modules():
        if isinstance(block, CaffeBottleneck):
            block.bn3.weight.data *= 0.3
            block.bn3.bias.data *= 0.3
    return network


def as_written(folder: Path) -> tuple[Checkpoint, ...]:
    """Return the records of the published files, with the proofs of those in `folder`."""
    return tuple(replace(file, proof=_blob((folder / file.file).read_bytes())) for file in FILES)


def _blob(content: bytes) -> GitBlob:
    head = b"blob %d\0" % len(content)
    return GitBlob(hashlib.sha1(head + content, usedforsecurity=False).hexdigest())


def found_in(folder: Path) -> dict[str, Path]:
    """Return where each published file is in `folder`."""
    return {file.file: folder / file.file for file in FILES}
