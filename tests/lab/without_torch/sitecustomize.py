"""On the path of a process whose experiments need no torch: to them it is not installed, which spares importing it."""

import sys

sys.modules["torch"] = None  # type: ignore[assignment]  # how Python says that a module is not to be had
