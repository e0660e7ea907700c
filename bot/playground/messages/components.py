"""The components of messages and modals: which there are, what each holds, and where it may stand.

Each is told apart by its `type`; a list names those that it takes.
"""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from bot.playground.messages.urls import WEB, WEB_OR_FILE, is_well_formed
from bot.playground.model.fields import (
    REQUIRED,
    CustomId,
    Filled45,
    Filled100,
    Id,
    Text100,
    Text150,
    Text4000,
    must,
)

LINK, PREMIUM = 5, 6
Few: TypeAlias = Annotated[int, Meta(ge=0, le=25)]
FewFiles: TypeAlias = Annotated[int, Meta(ge=0, le=10)]
Color: TypeAlias = Annotated[int, Meta(ge=0, le=0xFFFFFF)]


class Component(Struct, tag_field="type"):
    """What every component may have."""

    id: Annotated[int, Meta(ge=0)] | None = None


class Emoji(Struct):
    """An emoji of Unicode by its name, or of a server by its id."""

    name: str | None = None
    id: Id | None = None
    animated: bool | None = None


class Media(Struct):
    """A picture or a file by its address."""

    url: str

    def __post_init__(self) -> None:
        """Check the address."""
        must(
            is_well_formed(self.url, WEB_OR_FILE),
            "url",
            "URL_TYPE_INVALID_URL",
            "Not a well formed URL.",
        )


class Button(Component, tag=2, kw_only=True):
    """A button: one with an id, a link, or something to buy."""

    style: Literal[1, 2, 3, 4, 5, 6]
    label: Annotated[str, Meta(max_length=80)] | None = None
    emoji: Emoji | None = None
    custom_id: CustomId | None = None
    url: Annotated[str, Meta(max_length=512)] | None = None
    sku_id: Id | None = None
    disabled: bool | None = None

    def __post_init__(self) -> None:
        """Check that it has what its style takes, and nothing else."""
        wanted = {LINK: "url", PREMIUM: "sku_id"}.get(self.style, "custom_id")
        must(getattr(self, wanted), wanted, *REQUIRED)
        for other in {"url", "sku_id", "custom_id"} - {wanted}:
            sentence = f"A button of this style cannot have a {other}"
            must(getattr(self, other) is None, other, "BUTTON_COMPONENT_INVALID_FIELD", sentence)
        if self.url is not None:
            sentence = "Not a well formed URL."
            must(is_well_formed(self.url, WEB), "url", "URL_TYPE_INVALID_URL", sentence)
        if self.style != PREMIUM:
            sentence = "A button must have a label or an emoji"
            must(
                self.label or self.emoji, "label", "BUTTON_COMPONENT_LABEL_EMOJI_REQUIRED", sentence
            )


class Option(Struct):
    """What can be chosen."""

    label: Filled100
    value: Filled100
    description: Text100 | None = None
    emoji: Emoji | None = None
    default: bool | None = None


Options: TypeAlias = Annotated[list[Option], Meta(min_length=1, max_length=25)]


def _unique(options: list[Option]) -> None:
    values = [option.value for option in options]
    sentence = "The specified option value is already used"
    for index, value in enumerate(values):
        place = f"options.{index}.value"
        must(
            value not in values[:index], place, "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", sentence
        )


class Select(Component, kw_only=True):
    """What every menu has."""

    custom_id: CustomId
    placeholder: Text150 | None = None
    min_values: Few | None = None
    max_values: Annotated[int, Meta(ge=1, le=25)] | None = None
    disabled: bool | None = None
    required: bool | None = None


class StringSelect(Select, tag=3, kw_only=True):
    """A menu of its own options."""

    options: Options

    def __post_init__(self) -> None:
        """Check that no two options have one value."""
        _unique(self.options)


class UserSelect(Select, tag=5):
    """A menu of people."""


class RoleSelect(Select, tag=6):
    """A menu of roles."""


class MentionableSelect(Select, tag=7):
    """A menu of people and roles."""


class ChannelSelect(Select, tag=8):
    """A menu of channels."""

    channel_types: list[int] | None = None


Selects: TypeAlias = StringSelect | UserSelect | RoleSelect | MentionableSelect | ChannelSelect


class Row(Component, tag=1, kw_only=True):
    """Buttons, or one menu."""

    components: Annotated[list[Button | Selects], Meta(min_length=1, max_length=5)]

    def __post_init__(self) -> None:
        """Check that a menu has the row for itself."""
        alone = len(self.components) == 1 or all(isinstance(c, Button) for c in self.components)
        sentence = "The specified component exceeds the maximum width"
        must(alone, "components.1", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", sentence)


# --- components v2 --------------------------------------------------------------------------------


class Text(Component, tag=10, kw_only=True):
    """A text with Markdown."""

    content: Annotated[str, Meta(min_length=1, max_length=4000)]


class Thumbnail(Component, tag=11, kw_only=True):
    """A small picture beside a section."""

    media: Media
    description: Annotated[str, Meta(max_length=1024)] | None = None
    spoiler: bool | None = None


class Section(Component, tag=9, kw_only=True):
    """Texts with something beside them."""

    components: Annotated[list[Text], Meta(min_length=1, max_length=3)]
    accessory: Button | Thumbnail


class Item(Struct):
    """A picture of a gallery."""

    media: Media
    description: Annotated[str, Meta(max_length=1024)] | None = None
    spoiler: bool | None = None


class Gallery(Component, tag=12, kw_only=True):
    """Pictures."""

    items: Annotated[list[Item], Meta(min_length=1, max_length=10)]


class File(Component, tag=13, kw_only=True):
    """A file that came along."""

    file: Media
    spoiler: bool | None = None


class Separator(Component, tag=14):
    """A line or a space."""

    divider: bool | None = None
    spacing: Literal[1, 2] | None = None


Inner: TypeAlias = Row | Section | Text | Gallery | File | Separator


class Container(Component, tag=17, kw_only=True):
    """Components in a box."""

    components: Annotated[list[Inner], Meta(min_length=1, max_length=40)]
    accent_color: Color | None = None
    spoiler: bool | None = None


# --- modals ---------------------------------------------------------------------------------------


class TextInput(Component, tag=4, kw_only=True):
    """A field to type into."""

    custom_id: CustomId
    style: Literal[1, 2]
    label: Filled45 | None = None
    value: Text4000 | None = None
    placeholder: Text100 | None = None
    required: bool | None = None
    min_length: Annotated[int, Meta(ge=0, le=4000)] | None = None
    max_length: Annotated[int, Meta(ge=1, le=4000)] | None = None


class Upload(Component, tag=19, kw_only=True):
    """A field that takes files."""

    custom_id: CustomId
    min_values: FewFiles | None = None
    max_values: Annotated[int, Meta(ge=1, le=10)] | None = None
    required: bool | None = None


class Label(Component, tag=18, kw_only=True):
    """A field of a modal, and what it is about."""

    label: Filled45
    component: TextInput | Upload | Selects
    description: Filled100 | None = None


class OldRow(Component, tag=1, kw_only=True):
    """A text field as modals had it before labels."""

    components: Annotated[list[TextInput], Meta(min_length=1, max_length=1)]


class Modal(Struct):
    """What a modal says and asks for."""

    custom_id: CustomId
    title: Filled45
    components: Annotated[list[Label | Text | OldRow], Meta(min_length=1, max_length=40)]
