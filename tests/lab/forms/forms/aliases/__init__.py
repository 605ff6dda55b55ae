from .left import fall as drop
from .left import rise
from .right import scale
from . import right as other
from .gather import *
