"""A checkpoint is used when it is what its record says, and only then."""

import hashlib
import subprocess
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from models.weights import store
from models.weights.checkpoint import Checkpoint, GitBlob, PinnedAtFirstUse, Proof, Sha256
from models.weights.store import WeightsError, WeightsStore

CONTENT = b"PK\x03\x04weights\n"


def checkpoint(proof: Proof, file: str = "net.pth", shipped: bool = False) -> Checkpoint:
    """Return the record of a file."""
    return Checkpoint(name="n", source="s", file=file, proof=proof, license="MIT", shipped=shipped)


def test_a_git_blob_id_is_gits(tmp_path: Path, shelf: WeightsStore) -> None:
    """The id is the one that git itself gives the file."""
    shelf.cache.mkdir(parents=True)
    path = shelf.cache / "net.pth"
    path.write_bytes(CONTENT)
    told = subprocess.run(
        ["git", "hash-object", "--no-filters", str(path)], capture_output=True, check=True
    )
    blob = told.stdout.decode().strip()
    assert shelf.genuine(checkpoint(GitBlob(blob))).path == path


@pytest.mark.parametrize("proof", [Sha256("0" * 8), GitBlob("0" * 40)])
def test_another_file_of_that_name_is_refused(shelf: WeightsStore, proof: Proof) -> None:
    """The sentence says what was expected, and the file counts as absent from then on."""
    shelf.cache.mkdir(parents=True)
    (shelf.cache / "net.pth").write_bytes(CONTENT)
    assert shelf.find(checkpoint(proof)) is not None
    with pytest.raises(WeightsError, match=r"is damaged.*expected 0{8}"):
        shelf.genuine(checkpoint(proof))
    assert shelf.find(checkpoint(proof)) is None


def test_a_file_without_a_published_hash_is_held_to_its_first(shelf: WeightsStore) -> None:
    """It is used once it is there; a later one that differs is not, also after a restart."""
    shelf.cache.mkdir(parents=True)
    path = shelf.cache / "net.pth"
    path.write_bytes(CONTENT)
    unpublished = checkpoint(PinnedAtFirstUse())
    assert shelf.genuine(unpublished).path == path
    pin = shelf.cache / "net.pth.sha256"
    assert pin.read_text() == f"{hashlib.sha256(CONTENT).hexdigest()}  net.pth\n"
    path.write_bytes(CONTENT + b"others")
    for later in (shelf, WeightsStore(shelf.cache)):
        with pytest.raises(WeightsError, match=r"its SHA-256 starts with .*, expected "):
            later.genuine(unpublished)
    path.write_bytes(CONTENT)
    assert WeightsStore(shelf.cache).genuine(unpublished).path == path


def test_what_holds_no_weights_is_never_pinned(shelf: WeightsStore) -> None:
    """A page that came under the name of an unproven file is not what later ones are held to."""
    shelf.cache.mkdir(parents=True)
    (shelf.cache / "net.pth").write_bytes(b"<html>")
    with pytest.raises(WeightsError, match="isn't a weights file"):
        shelf.genuine(checkpoint(PinnedAtFirstUse()))
    assert not (shelf.cache / "net.pth.sha256").exists()


def test_our_own_weights_come_with_the_package(
    tmp_path: Path, shelf: WeightsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Safetensors from the folder of trained weights are found last and read as they are."""
    monkeypatch.setattr(store, "PRETRAINED", tmp_path)
    state = {"w": torch.arange(3, dtype=torch.float16)}
    path = tmp_path / "own.safetensors"
    save_file(state, path)
    ours = checkpoint(Sha256(hashlib.sha256(path.read_bytes()).hexdigest()), path.name, True)
    found = shelf.genuine(ours)
    assert (found.path, found.location) == (path, "package bobby")
    assert torch.equal(shelf.load(ours)["w"], state["w"])
    assert shelf.find(checkpoint(ours.proof, path.name)) is None
