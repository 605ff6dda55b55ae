EXPRESSION = "triple(4) + 1"
CODE = """
def made(x):
    return double(x) + 1
"""
PLACE = "forms.dynamic.named"
WHICH = ["al", "pha"]
SPEC = "forms.dynamic.tools:double"
