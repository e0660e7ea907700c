"""The published files: their identity, their pickle, and the conversion, on files made here."""

import pickle
import subprocess
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch

from models.networks.caffe_resnet import CaffeResNet101
from models.networks.neuraltalk import FCDecoder
from models.neuraltalk import (
    ENCODER_PARTS,
    GIT_BLOBS,
    INFOS,
    MODEL,
    WORDS,
    PublishedFileError,
    convert,
    git_blob,
    load,
    read_infos,
    read_words,
)

_VOCABULARY = {"1": "a", "2": "dog", "3": "caf\xe9", "4": "UNK"}


def _string(text: str) -> bytes:
    """Return the opcode by which Python 2 writes a string of bytes."""
    content = text.encode("latin1")
    return b"T" + len(content).to_bytes(4, "little") + content


def _dictionary(items: dict[str, bytes]) -> bytes:
    return b"}(" + b"".join(_string(key) + value for key, value in items.items()) + b"u"


_OPTIONS = (
    b"ccopy_reg\n_reconstructor\n(cargparse\nNamespace\nc__builtin__\nobject\nNtR"
    + _dictionary({"caption_model": _string("fc"), "rnn_size": b"M\x00\x02"})
    + b"b"
)
_SCALAR = (
    b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n("
    + _string("f8")
    + b"K\x00K\x01tR(K\x03"
    + _string("<")
    + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    + _string("\x00\x00\x00\x00\x00\x00\xee?")
    + b"tR"
)
"""As NumPy writes float64 0.9375 under Python 2."""

_PICKLE = (
    b"\x80\x02"
    + _dictionary(
        {
            "opt": _OPTIONS,
            "vocab": _dictionary({key: _string(word) for key, word in _VOCABULARY.items()}),
            "best_val_score": _SCALAR,
        }
    )
    + b"."
)
"""A small `fc-infos.pkl` with each of the published one's five globals."""


def test_the_five_globals_are_read() -> None:
    """Options, vocabulary and a NumPy number come back as what they are."""
    found = read_infos(_PICKLE)
    assert vars(found["opt"]) == {"caption_model": "fc", "rnn_size": 512}
    assert found["best_val_score"] == 0.9375
    assert read_words(_PICKLE) == ["", *_VOCABULARY.values()]


class _Runs:
    """Runs a command when unpickled: what the unpickler is there for."""

    def __init__(self, call: Any, *arguments: object) -> None:
        self._call, self._arguments = call, arguments

    def __reduce__(self) -> tuple[Any, tuple[object, ...]]:
        return self._call, self._arguments


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "call", [exec, eval, subprocess.call, getattr, torch.load, pickle.loads, __import__, open]
)
def test_other_globals_are_refused(tmp_path: Path, protocol: int, call: Any) -> None:
    """Nothing else can be called, by any protocol, and the file that it would make isn't made."""
    made = tmp_path / "made"
    attack = pickle.dumps({"opt": _Runs(call, f"open({str(made)!r}, 'w')")}, protocol)
    with pytest.raises(PublishedFileError, match="is refused"):
        read_infos(attack)
    assert not made.exists()


@pytest.mark.parametrize(
    "attack",
    {
        "dotted name": b"\x80\x04\x8c\x08argparse\x8c\x12Namespace.__init__\x93.",
        "module of an admitted one": b"\x80\x04\x8c\x08argparse\x8c\x03_os\x93.",
        "another base": (
            b"ccopy_reg\n_reconstructor\n(cargparse\nNamespace\ncargparse\nNamespace\nNtR."
        ),
        "another class": (
            b"ccopy_reg\n_reconstructor\n(c__builtin__\nobject\nc__builtin__\nobject\nNtR."
        ),
        "python 3 names": b"cbuiltins\nobject\n.",
        "object scalar": b"cnumpy\ndtype\n(\x8c\x02O8K\x00K\x01tR.",
        "persistent object": b"Psomewhere\n.",
        "extension": b"\x80\x02\x82\x01.",
        "old instance": b"(ios\nsystem\n.",
        "cut off": _PICKLE[:100],
        "empty": b"",
        "no pickle": b"<!DOCTYPE html>",
        "no dictionary": b"\x80\x02]q\x00.",
        "deep": b"(" * 100_000 + b".",
        "too short a number": _PICKLE.replace(
            _string("\x00\x00\x00\x00\x00\x00\xee?"), _string("x")
        ),
    }.items(),
    ids=lambda attack: attack[0],
)
def test_hostile_pickles_are_refused(attack: tuple[str, bytes]) -> None:
    """Whatever else a pickle may hold ends in the one error."""
    with pytest.raises(PublishedFileError):
        read_infos(attack[1])


