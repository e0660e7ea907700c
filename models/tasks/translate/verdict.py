"""What a classifier makes of a picture before and after its translation.

Owns the judgment whether a picture shows what a pair was trained on. It takes probabilities from
`models.tasks.classify` and knows no networks.
"""

from models.catalog.records import Classification, TranslationModel
from models.images.arrays import Array
from models.jobs.answers import BeforeAfter, Label

EXPECTED = 0.05
"""From this probability of all a pair's labels together on, what it expects counts as there.

Measured with EfficientNet-Lite0 and `models.catalog.generators.HORSES`: 96 % of the 1,059 horses
that CycleGAN was trained on reach it, and 80 % of 59 everyday photographs with horses, most with
riders before crowds or houses; so do 4.4 % of 1,000 everyday photographs without hoofed animals and
7 % of 440 zebras. At 0.1 these are 93, 66, 1.9 and 4 %. For zebras, by their one label: 98 % of
zebras, 0.7 % of horses, none of the photographs.
"""


def verdict(
    before: Array, after: Array, judge: Classification, pair: TranslationModel
) -> BeforeAfter:
    """Return the verdict of `judge`, whose probabilities (classes,) these are.

    Where ImageNet has no word for what `pair` expects, the picture gets the benefit of the doubt.
    """
    share = sum(
        float(p) for p, label in zip(before, judge.labels, strict=True) if label in pair.things
    )
    return BeforeAfter(
        before=_best(before, judge),
        after=_best(after, judge),
        expected=not pair.things or share >= EXPECTED,
        model=judge.name,
    )


def _best(probabilities: Array, judge: Classification) -> Label:
    place = int(probabilities.argmax())
    return Label(label=judge.labels[place], probability=float(probabilities[place]))
