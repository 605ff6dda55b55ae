from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple, TypedDict

import torch
from torch import nn


class Number:
    def __init__(self, x):
        self.x = x

    def __add__(self, other):
        return Number(self.x + other.x + 1)

    def __radd__(self, other):
        return Number(self.x + other)

    def __getitem__(self, index):
        if index > 3:
            raise IndexError
        return self.x * index

    def __enter__(self):
        return self.x + 5

    def __exit__(self, *_):
        return True

    def __call__(self, y):
        return self.x - y

    def __getattr__(self, name):
        return len(name)

    def __class_getitem__(cls, item):
        return item * 2

    def __eq__(self, other):
        return self.x == other.x

    def __hash__(self):
        return hash(self.x)

    def __format__(self, how):
        return f"<{self.x}{how}>"

    def __bool__(self):
        return self.x > 1


class Colour(Enum):
    RED = auto()
    GREEN = auto()

    def shade(self):
        return self.value * 10


@dataclass(order=True)
class Row:
    a: int = 1
    b: int = 2
    c: list = field(default_factory=lambda: [3])

    def __post_init__(self):
        self.a += 1


class Place(NamedTuple):
    x: int = 1
    y: int = 2


class Options(TypedDict):
    rate: float
    steps: int


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))
        self.bias = nn.Parameter(torch.zeros(2))
        self.register_forward_hook(_hook)
        self.apply(_start)

    def forward(self, x):
        return x * self.weight + self.bias


def _hook(module, inputs, output):
    return output + 1


def _start(module):
    with torch.no_grad():
        module.bias.fill_(0.5)


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(context, grad):
        (x,) = context.saved_tensors
        return 3 * x**2 * grad


class Items(torch.utils.data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return index * 2.0
