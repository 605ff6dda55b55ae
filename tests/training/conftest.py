"""Every call that these tests make has the shapes that docstrings say."""

from shapes import check_shapes

check_shapes()
