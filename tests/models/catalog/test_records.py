"""What a downloader is told of a checkpoint."""

from models.catalog.classifiers import catalog
from models.catalog.generators import pairs
from models.weights.checkpoint import Checkpoint, GitBlob, PinnedAtFirstUse, Proof, Sha256


def test_a_downloader_learns_what_it_needs() -> None:
    """Name, address, size, and the proof; no address where there is none on the web."""
    proofs: dict[str, Proof] = {
        "sha256": Sha256("0123abcd"),
        "git": GitBlob("4567"),
        "pinned": PinnedAtFirstUse(),
    }
    for kind, proof in proofs.items():
        for source in ("https://a/net.pth?x", "http://a/net.pth", "package net", "trained by us"):
            checkpoint = Checkpoint("N", source, "net.pth", proof, "MIT", size_bytes=7)
            file = checkpoint.file_to_fetch()
            assert (file.name, file.size_bytes, file.proof) == ("net.pth", 7, kind)
            assert file.url == (source if "://" in source else None)
            digest = {"sha256": "0123abcd", "git": "4567", "pinned": None}[kind]
            assert file.digest == digest


def test_what_is_published_on_the_web_has_its_address() -> None:
    """And what isn't has none: it comes with a Python package, or with Bobby."""
    for record in [*catalog().values(), *pairs().values()]:
        checkpoint = record.checkpoint
        comes_along = bool(checkpoint.package) or checkpoint.shipped
        assert (checkpoint.file_to_fetch().url is None) == comes_along
