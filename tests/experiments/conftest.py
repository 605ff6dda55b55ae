"""Every call that experiments make of the library has the shapes that docstrings say."""

from shapes import check_shapes

check_shapes()
