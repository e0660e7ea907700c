"""Which family each classifier belongs to: the paper that introduced it, and when.

Owns these facts alone; `models.catalog.classifiers` puts them into its records. A network's family
is the longest of the names below that its own begins with.
"""

from models.catalog.records import Paper

_ARXIV = "https://arxiv.org/abs/"

FAMILIES: dict[str, Paper] = {
    origin.family: origin
    for origin in (
        Paper(
            "alexnet",
            2012,
            "ImageNet Classification with Deep Convolutional Neural Networks",
            "https://papers.nips.cc/paper/4824-imagenet-classification-with-deep-convolutional-neural-networks",
        ),
        Paper("convnext", 2022, "A ConvNet for the 2020s", f"{_ARXIV}2201.03545"),
        Paper("densenet", 2016, "Densely Connected Convolutional Networks", f"{_ARXIV}1608.06993"),
        Paper(
            "efficientnet",
            2019,
            "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
            f"{_ARXIV}1905.11946",
        ),
        Paper(
            "efficientnet_lite",
            2020,
            "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
            f"{_ARXIV}1905.11946",
        ),
        Paper(
            "efficientnet_v2",
            2021,
            "EfficientNetV2: Smaller Models and Faster Training",
            f"{_ARXIV}2104.00298",
        ),
        Paper("googlenet", 2014, "Going Deeper with Convolutions", f"{_ARXIV}1409.4842"),
        Paper(
            "inception",
            2015,
            "Rethinking the Inception Architecture for Computer Vision",
            f"{_ARXIV}1512.00567",
        ),
        Paper("maxvit", 2022, "MaxViT: Multi-Axis Vision Transformer", f"{_ARXIV}2204.01697"),
        Paper(
            "mnasnet",
            2018,
            "MnasNet: Platform-Aware Neural Architecture Search for Mobile",
            f"{_ARXIV}1807.11626",
        ),
        Paper(
            "mobilenet_v2",
            2018,
            "MobileNetV2: Inverted Residuals and Linear Bottlenecks",
            f"{_ARXIV}1801.04381",
        ),
        Paper("mobilenet_v3", 2019, "Searching for MobileNetV3", f"{_ARXIV}1905.02244"),
        Paper("regnet", 2020, "Designing Network Design Spaces", f"{_ARXIV}2003.13678"),
        Paper(
            "resnet", 2015, "Deep Residual Learning for Image Recognition", f"{_ARXIV}1512.03385"
        ),
        Paper(
            "resnext",
            2016,
            "Aggregated Residual Transformations for Deep Neural Networks",
            f"{_ARXIV}1611.05431",
        ),
        Paper(
            "shufflenet",
            2018,
            "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design",
            f"{_ARXIV}1807.11164",
        ),
        Paper(
            "squeezenet",
            2016,
            "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size",
            f"{_ARXIV}1602.07360",
        ),
        Paper(
            "swin",
            2021,
            "Swin Transformer: Hierarchical Vision Transformer using Shifted Windows",
            f"{_ARXIV}2103.14030",
        ),
        Paper(
            "swin_v2",
            2021,
            "Swin Transformer V2: Scaling Up Capacity and Resolution",
            f"{_ARXIV}2111.09883",
        ),
        Paper(
            "vgg",
            2014,
            "Very Deep Convolutional Networks for Large-Scale Image Recognition",
            f"{_ARXIV}1409.1556",
        ),
        Paper(
            "vit",
            2020,
            "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale",
            f"{_ARXIV}2010.11929",
        ),
        Paper("wide_resnet", 2016, "Wide Residual Networks", f"{_ARXIV}1605.07146"),
    )
}
"""Every family by its name; the year is that of the paper, for AlexNet of the contest it won."""


def origin_of(name: str) -> Paper:
    """Return where the classifier `name` comes from.

    Raises:
        KeyError: It begins with no family's name.
    """
    names = [family for family in FAMILIES if name.startswith(family)]
    if not names:
        raise KeyError(f"{name} is of no family that models.catalog.papers lists; add it there")
    return FAMILIES[max(names, key=len)]
