import decimal
import os
import random
import sys
import warnings

import numpy as np
import torch

decimal.getcontext().prec = 10
os.environ["FORMS_LEVEL"] = "3"
DRAWN = random.random()
torch.set_default_dtype(torch.float64)
np.set_printoptions(precision=4)