def test_attributes_set_by_a_pickle_stay_in_it() -> None:
    """A pickle that changes the class that it was given changes no later one."""
    state = (
        b"N" + _dictionary({"caption_model": _string("poison"), "__init__": b"K\x01"}) + b"\x86b"
    )
    poisoned = b"\x80\x02" + _dictionary({"opt": b"cargparse\nNamespace\n" + state}) + b"."
    assert read_infos(poisoned)["opt"].caption_model == "poison"
    assert vars(read_infos(_PICKLE)["opt"])["caption_model"] == "fc"


def test_an_unusable_vocabulary_is_refused() -> None:
    """Words that aren't numbered from 1 without a gap name nothing."""
    with pytest.raises(PublishedFileError, match="number its words from 1"):
        read_words(_PICKLE.replace(_string("2"), _string("7")))


def test_blob_ids_are_gits(tmp_path: Path) -> None:
    """The id of a known content is the one that git gives it."""
    (tmp_path / "hello").write_bytes(b"hello\n")
    assert git_blob(tmp_path / "hello") == "ce013625030ba8dba906f756967f9e9ca394464a"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of four files in the published forms, with random weights."""
    folder = tmp_path_factory.mktemp("published")
    torch.manual_seed(11)
    encoder = OrderedDict(CaffeResNet101().state_dict())
    for name in [name for name in encoder if name.endswith("num_batches_tracked")]:
        del encoder[name]  # as before PyTorch 0.4.1
    encoder["fc.weight"], encoder["fc.bias"] = torch.rand(1000, 2048), torch.rand(1000)
    whole = folder / "whole.pth"
    torch.save(encoder, whole, _use_new_zipfile_serialization=False)
    content = whole.read_bytes()
    whole.unlink()
    for part, half in zip(ENCODER_PARTS, (content[:99_999], content[99_999:]), strict=True):
        (folder / part).write_bytes(half)
    decoder = FCDecoder(len(_VOCABULARY)).state_dict()
    torch.save(decoder, folder / MODEL, _use_new_zipfile_serialization=False)
    (folder / INFOS).write_bytes(_PICKLE)
    return folder


def _blobs(folder: Path) -> dict[str, str]:
    return {name: git_blob(folder / name) for name in GIT_BLOBS}


def test_conversion_keeps_every_number(published: Path, tmp_path: Path) -> None:
    """The converted captioner has the published tensors and words, and captions a picture."""
    convert(published, tmp_path, _blobs(published))
    captioner = load(tmp_path)
    decoder = torch.load(published / MODEL, weights_only=True)
    assert all(torch.equal(t, decoder[n]) for n, t in captioner.decoder.state_dict().items())
    with torch.inference_mode():
        features = captioner.encoder(torch.rand(1, 3, 64, 64))
    sentence = captioner.decoder.captions(features, 2)[0][0]
    assert set(captioner.text(sentence.tokens).split()) <= set(_VOCABULARY.values())
    assert not list(tmp_path.glob("*.p*"))


@pytest.mark.parametrize("name", GIT_BLOBS)
def test_another_file_is_not_read(published: Path, tmp_path: Path, name: str) -> None:
    """A file whose blob id isn't the published one is named, and nothing is converted."""
    with pytest.raises(PublishedFileError, match="is not the published file"):
        convert(published, tmp_path, {**_blobs(published), name: GIT_BLOBS[name]})
    assert not list(tmp_path.iterdir())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The error says which file is missing."""
    with pytest.raises(PublishedFileError, match=r"fc-model\.pth is not there"):
        convert(tmp_path, tmp_path / "converted")
    assert not (tmp_path / "converted" / WORDS).exists()
