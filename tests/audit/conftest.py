"""Most mutants are made as for the fingerprint's audit, by what stands in tests/lab."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "lab"))
