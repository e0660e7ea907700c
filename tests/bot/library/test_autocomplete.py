"""What is offered while somebody types the name of a model."""

from bot.library.autocomplete import OFFERED, completions
from models.jobs.model_info import ModelInfo


def card(name: str, *, task: str = "classify", ready: bool = False, expects: str = "") -> ModelInfo:
    """Return what is known of a model."""
    assert task in {"classify", "translate"}
    return ModelInfo(
        name=name,
        task="classify" if task == "classify" else "translate",
        parameters=1,
        weights="W",
        source="",
        license="MIT",
        ready=ready,
        expects=expects or None,
    )


def offered(cards: list[ModelInfo], typed: str, task: str | None = "classify") -> list[str]:
    """Return the names that are offered."""
    return [choice.value for choice in completions(cards, task, typed)]


def test_ready_models_come_first_then_those_that_begin_so() -> None:
    """Then by name; those that have it nowhere are not offered."""
    cards = [card(name, ready=name[0] in "xy") for name in ("bnet", "anet", "net", "other", "xnet")]
    assert offered(cards, "net") == ["xnet", "net", "anet", "bnet"]
    assert offered(cards, "") == ["xnet", "anet", "bnet", "net", "other"]


def test_only_models_of_the_task_are_offered() -> None:
    """Or all, where any will do."""
    cards = [card("a"), card("b", task="translate")]
    assert offered(cards, "") == ["a"]
    assert offered(cards, "", "translate") == ["b"]
    assert offered(cards, "", None) == ["a", "b"]


def test_a_name_is_found_however_it_is_written() -> None:
    """In capitals, with spaces or hyphens."""
    cards = [card("vit_b_16"), card("other")]
    for typed in ("ViT B", "vit-b", "VIT_B_16"):
        assert offered(cards, typed) == ["vit_b_16"]


def test_no_more_are_offered_than_discord_shows() -> None:
    """Twenty-five, and no name is longer than a hundred characters."""
    cards = [card(f"n{number:02}", expects="x" * 200) for number in range(30)]
    choices = completions(cards, "classify", "")
    assert [choice.value for choice in choices] == [one.name for one in cards[:25]]
    assert {len(choice.name) for choice in choices} == {100}
    assert OFFERED == 25


def test_a_choice_says_what_a_model_expects_and_whether_it_is_here() -> None:
    """Beside its name."""
    cards = [card("a", expects="a horse", ready=True), card("b"), card("c", expects="a cat")]
    assert [choice.name for choice in completions(cards, "classify", "")] == [
        "a: a horse",
        "b (not installed)",
        "c: a cat (not installed)",
    ]
