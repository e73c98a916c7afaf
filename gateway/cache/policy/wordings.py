"""PURE: whole English questions that are asked in several ways, brought into one."""

import re

from gateway.cache.policy.words import GENERIC, PREPOSITIONS, QUALITIES, words_of

_BE = "is|are|was|were"
_MODAL = "can|could|should|would|must|will|may|might"
_AUXILIARIES = f"{_BE}|{_MODAL}|do|does|did|has|have|had"
_CLAUSES = "and|or|who|that|which|if|when|because|while|,"
_WHERE = re.compile(
    r"^where (?:(?:can|could|do) (?:i|we|1)|(?:can|could) you) (?=(?:find|get|buy|purchase|see|read|download|order) (?!.*\b(?:your|yourself|my|me)\b))"
)
_WHICH_ONE = re.compile(r"^which 1 (?=is |are )")
_WHICH = re.compile(r"^which (?!of )")
_BEST = re.compile(
    rf"^what ((?:(?!(?:{_AUXILIARIES}|{_CLAUSES}|of|in|not|kind|type) )\S+ ){{1,3}})(is|are) (?:the )?(best|worst)(?= (?:for|to|in|at|under|on) |$)"
)
"""What book is best for it: the best book for it."""
_WHEN = re.compile(r"^what does it mean when ")
_THERE = re.compile(r"^(how many (?:\S+ ){1,3}(?:is|are)) there (?=in )")
_COUNTED = {"step", "requirement", "component", "ingredient", "rule", "property", "difference"}
"""Of these all are asked for."""
_OF_SEVERAL = (
    QUALITIES
    | words_of(
        "best worst favorite favourite funniest most facts ideas questions lessons tools options topics"
    )
    | {f"{noun}s" for noun in GENERIC - _COUNTED}
    | {"properties", "remedies"}
)
_EXAMPLES = f"(?:{'|'.join(sorted(_OF_SEVERAL))})"
_SOME = re.compile(
    rf"^(?:(what (?:is|are)) some (?=(?:\S+ ){{0,2}}{_EXAMPLES} )|((?:is|are|was|were) there) (?:some|any) (?!of |more |other |\S+$))"
)
_SOME_OF = re.compile(
    rf"^(what (?:is|are)) some of (?=(?:the|your|my|our|his|her|their) (?:\S+ ){{0,2}}{_EXAMPLES} )"
)
"""Some of what is best, or of what there are several of anyway: of other things, some are not all."""
_LONG = re.compile(r"^how much time (?=(?:does|do|did|will|would|is|has) )")
_FEEL = re.compile(r"^what does it feel like (?=to )")
_LIKE = re.compile(r"^(?:how (is|was) it|what it (is|was) like) (?=to [a-z]+|being )")
_LIKE_BEING = re.compile(r"^(what (?:is|was) it like )being ")
_REALLY = re.compile(r"(?<! not) (?:really|actually)(?! not)(?= |$)")
_EXACTLY = re.compile(rf"^((?:what|who|where|when|why|how)(?: (?:{_BE}|do|does|did))?) exactly (?=[a-z])")
_SO = re.compile(r" so (?!(?:that|far|long|many|much|called|as|on|what|not|and|or|it|is|to) )(?=[a-z]+)")
_THAT = re.compile(rf"(?<=\w)( \S+) that (?=(?:i|you|he|she|we|they) (?!(?:{_CLAUSES}) )\S)")
_BEFORE_THAT = PREPOSITIONS | words_of("is are was were so such now all it not and or if")
"""Words after which "that" is no mere conjunction."""
_AND_WHAT = re.compile(
    rf" and (?=(?:what|how|who|where|when|why) (?:{_AUXILIARIES}) )(?=[a-z]+ [a-z]+ (?:it|its|they|their|he|she|some|the|his|her) )"
)
_BE_SOMETHING = re.compile(
    r"^how be (?!able |(?:(?:a|an|the) )?(?:father|mother|parent|dad|mom|mum|friend|husband|wife|man|woman|girlfriend|boyfriend|brother|sister|son|daughter|child|kid|neighbor|guest|host|boss"
    r"|single|alone|quiet|still|present|here|there|in|on|at|with|without|out|off|up|of|near|away|home|late|early|sure)\b)"
)
"""Who is a father asks how to be one, who is not how to become one."""
_SUPERLATIVE = re.compile(r" (?:best|worst|most|least|\w{3,}est) ")
_EVER = re.compile(r"(?<= have) ever(?= )|(?<= has) ever(?= )| ever$| of all time$")
_YOU_EVER = re.compile(r" (i|you|we) ever (?=[a-z])")
_LOCATED = re.compile(r"^(where (?:is|are) .+) (?:located|situated)$")
_GET_BETTER = re.compile(
    r"^how get (?=better |richer |rich |famous |popular |smarter |stronger |taller |healthier |slimmer )"
)
_NOT_INVERTED = re.compile(
    rf"^(why|where|when|how(?= (?:the|a|an|my|your|our|their|his|her|its|this|i|we|you|he|she|it|they|people) )) "
    rf"((?:(?!(?:{_AUXILIARIES}|{_CLAUSES}|not|to|about|come) )\S+ ){{1,6}})({_BE}|{_MODAL}) (?=[^ ,])"
)
"""Why chemistry is hard: why is chemistry hard. Behind "how" may stand a quality, so there it takes a subject to know."""
_NOT_ASKED = re.compile(rf"^how (i|we) (?!(?:{_AUXILIARIES}|am|not|never|{_CLAUSES}) )")
_AUXILIARY = re.compile(
    r"^((?:when|where|why|how)(?: (?:much|long|often|far|old|tall|big|fast|soon|high|deep|well))?(?: (?!do |does |not |many )\S+)?"
    r"|(?:what|who|which|how many)(?: type of)? (?!do |does |not )\S+) (?:do|does) (?!not )(?=\S+ \S)"
)
"""Behind "what" and "how many" alone it tells who does it: what sharks eat, what do sharks eat."""
_MEAN = re.compile(
    r"^what (?:(?:do |does )?(.+) (?:mean|means)|(?:is|are) (?:the )?meaning of (.+)|(?:is|are) meant by (.+)|do you mean by (.+))$"
)
_SIDE = r"(\S+(?: \S+){0,3}?)"
_DIFFER = re.compile(
    rf"^how (?:(?:do |does )?{_SIDE} (?:differ|differs) from|(?:is|are) {_SIDE} different (?:from|than|to)) {_SIDE}$"
)
_DIFFERENT = re.compile(
    rf"^how (?:(?:is|are) {_SIDE} and {_SIDE} different|(?:do |does ){_SIDE} and {_SIDE} differ)$"
)
_COST = re.compile(
    r"^what (?:(?:does |do )((?:\S+ ){1,6})cost|(?:is|are) (?:the )?cost of (\S+(?: \S+){0,5}))$"
)
_OLD = re.compile(r"^how old (?:is|are) (?!consent|majority|reason|empires)(\S+(?: \S+){0,2})$")
_BOUND = re.compile(r" (?:and|or|in|of|when|if|that|who|which|with|for|to|not|between) ")


