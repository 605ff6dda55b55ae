import torch
from torch import nn

STARTED = []
WEIGHT = torch.ones(3)
SETTINGS = {"rate": 1}
