from .stars_a import *
from .stars_b import *
