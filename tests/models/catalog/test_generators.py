"""The catalog holds every pair the authors publish, each with facts that fit together."""

import pytest
import torch

from models.catalog.classifiers import catalog
from models.catalog.generators import pairs
from models.catalog.records import TranslationModel
from models.catalog.selection import Selection
from models.jobs.errors import JobError
from models.weights.checkpoint import GitBlob, PinnedAtFirstUse
from models.weights.store import WeightsStore

AUTHORS = "http://efrosgans.eecs.berkeley.edu/cyclegan/pretrained_models/"


def test_every_pair_of_the_authors_is_here() -> None:
    """Eighteen generators, by the names of their files."""
    theirs = [r for r in pairs().values() if r.checkpoint.source.startswith(AUTHORS)]
    assert len(theirs) == 18
    for record in theirs:
        assert record.checkpoint.source == f"{AUTHORS}{record.purpose}.pth"
        assert record.name.partition(":")[0] == record.purpose
        assert isinstance(record.checkpoint.proof, PinnedAtFirstUse)


@pytest.mark.parametrize("record", pairs().values(), ids=list(pairs()))
def test_the_facts_of_a_pair(record: TranslationModel) -> None:
    """Somebody can read what it expects, and what it names exists."""
    assert record.task == "translate"
    assert record.expects
    assert record.checkpoint.license
    labels = set(catalog()["efficientnet_lite0"].labels)
    assert record.things <= labels
    if record.inverse is not None:
        (back, *_) = [r for r in pairs().values() if r.purpose == record.inverse]
        assert back.inverse == record.purpose
    with torch.device("meta"):
        network = record.build()
    assert sum(p.numel() for p in network.parameters()) == record.parameters


def test_no_name_is_two_models() -> None:
    """A name means one network, whatever the task."""
    assert not set(pairs()) & set(catalog())


def test_the_book_proves_its_file() -> None:
    """By the blob id that git gives the published file."""
    book = pairs()["horse2zebra"]
    assert book.checkpoint.proof == GitBlob("ce10268a67fba8227bd42a071e17eef1b358fa2b")
    assert book.checkpoint.source.endswith("/data/p1ch2/horse2zebra_0.4.0.pth")


@pytest.mark.parametrize(
    "record", [r for r in pairs().values() if r.checkpoint.shipped], ids=lambda r: r.name
)
def test_what_is_shipped_is_here_and_small(record: TranslationModel, shelf: WeightsStore) -> None:
    """It proves itself, loads strictly, and is at most 2 MB."""
    found = shelf.genuine(record.checkpoint)
    assert found.location == "package bobby"
    assert found.path.stat().st_size <= 2_000_000
    record.build().load_state_dict(shelf.load(record.checkpoint))


def test_a_substitute_does_the_same_translation(shelf: WeightsStore) -> None:
    """Never a Monet for a zebra: where nobody can stand in, it says so."""
    shelf.cache.mkdir(parents=True)
    (shelf.cache / "monet2photo.pth").write_bytes(b"PK\x03\x04weights")
    (shelf.cache / "horse2zebra.pth").write_bytes(b"PK\x03\x04weights")
    selection = Selection(pairs(), shelf, "horse2zebra")
    choice = selection.choose("horse2zebra")
    assert choice.record.name == "horse2zebra:authors"
    assert str(choice.substitution) == (
        "horse2zebra isn't installed here, so horse2zebra:authors answered."
    )
    with pytest.raises(JobError) as caught:
        selection.choose("apple2orange")
    refused = caught.value.failure
    assert refused.code == "no_weights"
    assert "apple2orange isn't installed here" in str(refused.sentence)
