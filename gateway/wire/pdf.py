"""PURE: how many pages a PDF has, and how much text, without reading it as a viewer does.

Whatever is not plain (encrypted, other filters, pages named twice) is said to be unknown. What a page shows is the most that any
page may: the dearest stream, or list of streams, with all that it draws. Source: ISO 32000-1, 7.7.3, 12.5.5 and 14.9.4.
"""

import re
from collections import Counter
from dataclasses import dataclass

from gateway.wire.pdf_fonts import fonts_of
from gateway.wire.pdf_objects import Item, Objects, UnknownPagesError, objects_of
from gateway.wire.pdf_shown import BLANK, Shown

__all__ = ["Pages", "UnknownPagesError", "pages_of"]

_PAGE = re.compile(rb"/Type" + BLANK + rb"*/Page(?![a-zA-Z#])")
_PAGES = re.compile(rb"/Type" + BLANK + rb"*/Pages\b")
_NEAR = 300
"""Bytes before and after a node of the tree of pages in which its count is looked for: outlines have counts, too."""
_COUNT = re.compile(rb"/Count\s+(\d{1,9})")
_KIDS = re.compile(rb"/Kids" + BLANK + rb"*(\[(?:" + BLANK + rb"|[0-9R])*\]|\d{1,10})")
_ANY_KIDS = re.compile(rb"/Kids(?![^\s\0/\[(<%])")
_REF = rb"(\d{1,10})" + BLANK + rb"{1,9}\d{1,5}" + BLANK + rb"{1,9}R"
_REFERENCE = re.compile(_REF)
_ALIAS = re.compile(rb"\s*\d+\s+\d+\s+R\b")
_CONTENTS = re.compile(
    rb"/Contents" + BLANK + rb"*(?:(\[(?:" + BLANK + rb"|[0-9R])*\]|\d[^/>\[]*)|(?=[(<]|null))"
)
_ANY_CONTENTS = re.compile(rb"/Contents(?![^\s\0/\[(<%])")
_APPEARANCE = re.compile(rb"/AP" + BLANK + rb"*(?:<<((?:[^<>]|<<[^<>]*>>)*)>>|" + _REF + rb")")
_ANY_APPEARANCE = re.compile(rb"/AP(?![^\s\0/<%])")
_ANNOTATIONS = re.compile(rb"/Annots" + BLANK + rb"*" + _REF)
_SPOKEN = re.compile(rb"/ActualText\s*(\((?:[^()\\]|\\.)*\)|<[0-9a-fA-F\s]*>)", re.DOTALL)
_READ = re.compile(rb"/(?:ToUnicode|N)" + BLANK + rb"{1,9}(\d{1,10}[^/>]*)")


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages; bytes of all strings that may be text; of what a page shows at most; and of what all pages have beside it."""

    number: int
    text_bytes: int
    most_bytes: int
    beside_bytes: int = 0


def pages_of(data: bytes) -> Pages:
    """Raises UnknownPagesError."""
    if b"/Encrypt" in data:
        raise UnknownPagesError
    objects = objects_of(data)
    items = [*objects.plain, *objects.streams]
    number = _number(items)
    spoken = [len(text) for item in items for text in _SPOKEN.findall(item.text)]
    if len(spoken) < sum(item.text.count(b"/ActualText") for item in items):
        raise UnknownPagesError
    shown = Shown(objects, fonts_of(objects), max(spoken, default=0))
    _refuse_disguises(objects)
    most = max([*map(shown.all_of, objects.streams), *_lists(objects.plain, shown)], default=0)
    of_all = sum(map(shown.own, objects.streams))
    return Pages(number, of_all, most, sum(spoken) + _appearances(items, shown))


def _number(items: list[Item]) -> int:
    """Pages, by their objects and by what the nodes of their tree say."""
    pages = counted = 0
    parents: dict[bytes, int] = {}
    texts = {item.number: item.text for item in items if item.number}
    for place, item in enumerate(items, 1):
        pages += len(_PAGE.findall(item.text)) or _is_shown(item.text)
        for node in _PAGES.finditer(item.text):
            near = item.text[max(0, node.start() - _NEAR) : node.end() + _NEAR]
            counted = max([counted, *map(int, _COUNT.findall(near))])
        for named in _kids(item.text, texts):
            parent = item.number or -place
            if len(set(named)) < len(named) or any(
                parents.setdefault(kid, parent) != parent for kid in named
            ):
                raise UnknownPagesError
    if not pages:
        raise UnknownPagesError
    return max(pages, counted)


def _kids(text: bytes, texts: dict[int, bytes]) -> list[list[bytes]]:
    """The lists of what is below a node; a list may be an object of its own."""
    if b"/Kids" not in text:
        return []
    found = _KIDS.findall(text)
    if len(found) < len(_ANY_KIDS.findall(text)):
        raise UnknownPagesError
    lists = [each if each.startswith(b"[") else texts.get(int(each), b"") for each in found]
    return [_REFERENCE.findall(each) for each in lists]


def _is_shown(text: bytes) -> bool:
    """Whether an object is a page without saying so."""
    return b"/Contents" in text and any(_CONTENTS.findall(text))


def _lists(plain: list[Item], shown: Shown) -> list[int]:
    """What each list of streams shows, which may name one stream many times."""
    found = []
    for item in plain:
        if item.text.lstrip().startswith(b"["):
            found.append(_of_refs(item.text, shown))
        if b"/Contents" not in item.text:
            continue
        named = _CONTENTS.findall(item.text)
        if len(named) < len(_ANY_CONTENTS.findall(item.text)):
            raise UnknownPagesError
        found += [_of_refs(each, shown) for each in named if each.startswith(b"[")]
    return found


def _of_refs(text: bytes, shown: Shown) -> int:
    return sum(1 + shown.of(int(number)) for number in _REFERENCE.findall(text))


def _refuse_disguises(objects: Objects) -> None:
    """No stream that is said to be a picture or a font is a page's content; no object is another's name."""
    if any(_ALIAS.match(item.text[:40]) for item in objects.plain):
        raise UnknownPagesError
    for item in objects.plain if objects.textless else ():
        if not any(key in item.text for key in (b"/Contents", b"/ToUnicode", b"/N")):
            continue
        named = b" ".join((*_CONTENTS.findall(item.text), *_READ.findall(item.text)))
        if any(int(number) in objects.textless for number in _REFERENCE.findall(named)):
            raise UnknownPagesError


def _appearances(items: list[Item], shown: Shown) -> int:
    """What annotations show, as often as anything names them."""
    annotated = [item for item in items if b"/AP" in item.text and _ANY_APPEARANCE.search(item.text)]
    if not annotated:
        return 0
    named = Counter(int(number) for item in items for number in _REFERENCE.findall(item.text))
    by_number = {item.number: item.text for item in items}
    known: dict[tuple[int, int], int] = {}
    total = 0
    for item in annotated:
        found = _APPEARANCE.findall(item.text)
        if len(found) < len(_ANY_APPEARANCE.findall(item.text)):
            raise UnknownPagesError
        inside = b" ".join(states or b"%s 0 R" % number for states, number in found)
        cost = sum(
            _of_state(int(number), by_number, known, shown, 2) for number in _REFERENCE.findall(inside)
        )
        total += cost * max(1, named[item.number])
    lists = Counter(number for item in items for number in _ANNOTATIONS.findall(item.text))
    return total * max(lists.values(), default=1)


def _of_state(
    number: int, texts: dict[int, bytes], known: dict[tuple[int, int], int], shown: Shown, depth: int
) -> int:
    """An appearance, or a dictionary of them: one for each state of a field."""
    if (number, depth) not in known:
        cost = shown.of(number)
        if not cost and depth:
            below = _REFERENCE.findall(texts.get(number, b""))
            cost = sum(_of_state(int(each), texts, known, shown, depth - 1) for each in below)
        known[number, depth] = cost
    return known[number, depth]
