"""The published NeuralTalk2 captioner: from its four files to three plain ones.

Owns the published files' identities, the reading of the legacy pickle through an unpickler that
admits five names and runs none of them, and the one conversion to safetensors and JSON, after
which nothing published is opened again. `models.weights.store` finds and verifies the files; here
it never downloads, and hands `models.networks` states that load strictly.
"""

import io
import json
import pickle
import struct
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from models.captioning.published import ENCODER_PARTS, INFOS, MODEL
from models.networks.caffe_resnet import CaffeResNet101
from models.networks.neuraltalk import FCDecoder

ENCODER, DECODER, WORDS = "encoder.safetensors", "decoder.safetensors", "words.json"
"""The converted files. `words.json` is a list; a word's place is its token, 0 is no word."""


class PublishedFileError(Exception):
    """A published file is not what it should be; `str()` is the reason, with the file's name."""


@dataclass(frozen=True)
class NeuralTalk:
    """The captioner, in eval mode, and the words that its tokens mean."""

    encoder: CaffeResNet101
    decoder: FCDecoder
    words: Sequence[str]

    def text(self, tokens: Sequence[int]) -> str:
        """Return the caption that `tokens` mean."""
        return " ".join(self.words[token] for token in tokens)


def convert(published: Mapping[str, Path], converted: Path) -> None:
    """Turn the four published files into the three in the folder `converted`, all at once.

    Everything is read before anything is written, so that a failure leaves nothing half made.

    Args:
        published: Where each file of `FILES` is, by its name; their content has been verified.
        converted: The folder to make; where another process has just made it, that one stays.

    Raises:
        PublishedFileError: A file can't be read, or does not fit.
    """
    joined = b"".join(published[part].read_bytes() for part in ENCODER_PARTS)
    encoder = _tensors(io.BytesIO(joined), "+".join(ENCODER_PARTS))
    encoder = {name: tensor for name, tensor in encoder.items() if not name.startswith("fc.")}
    decoder = _tensors(io.BytesIO(published[MODEL].read_bytes()), MODEL)
    words = parse_text(published[INFOS].read_bytes())
    _assembled(encoder, decoder, words)
    converted.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=converted.parent, ignore_cleanup_errors=True) as folder:
        whole = Path(folder) / converted.name
        whole.mkdir()
        save_file(encoder, whole / ENCODER)
        save_file(decoder, whole / DECODER)
        (whole / WORDS).write_text(json.dumps(words), encoding="utf-8")
        try:
            whole.rename(converted)
        except OSError:
            if not converted.is_dir():
                raise


def load(converted: Path) -> NeuralTalk:
    """Return the captioner whose converted files are in the folder `converted`.

    Raises:
        PublishedFileError: The files do not fit together.
    """
    words: list[str] = json.loads((converted / WORDS).read_text(encoding="utf-8"))
    return _assembled(load_file(converted / ENCODER), load_file(converted / DECODER), words)


def parse_text(infos: bytes) -> list[str]:
    """Return the vocabulary in `fc-infos.pkl`: a word's place is its token, the last one is UNK.

    Raises:
        PublishedFileError: The pickle asks for more than the five names it needs, or holds no
            such vocabulary.
    """
    found = read_infos(infos)
    options = getattr(found.get("opt"), "__dict__", {})
    words = found.get("vocab")
    if options.get("caption_model") != "fc" or not isinstance(words, dict):
        raise PublishedFileError(f"{INFOS} describes no FC model with a vocabulary")
    tokens = [str(index) for index in range(1, len(words) + 1)]
    if set(words) != set(tokens) or not all(isinstance(word, str) for word in words.values()):
        raise PublishedFileError(f"{INFOS} should number its words from 1, but doesn't")
    return ["", *(words[token] for token in tokens)]


def read_infos(data: bytes) -> dict[str, Any]:
    """Return what the Python 2 pickle `data` holds, through stand-ins for its five globals.

    Raises:
        PublishedFileError: It asks for any other global, is damaged, or is no dictionary.
    """
    try:
        found = _Unpickler(data).load()
    except PublishedFileError:
        raise
    except Exception as error:  # damaged pickles raise anything
        raise PublishedFileError(f"{INFOS} is damaged: {error}") from error
    if not isinstance(found, dict):
        raise PublishedFileError(f"{INFOS} should hold a dictionary, but holds {type(found)}")
    return found


class _Unpickler(pickle.Unpickler):  # the one place where a pickle is read
    """Admits five names, and gives for each a stand-in made for this one pickle.

    A pickle may set attributes on what it is given; on the stand-ins that harms nobody.
    """

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data), encoding="latin1")
        self._admitted = _stand_ins()

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - as its base says
        try:
            return self._admitted[module, name]
        except KeyError:
            raise PublishedFileError(
                f"{INFOS} asks for {module}.{name}, which is refused"
            ) from None

    def persistent_load(self, pid: Any) -> Any:  # noqa: ANN401 - as its base says
        raise PublishedFileError(f"{INFOS} refers to something outside it, which is refused")


def _stand_ins() -> dict[tuple[str, str], Any]:
    class Object:
        pass

    class Namespace:
        pass

    class DType:
        """NumPy's scalar types, as `struct` writes them."""

        def __init__(self, code: str, *_: object) -> None:
            self.code = {"f4": "f", "f8": "d", "i4": "i", "i8": "q", "b1": "?"}[code]

        def __setstate__(self, state: object) -> None:
            """Ignore the byte order: NumPy writes "<" on every machine of the publisher's."""

    def reconstructor(cls: object, base: object, _: object) -> Namespace:
        if cls is not Namespace or base is not Object:
            raise PublishedFileError(f"{INFOS} rebuilds something else than its options")
        return Namespace()

    def scalar(dtype: DType, content: str) -> int | float | bool:
        value: int | float | bool = struct.unpack("<" + dtype.code, content.encode("latin1"))[0]
        return value

    return {
        ("copy_reg", "_reconstructor"): reconstructor,
        ("argparse", "Namespace"): Namespace,
        ("__builtin__", "object"): Object,
        ("numpy.core.multiarray", "scalar"): scalar,
        ("numpy", "dtype"): DType,
    }


def _tensors(file: io.BytesIO, name: str) -> dict[str, Tensor]:
    """Read a checkpoint of tensors alone, laid out again so that none shares memory."""
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
        return {key: value.clone().contiguous() for key, value in state.items()}
    except Exception as error:  # torch raises anything over what it can't read
        raise PublishedFileError(f"{name} can't be read: {error}") from error


def _assembled(
    encoder: Mapping[str, Tensor], decoder: Mapping[str, Tensor], words: Sequence[str]
) -> NeuralTalk:
    """Return the networks with their states, loaded strictly."""
    with torch.device("meta"):  # nothing to fill with random numbers first
        network, sentences = CaffeResNet101(), FCDecoder(len(words) - 1)
    try:
        network.load_state_dict(dict(encoder), assign=True)
        sentences.load_state_dict(dict(decoder), assign=True)
    except RuntimeError as error:
        raise PublishedFileError(
            f"The published tensors do not fit the networks: {error}"
        ) from error
    return NeuralTalk(network.eval(), sentences.eval(), words)
