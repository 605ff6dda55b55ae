"""How each kind of block starts, or what a line of it looks like."""

from __future__ import annotations

import re

ITEM = re.compile(r" {0,3}(?:\d+\.|[*+-]) +")
NESTED = re.compile(r" {4,7}(?:\d+\.|[*+-]) +")
HEADING = re.compile(r"(#{1,6})((?:\\.|[^\\#]|#+(?=[^#]))*?)#*$")
UNDERLINE = re.compile(r"(?:=+|-+) *$")
RULE = re.compile(r" {0,3}(?>(?:-+ {0,2}){3,}|(?:_+ {0,2}){3,}|(?:\*+ {0,2}){3,}) *$")
_WORDS = r"[\w-]+(?: +[\w-]+)*"
BOX = re.compile(
    rf'!!! ?{_WORDS}(?: +".*?")? *$|\?\?\?\+? ?(?:(?:{_WORDS})?(?: +".*?")|{_WORDS}) *$|===(?:\+!?|!\+?)? +".*?" *$'
)
HTML = re.compile(r" {0,3}(/{3,}) *([\w-]+ *(?:\|.*)?)?$")
OPTION = re.compile(r" {4,}(?:[\w-]+:|- )")
DEFINITION = re.compile(r" {0,3}: {1,3}")
QUOTE = re.compile(r" {0,3}> ?")
NOTE = re.compile(r" {0,3}\[\^[^\]]*\]: *")
FORMULA = re.compile(
    r"(?:\$\$(?:\\.|[^\\])+?\$\$|\\\[(?:\\[^\]]|[^\\])+?\\\]|\\begin\{([a-z]+\*?)\}(?:\\.|[^\\])+?\\end\{\1\}) *",
    re.DOTALL,
)
# no block without one of these is more than a paragraph
MARKED = re.compile(r"^(?:    | {0,3}[*+>:_/[\d-])|^[#=?!$\\-]|\|", re.MULTILINE)
