"""What all of the seam is made of: the base of its messages, and sentences that people read."""

from typing import Literal, TypeAlias, get_args

import msgspec

Precision: TypeAlias = Literal["float32", "bfloat16", "float16"]
"""What a network computes in; float32 is what the published weights mean, the others round."""
PRECISIONS: tuple[Precision, ...] = get_args(Precision)


Runtime: TypeAlias = Literal["torch", "openvino"]
"""What runs a network."""


class Message(msgspec.Struct, frozen=True, tag=str.lower, kw_only=True):
    """Base of everything that crosses the seam: immutable, told apart by its tag."""


class Said(Message, frozen=True):
    """A sentence for people: `template`, in English, and the `values` for the {names} in it.

    So the bot can say it in the language of the person who asked; `str()` is the English sentence.
    """

    template: str
    values: dict[str, "str | Said"] = {}

    def __str__(self) -> str:
        return self.template.format_map(self.values)


def say(template: str, **values: "str | Said") -> Said:
    """Return the sentence `template` with `values`; `template` is for the bot's catalogs."""
    return Said(template=template, values=values)
