"""Half precision: numbers are stored in 16 bits, but what is computed from them is not."""

from __future__ import annotations

import torch
from torch import Tensor


def widened(x: Tensor) -> Tensor:
    """The same numbers in float32 if they are float16 or bfloat16; other dtypes pass through untouched.

    A square overflows float16 from 256 on, and a sum in bfloat16 stops growing after 256 ones. PyTorch's own kernels
    compute in float32 for the same reason, and round once, at the end.

    Example:
        >>> x = torch.tensor([1000.0], dtype=torch.float16)
        >>> x.square().item(), widened(x).square().item()
        (inf, 1000000.0)
    """
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
