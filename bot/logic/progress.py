"""Progress lines of training: seconds since the process began, then what is being done."""

from __future__ import annotations

import sys
import time

_START = time.perf_counter()


def tell(line: str) -> None:
    """Print a progress line to standard error, even while Rasa's own output is held back."""
    print(f"{time.perf_counter() - _START:6.1f} s  {line}", file=sys.__stderr__, flush=True)
