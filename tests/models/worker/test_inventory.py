"""Every file of weights that is here is judged, and none that isn't."""

from models.captioning.records import DEFAULT, PUBLISHED, captioners
from models.catalog.classifiers import catalog
from models.catalog.generators import pairs
from models.reading.networks import lacking
from models.reading.records import DEFAULT as READER
from models.reading.records import DETECTOR, readers
from models.weights.store import WeightsStore
from models.worker.inventory import cards, verdicts


def test_what_is_here_is_right_or_wrong(shelf: WeightsStore) -> None:
    """By model, file and place; of a captioner every file; the reason where one is wrong."""
    wrong = captioners()[PUBLISHED].files[-1].file
    shelf.cache.mkdir(parents=True)
    for file in (wrong, catalog()["alexnet"].checkpoint.file):
        (shelf.cache / file).write_bytes(b"weights")
    found = {(one.model, one.file): one for one in verdicts(shelf)}
    shipped = [pair for pair in pairs().values() if pair.checkpoint.shipped]
    right = [(pair.name, pair.checkpoint.file, "package bobby") for pair in shipped]
    lite = catalog()["efficientnet_lite0"].checkpoint
    of_lite = (lite.file, f"package {lite.package}")
    right += [("efficientnet_lite0", *of_lite), (DEFAULT, *of_lite)]
    right.append((DEFAULT, captioners()[DEFAULT].files[0].file, "package bobby"))
    if lacking() is None:
        right += [(READER, readers()[READER].checkpoint.file, "package rapidocr")]
        right += [(name, DETECTOR.file, "package rapidocr") for name in readers()]
    damaged = [("alexnet", catalog()["alexnet"].checkpoint.file), (PUBLISHED, wrong)]
    assert set(found) == {(model, file) for model, file, _ in right} | set(damaged)
    for model, file, place in right:
        assert found[model, file].location == place
        assert found[model, file].wrong is None
    for key in damaged:
        assert found[key].location == "Bobby cache"
        assert f"{key[1]} in the Bobby cache is damaged" in (found[key].wrong or "")
    assert all(one.seconds >= 0 for one in found.values())


def test_every_model_has_a_card(shelf: WeightsStore) -> None:
    """Of every task, and ready those that come with Bobby."""
    by_name = {card.name: card for card in cards(shelf)}
    assert set(by_name) == {*catalog(), *pairs(), *captioners(), *readers()}
    ready = {name for name, card in by_name.items() if card.ready}
    shipped = {pair.name for pair in pairs().values() if pair.checkpoint.shipped}
    reads = {READER} if lacking() is None else set()
    assert ready == {"efficientnet_lite0", DEFAULT} | shipped | reads
    # What is part of Bobby is nothing to download; what comes with a package, a mirror may have.
    assert [file.name for file in by_name[DEFAULT].files] == [
        catalog()["efficientnet_lite0"].checkpoint.file
    ]
    assert [file.name for file in by_name[PUBLISHED].files] == [
        file.file for file in captioners()[PUBLISHED].files
    ]
