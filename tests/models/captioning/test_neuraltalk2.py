"""The published files: their pickle and their conversion, on files made here."""

import pickle
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch

from models.captioning.neuraltalk2 import (
    WORDS,
    PublishedFileError,
    convert,
    load,
    parse_text,
    read_infos,
)
from models.captioning.published import ENCODER_PARTS, MODEL
from tests.models.published import PICKLE, VOCABULARY, dictionary, found_in, string, write


def test_the_five_globals_are_read() -> None:
    """Options, vocabulary and a NumPy number come back as what they are."""
    found = read_infos(PICKLE)
    assert vars(found["opt"]) == {"caption_model": "fc", "rnn_size": 512}
    assert found["best_val_score"] == 0.9375
    assert parse_text(PICKLE) == ["", *VOCABULARY.values()]


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
        "cut off": PICKLE[:100],
        "empty": b"",
        "no pickle": b"<!DOCTYPE html>",
        "no dictionary": b"\x80\x02]q\x00.",
        "deep": b"(" * 100_000 + b".",
        "too short a number": PICKLE.replace(string("\x00\x00\x00\x00\x00\x00\xee?"), string("x")),
    }.items(),
    ids=lambda attack: attack[0],
)
def test_hostile_pickles_are_refused(attack: tuple[str, bytes]) -> None:
    """Whatever else a pickle may hold ends in the one error."""
    with pytest.raises(PublishedFileError):
        read_infos(attack[1])


def test_attributes_set_by_a_pickle_stay_in_it() -> None:
    """A pickle that changes the class that it was given changes no later one."""
    state = b"N" + dictionary({"caption_model": string("poison"), "__init__": b"K\x01"}) + b"\x86b"
    poisoned = b"\x80\x02" + dictionary({"opt": b"cargparse\nNamespace\n" + state}) + b"."
    assert read_infos(poisoned)["opt"].caption_model == "poison"
    assert vars(read_infos(PICKLE)["opt"])["caption_model"] == "fc"


def test_another_kind_of_captioner_is_refused() -> None:
    """Its networks would be others; nor is a list of words a vocabulary."""
    with pytest.raises(PublishedFileError, match="describes no FC model"):
        parse_text(PICKLE.replace(string("fc"), string("td")))


def test_an_unusable_vocabulary_is_refused() -> None:
    """Words that aren't numbered from 1 without a gap name nothing."""
    with pytest.raises(PublishedFileError, match="number its words from 1"):
        parse_text(PICKLE.replace(string("2"), string("7")))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of four files in the published forms, with random weights."""
    folder = tmp_path_factory.mktemp("published")
    write(folder)
    return folder


def test_conversion_keeps_every_number(published: Path, tmp_path: Path) -> None:
    """The converted captioner has the published tensors and words, and captions a picture."""
    convert(found_in(published), tmp_path / "converted")
    captioner = load(tmp_path / "converted")
    decoder = torch.load(published / MODEL, weights_only=True)
    assert all(torch.equal(t, decoder[n]) for n, t in captioner.decoder.state_dict().items())
    with torch.inference_mode():
        features = captioner.encoder(torch.rand(1, 3, 64, 64))
    sentence = captioner.decoder.captions(features, 2)[0][0]
    assert set(captioner.text(sentence.tokens).split()) <= set(VOCABULARY.values())
    assert [entry.name for entry in tmp_path.iterdir()] == ["converted"]
    assert not list(tmp_path.rglob("*.p*"))


def test_who_comes_second_leaves_the_first_in_place(published: Path, tmp_path: Path) -> None:
    """Two processes may convert at once: the folder that is there first stays as it is."""
    folder = tmp_path / "converted"
    folder.mkdir()
    (folder / WORDS).write_text("the first")
    convert(found_in(published), folder)
    assert (folder / WORDS).read_text() == "the first"
    assert [entry.name for entry in tmp_path.iterdir()] == ["converted"]


@pytest.mark.parametrize("name", [ENCODER_PARTS[1], MODEL])
def test_a_file_that_is_cut_short_leaves_nothing(
    published: Path, tmp_path: Path, name: str
) -> None:
    """The error is the one, whatever torch made of it, and nothing is converted."""
    short = tmp_path / name
    short.write_bytes((published / name).read_bytes()[:50_000])
    with pytest.raises(PublishedFileError, match="can't be read"):
        convert({**found_in(published), name: short}, tmp_path / "converted")
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
