"""How many words of pictures with known words are right, and what is read where there are none.

`docs/reading.md` has the figures by style; run this file with `-s -m slow` to see them.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable

import pytest

from models.reading.reader import Page, Reader
from tests.models.reading.conftest import read
from tests.models.reading.rendered import EVERYDAY, FONTS, WITH_WORDS, photographs, rendered

pytestmark = [
    pytest.mark.skipif(not EVERYDAY.is_file(), reason="the everyday photographs are not here"),
    pytest.mark.skipif(not (FONTS / "liberation").is_dir(), reason="its fonts are not here"),
]

PHOTOGRAPHS = 300


def text(page: Page) -> str:
    """Return the words of `page` in their order."""
    return " ".join(line.text for line in page.lines)


def edits(one: str, other: str) -> int:
    """Return how many characters have to be put in, left out or changed (Levenshtein, 1966)."""
    row = list(range(len(other) + 1))
    for number, left in enumerate(one, start=1):
        before, row = row, [number]
        for place, right in enumerate(other, start=1):
            row.append(min(before[place] + 1, row[-1] + 1, before[place - 1] + (left != right)))
    return row[-1]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_known_words_are_read_in_their_order(reader: Reader) -> None:
    """97 of 100 characters, and nine of ten pictures with every word right."""
    characters: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    whole: defaultdict[str, list[bool]] = defaultdict(list)
    for picture in rendered():
        found, meant = text(read(reader, picture.image)), " ".join(picture.words)
        characters[picture.style] += len(meant)
        wrong[picture.style] += edits(found, meant)
        whole[picture.style].append(found.split() == list(picture.words))
        if found.split() != list(picture.words):
            tell(f"{meant!r} was read as {found!r}")
    for style, all_right in whole.items():
        right = 100 * (1 - wrong[style] / characters[style])
        tell(f"{style}: {right:.1f} % of characters, {sum(all_right)} of {len(all_right)}")
    assert wrong.total() <= 0.03 * characters.total()
    assert share(one for each in whole.values() for one in each) >= 0.9


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_words_are_seen_where_there_are_none(reader: Reader) -> None:
    """In at most two of a hundred photographs without any."""
    animals = [one for one in photographs("voc", 400) if one[0] not in WITH_WORDS]
    taken = animals[:PHOTOGRAPHS]
    found = {name: text(read(reader, image)) for name, image in taken}
    seen = {name: words for name, words in found.items() if words}
    tell(f"words in {len(seen)} of {len(found)}: {seen}")
    assert len(found) == PHOTOGRAPHS
    assert len(seen) <= 0.02 * len(found)


def test_a_picture_of_each_style_is_read(reader: Reader) -> None:
    """Every word of it, in order."""
    first = {picture.style: picture for picture in reversed(rendered())}
    for picture in first.values():
        assert text(read(reader, picture.image)).split() == list(picture.words)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_picture_is_read(reader: Reader, degrees: int) -> None:
    """As if it stood upright."""
    picture = rendered()[9]
    turned = picture.image.rotate(degrees, expand=True)
    assert text(read(reader, turned)).split() == list(picture.words)


def tell(line: str) -> None:
    """Show `line` to a person who measures."""
    sys.stdout.write(f"{line}\n")


def share(true: Iterable[bool]) -> float:
    """Return which share of `true` is."""
    counted = list(true)
    return sum(counted) / len(counted)
