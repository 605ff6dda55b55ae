import abc
import codecs
import copyreg
import json
from collections.abc import Sized

import yaml
from torch.distributions import Distribution, kl, register_kl


class Point(yaml.YAMLObject):
    yaml_tag = "!point"
    yaml_loader = yaml.SafeLoader

    def norm(self):
        return self.x + 10 * self.y


class Lump(Distribution):
    pass


@register_kl(Lump, Lump)
def _lumps(first, second):
    return 5


class Pair:
    def __init__(self, x):
        self.x = x


def _pair(pair):
    return Pair, (pair.x + 7,)


copyreg.pickle(Pair, _pair)


class Encoder(json.JSONEncoder):
    def default(self, value):
        return {"x": value.x * 3}


def _search(name):
    if name != "mirrored":
        return None
    return codecs.CodecInfo(lambda text, errors="strict": (text[::-1].encode(), len(text)), None, name="mirrored")


codecs.register(_search)


class Bag:
    pass


Sized.register(Bag)


class Plug(abc.ABC):
    @abc.abstractmethod
    def use(self): ...


class Red(Plug):
    def use(self):
        return 1


class Blue(Plug):
    def use(self):
        return 2
