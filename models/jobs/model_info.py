"""What a worker tells of its models and their files."""

from typing import Literal

import msgspec

from models.jobs.base import Message


class WeightsFile(Message, frozen=True):
    """One file of a model's weights, as its publisher offers it.

    `name` is its name on disk and `url` where it is downloaded from; None where it comes with a
    package. `proof` says what tells it from any other: "sha256", of which `digest` is the
    beginning in hexadecimal; "git", whose `digest` is the id that git gives the content; "pinned",
    without a digest, where none is published and the first one seen is held to. `size_bytes` is
    the publisher's figure, which may be rounded.
    """

    name: str
    url: str | None
    proof: Literal["sha256", "git", "pinned"]
    digest: str | None = None
    size_bytes: int | None = None


class HubModel(Message, frozen=True):
    """A classifier of a Torch Hub repository, as the operator's list has it.

    `name` is what people ask for after "hub/". `entry` is the entry point and `arguments` what it
    is called with. `labels` None means ImageNet's. A picture's short side becomes `resize` pixels,
    of which the middle `crop` by `crop` are taken; `mean` and `std` are those of pixels in [0, 1].
    """

    name: str
    entry: str
    arguments: dict[str, str | int | float | bool] = msgspec.field(default_factory=dict)
    labels: tuple[str, ...] | None = None
    resize: int = 256
    crop: int = 224
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)


class ModelInfo(Message, frozen=True):
    """What the bot knows of one catalog record, for autocomplete, help and listings.

    `weights` names the checkpoint ("IMAGENET1K_V1"), `source` is its URL or package, `size_bytes`
    its file's size where the publisher states it. `ready` says that the weights are on this
    machine, `location` where ("bobby cache", "torch cache", "package …"). `accuracy` is the
    publisher's ImageNet top-1 in percent, `expects` what a translation was trained on. `family`
    and `year` are those of the paper that introduced the network, where there is one. `files` are
    the files of its weights, but for those that are part of Bobby.
    """

    name: str
    task: Literal["classify", "translate", "caption", "read"]
    parameters: int
    weights: str
    source: str
    license: str
    ready: bool
    location: str | None = None
    size_bytes: int | None = None
    accuracy: float | None = None
    expects: str | None = None
    family: str | None = None
    year: int | None = None
    files: tuple[WeightsFile, ...] = ()


class VerifyResult(Message, frozen=True):
    """What the check of one file of weights came to; `wrong` is None where it is right.

    `file` of `model` is at `location`, as in `ModelInfo`; reading it took `seconds`.
    """

    model: str
    file: str
    location: str
    seconds: float
    wrong: str | None = None
