"""Which readers there are: what each is made of, and which letters it knows.

Their networks are ONNX files, which OpenVINO runs on the processor. Those of the default come
inside the package rapidocr, whose list of files says what else its publisher offers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NoReturn, TypeAlias

from models.catalog.records import Paper, Record
from models.weights.checkpoint import Checkpoint, Sha256

DEFAULT = "read"
PACKAGE = "rapidocr"

_PUBLISHED = "https://www.modelscope.cn/models/RapidAI/RapidOCR/resolve/v3.10.0/onnx"


def _no_torch() -> NoReturn:
    raise TypeError("A reader's networks are no torch modules")


@dataclass(frozen=True, kw_only=True)
class Reading(Record):
    """A reader: `checkpoint` is its recognizer, `detector` finds the lines for it.

    `letters` says for people what it can spell.
    """

    task: Literal["read"] = "read"
    purpose: str = "read"
    detector: Checkpoint
    letters: str
    build: Callable[[], NoReturn] = _no_torch


Readings: TypeAlias = Mapping[str, Reading]


def _packaged(name: str, file: str, digest: str, size: int) -> Checkpoint:
    return Checkpoint(
        name=name,
        source=PACKAGE,
        file=file,
        proof=Sha256(digest),
        license="Apache-2.0",
        size_bytes=size,
        package=PACKAGE,
    )


DETECTOR = _packaged(
    "PP-OCRv6 small",
    "PP-OCRv6_det_small.onnx",
    "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
    9_929_594,
)

_LATIN_AND_CHINESE = _packaged(
    "PP-OCRv6 small",
    "PP-OCRv6_rec_small.onnx",
    "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884",
    21_234_383,
)

KOREAN = Checkpoint(
    name="PP-OCRv5 mobile, Korean",
    source=f"{_PUBLISHED}/PP-OCRv5/rec/korean_PP-OCRv5_rec_mobile.onnx",
    file="korean_PP-OCRv5_rec_mobile.onnx",
    proof=Sha256("cd6e2ea50f6943ca7271eb8c56a877a5a90720b7047fe9c41a2e541a25773c9b"),
    license="Apache-2.0",
)


def readers(korean: Checkpoint = KOREAN) -> Readings:
    """Return every record by its name, the default first; `korean` is the Korean recognizer."""
    records = [
        _reader(DEFAULT, _LATIN_AND_CHINESE, "Latin, Chinese and Japanese", 7_780_000),
        _reader("read-korean", korean, "Korean", 0),
    ]
    return MappingProxyType({record.name: record for record in records})


def _reader(name: str, recognizer: Checkpoint, letters: str, parameters: int) -> Reading:
    return Reading(
        name=name,
        checkpoint=recognizer,
        more=(DETECTOR,),
        detector=DETECTOR,
        letters=letters,
        origin=Paper("pp-ocr", 2026 if name == DEFAULT else 2025),
        parameters=parameters,
    )
