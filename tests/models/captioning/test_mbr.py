"""Agreement between captions: CIDEr-D's own figures, and what follows from its use."""

from collections.abc import Sequence

import numpy as np
import pytest

from models.captioning.mbr import DocumentFrequency, mbr_scores

_DOG = (5, 6, 7, 8, 9, 10)
_DOG_TOO = (5, 6, 7, 8, 9, 11)
_HORSE = (20, 21, 22, 23, 24)


def _rarity(captions: Sequence[Sequence[int]]) -> DocumentFrequency:
    seen: dict[tuple[int, ...], int] = {}
    for row in captions:
        grams = {tuple(row[i : i + n]) for n in (1, 2, 3, 4) for i in range(len(row) - n + 1)}
        for gram in grams:
            seen[gram] = seen.get(gram, 0) + 1
    return DocumentFrequency(len(captions), seen)


def test_a_caption_agrees_with_itself() -> None:
    """A caption alone has full agreement."""
    assert mbr_scores([_DOG], [1], DocumentFrequency(100, {})) == pytest.approx([1.0])


def test_strangers_do_not_agree() -> None:
    """Captions without a common word share nothing but each its own part."""
    assert mbr_scores([_DOG, _HORSE], [3, 1], DocumentFrequency(100, {})) == pytest.approx(
        [0.75, 0.25]
    )


def test_the_middle_of_a_crowd_wins() -> None:
    """Two captions that nearly agree beat one that is likelier than either."""
    scores = mbr_scores([_HORSE, _DOG, _DOG_TOO], [0.4, 0.31, 0.29], DocumentFrequency(100, {}))
    assert int(np.argmax(scores)) == 1


def test_a_rare_word_counts_more_than_a_common_one() -> None:
    """Agreement on a word of every picture is worth nothing."""
    rarity = DocumentFrequency(100, {(1,): 100, (2,): 2})
    common, rare = mbr_scores([(1, 30), (2, 40), (1, 2)], [0, 0, 1], rarity)[:2]
    assert common == pytest.approx(0)
    assert rare > 0.1


def test_it_is_cider_d() -> None:
    """The figures are those of the library that the training scores are made with."""
    cider = pytest.importorskip("pycocoevalcap.cider.cider", reason="the extra train is missing")
    captions = [_DOG, _DOG_TOO, _HORSE, (5, 5, 6, 30, 31, 32, 33, 34, 35), (6, 7, 20, 21)]
    texts = [" ".join(map(str, row)) for row in captions]
    references = {index: [text] for index, text in enumerate(texts)}
    for row, text in zip(captions, texts, strict=True):
        _, each = cider.Cider().compute_score(references, {index: [text] for index in references})
        ours = [
            mbr_scores([row, other], [0, 1], _rarity(captions))[0] if row != other else None
            for other in captions
        ]
        wanted = [value / 10 for value in each]
        for value, want, other in zip(ours, wanted, captions, strict=True):
            if value is not None:
                assert value == pytest.approx(want, abs=1e-6), other