def without_exactly(text: str) -> str:
    """A question without the "exactly" that only stresses its first word."""
    return _EXACTLY.sub(r"\1 ", text)


def inverted(text: str) -> str:
    """A question whose verb stands where that of a statement does: how I can do it, why it is so."""
    return _NOT_ASKED.sub(r"how do \1 ", _NOT_INVERTED.sub(r"\1 \3 \2", text))


def reworded(text: str) -> str:
    """A question without its frame, as it is asked most often."""
    text = _WHICH.sub("what ", _WHICH_ONE.sub("which ", _WHERE.sub("where i ", text)))
    text = _AND_WHAT.sub(" , ", text)
    text = _without_weight(text)
    text = _THERE.sub(
        r"\1 ",
        _WHEN.sub(
            "what does it mean if ",
            _SOME.sub(lambda match: f"{match[1] or match[2]} ", _SOME_OF.sub(r"\1 ", text)),
        ),
    )
    text = _FEEL.sub("how does it feel ", _LONG.sub("how long ", text))
    text = _LIKE.sub(lambda match: f"what {match[1] or match[2]} it like ", text)
    text = _GET_BETTER.sub("how become ", _LOCATED.sub(r"\1", text))
    text = _LIKE_BEING.sub(r"\1to be ", _BE_SOMETHING.sub("how become ", text))
    return _AUXILIARY.sub(r"\1 ", _whole(text))


def _without_weight(text: str) -> str:
    """Without words that only stress what is asked."""
    text = without_exactly(_REALLY.sub("", text))
    text = _THAT.sub(
        lambda match: match.group() if match[1].strip() in _BEFORE_THAT else f"{match[1]} ", text
    )
    if text.startswith("why "):
        text = _SO.sub(" ", text)
    if _SUPERLATIVE.search(text):
        text = _EVER.sub("", _YOU_EVER.sub(r" \1 have ", text))
    return text


def _whole(text: str) -> str:
    """What a word means, what things cost and how they differ."""
    if text.startswith("what "):
        if match := _MEAN.match(text):
            return f"what is meaning of {match[1] or match[2] or match[3] or match[4]}"
        if match := _COST.match(text):
            return f"how much {(match[1] or match[2]).strip()} cost"
        return _BEST.sub(lambda match: f"what {match[2]} {match[3]} {match[1].strip()}", text)
    if text.startswith("how "):
        if (match := _DIFFER.match(text)) or (match := _DIFFERENT.match(text)):
            sides = [side for side in match.groups() if side]
            if not any(_BOUND.search(f" {side} ") for side in sides):
                return f"what is difference between {sides[0]} and {sides[1]}"
        if (match := _OLD.match(text)) and not _BOUND.search(f" {match[1]} "):
            return f"what is age of {match[1]}"
    return text
