"""Which device networks run on, found out without torch where that is the processor.

Owns the names of devices as torch has them ("cpu", "cuda:1") and as people know them. torch is
imported only to ask for a device that isn't the processor.
"""

import ctypes

from models.jobs.base import Runtime

_DRIVERS = ("libcuda.so.1", "nvcuda.dll")


class DeviceError(Exception):
    """The device asked for is not on this machine; `str()` is a sentence for the operator."""


def device_for(name: str) -> str:
    """Return the device that `name` means; "auto" is a GPU where there is one, else the CPU.

    Raises:
        DeviceError: torch doesn't see the device, or `name` is not one of auto, cpu, cuda,
            cuda:N or mps.
    """
    if name == "cpu" or (name == "auto" and not _has_driver()):
        return "cpu"
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, index = name.partition(":")
    known = {
        "cpu": 1,
        "cuda": torch.cuda.device_count(),
        "mps": int(torch.backends.mps.is_available()),
    }
    if kind not in known or (index and not index.isdecimal()):
        raise DeviceError(f"The device is {name!r}, but it should be auto, cpu, cuda, cuda:N, mps.")
    if int(index or 0) >= known[kind]:
        raise DeviceError(f"The device {name!r} was asked for, but torch does not see it here.")
    return name


def device_name(device: str, runtime: Runtime = "torch") -> str:
    """Return the device as people know it, a GPU with its product's name.

    What runs the networks there is named where it isn't torch.
    """
    if runtime == "openvino":
        return f"{device} (OpenVINO)"
    if device.startswith("cuda"):
        import torch

        return f"{device} ({torch.cuda.get_device_name(device)})"
    return device


def _has_driver() -> bool:
    """Tell whether NVIDIA's driver is installed, without which torch sees no GPU of theirs."""
    for driver in _DRIVERS:
        try:
            ctypes.CDLL(driver)
        except OSError:
            continue
        return True
    return False
