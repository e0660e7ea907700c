"""What an exception of a network means, told without importing torch for it."""

import sys


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether the device had too little memory."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(error, torch.OutOfMemoryError)


def is_device_lost(error: BaseException) -> bool:
    """Tell whether no job can be answered on this device any more by this process."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(error, torch.AcceleratorError)
