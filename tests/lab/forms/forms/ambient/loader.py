"""Loads the others for what importing them does."""

from . import early
from . import patch
from . import switches
