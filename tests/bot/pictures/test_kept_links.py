"""What of a picture is kept with an answer, and that nobody else can write it."""

import discord
import pytest

from bot.pictures import kept_links
from bot.pictures.picture import FoundPictures, Picture

PICTURES = (
    Picture("https://cdn.example/a.png?ex=1", "a.png", from_discord=True),
    Picture("https://example.com/%C3%A9.png?x=1", "é #1.png", from_discord=False, spoiler=True),
)


def test_what_is_kept_is_found_again() -> None:
    """All of it, in order; the embeds that were given stay as they were."""
    embeds = (discord.Embed(title="a"), discord.Embed(description="b"))
    kept = kept_links.kept(embeds, PICTURES)
    assert kept_links.found(kept) == FoundPictures(PICTURES)
    assert [embed.title for embed in kept] == ["a", None]
    assert [embed.url for embed in embeds] == [None, None]


def test_a_link_that_was_typed_stays_one() -> None:
    """However it pretends to be Discord's own."""
    typed = Picture("http://10.0.0.1/x.png#bobby:10:a.png", "x.png", from_discord=False)
    found = kept_links.found(kept_links.kept((discord.Embed(),), (typed,)))
    assert found is not None
    assert found.pictures == (Picture("http://10.0.0.1/x.png", "x.png", from_discord=False),)


@pytest.mark.parametrize(
    "pictures",
    [(), PICTURES, (Picture("https://example.com/" + "x" * 2048, "x", from_discord=True),)],
)
def test_what_does_not_fit_is_not_kept(pictures: tuple[Picture, ...]) -> None:
    """Another number of embeds, or an address that is too long."""
    (embed,) = kept_links.kept((discord.Embed(),), pictures)
    assert embed.url is None
    assert kept_links.found((embed,)) is None


def test_a_link_of_another_kind_is_no_picture() -> None:
    """Nor is no embed at all."""
    assert kept_links.found((discord.Embed(url="https://example.com/a.png"),)) is None
    assert kept_links.found(()) is None
