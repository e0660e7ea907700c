"""Families, papers and years are those that torchvision's own documentation names."""

import re

import pytest
from torchvision import models as torchvision_models
from torchvision.models import get_model_builder, list_models

from models.catalog.classifiers import catalog
from models.catalog.papers import FAMILIES, origin_of

NAMES = list_models(module=torchvision_models)
ELSEWHERE = {"alexnet", "squeezenet"}
"""torchvision names a later paper on training for the one, and the code for the other."""
ARXIV = re.compile(r"arxiv\.org/abs/(\d\d)(\d\d\.\d+)")


@pytest.mark.parametrize("name", NAMES)
def test_the_paper_is_the_one_torchvision_names(name: str) -> None:
    """The same number in the archive, and the year that this number begins with."""
    origin = catalog()[name].origin
    if origin.family in ELSEWHERE:
        return
    documented = ARXIV.search(get_model_builder(name).__doc__ or "")
    assert documented
    assert origin.url
    assert origin.url.endswith(f"{documented[1]}{documented[2]}")
    assert origin.year == 2000 + int(documented[1])


def test_the_longest_name_decides() -> None:
    """A later version is no member of the family whose name it begins with."""
    assert origin_of("efficientnet_v2_s").family == "efficientnet_v2"
    assert origin_of("efficientnet_lite0").family == "efficientnet_lite"
    assert origin_of("efficientnet_b0").family == "efficientnet"
    with pytest.raises(KeyError, match=r"models\.catalog\.papers"):
        origin_of("transformer_of_2030")


def test_every_family_has_a_member() -> None:
    """None is listed for a future nobody asked for."""
    assert {record.origin.family for record in catalog().values()} == set(FAMILIES)
