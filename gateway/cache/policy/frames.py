"""PURE: what frames an English question and does not change it: politeness, ways to ask for a way, indirect questions."""

import re

from gateway.cache.policy.words import ARTICLES, PHRASES, REQUESTS

_REQUEST = "(?:" + "|".join(sorted(REQUESTS)) + ")"
_WH = "(?:who|whom|whose|what|which|when|where|why|how)"
_KNOW = "(?:know|find out|ask you|ask)"
_GREETING = re.compile(
    r"^(?:(?:hi|hello|hey|greetings|good morning|good afternoon)(?: there| all| everybody| team)?(?: ,)? |(?:so|well|ok|okay|um|thanks|thank you) , )"
)
_ASKED = re.compile(
    rf"^(?:(?:can|could|would|will) (?:you|anybody|somebody) (?:(?:kindly|possibly|maybe|quickly) )?(?={_REQUEST} )"
    rf"|i (?:would like|want|need|would love) you to (?={_REQUEST} )"
    rf"|i (?:would like|want|need|would love|am trying) to {_KNOW} (?=(?:{_WH}|about|the) )"
    rf"|do you (?:happen to )?know (?={_WH} )|(?:does|do) (?:anybody|somebody) (?:here )?know (?={_WH} )"
    rf"|i (?:am|was|have been) (?:just )?(?:wondering|curious) (?:about )?(?={_WH} )|i wonder (?={_WH} )|i do not know (?=how )"
    rf"|(?:may|can|could|might) i (?:know|ask) (?:you )?(?={_WH} )|(?:do you have )?any idea (?={_WH} )"
    rf"|(?:let me know|tell me|help me understand) (?:, )?(?={_WH} )"
    r"|(?:i have a |just a |1 |a )?(?:quick |simple )?question (?:about this )?, )"
)
_INDIRECT = re.compile(r"(?:know|out|ask|you|wonder|wondering|curious|about|idea|me|understand) (?:, )?$")
_ENDING = re.compile(
    r"(?: ,)*(?: (?:thanks|thank you|many thanks|thanks in advance|thank you in advance|thanks a lot)(?: ,)*)+$"
)
_FOR_ME = re.compile(rf"^({_REQUEST}) (?:me|us) (?!about |of )|(?<=\w) (?:for|to) me(?= ,|$)")
_TELL = re.compile(r"^(?:tell me|give me|tell|name|let me know) the (?=\S+(?: \S+)? of )")
_INVERTED = re.compile(
    r"^(what|who|where|when|why|how|how much|which) (?!is |are |was |were )((?:\S+ ){1,7})(is|are|was|were)$"
)
_INVERTED_MODAL = re.compile(
    r"^(how|where|when|what|why) (i|you|we|1) (can|could|should|would|must|will|may|might) "
)
_MODAL_NOT = re.compile(
    r"\b(can|could|should|would|must|will|may|might|do|does|did|is|are|was|were|have|has) (i|you|he|she|it|we|they) not\b"
)
_HOW = re.compile(
    r"^how (?:(?:do|can|could|does|might) (?:i|you|we|1) (?!look |feel |sound |seem |know |think |like |rate |not |work$|do$|mean )|to (?!not )|am i able to |are you able to )"
)
_THE_WAY = re.compile(
    r"^what (?:is|are) (?:the |a |some )?(?:way|ways|method|methods|procedure) (?:to|for me to|i can|to be able to) "
)
_AUXILIARY = re.compile(
    r"^((?:what|who|when|where|why|which|how)(?: (?:much|many|long|often|far|old|tall|big|fast|soon|high|deep|well|type of))?(?: (?!do |does |not )\S+)?) (?:do|does) (?!not )(?=\S+ \S)"
)
_MEAN = re.compile(r"^what (?:do |does )?(.+) (?:mean|means|stand for|stands for)$")
_DIFFER = re.compile(
    r"^how (?:(?:do |does )?(\S+(?: \S+)?) (?:differ|differs) from|(?:is|are) (\S+(?: \S+)?) different (?:from|than|to)) (\S+(?: \S+)?)$"
)
_COST = re.compile(r"^what (?:does |do )?((?:\S+ ){1,6})costs?$")
_WHICH = re.compile(r"^which (?=(?:is|are|was|were) (?:the )?(?:best|most|least|worst|\w+est) )")
_FRONTED = re.compile(
    rf"^((?:in|on|for|with|at|under|using|during|after|before|within|by|from) (?:[^ ,]+ ){{1,8}}), (?=(?:{_WH}|is|are|was|were|do|does|did|can|could|should|would|will|must|may|{_REQUEST}) )(.*?)( ,)*$"
)
_WHY_NOT = re.compile(
    r"^(why(?: is| are| was| were| did| can| could| will| would| has| have| should)?) (.*) not (.*)$"
)
_CLAUSE = re.compile(r" (?:who|that|which|to|and|but|or|if|because|when|while|,) ")
_PHRASE = re.compile(
    r"(?<!\S)(?:" + "|".join(sorted(map(re.escape, PHRASES), key=len, reverse=True)) + r")(?!\S)"
)
_PLEASE = re.compile(r"(?<!\S)(?:, )?(?:please|kindly)(?: ,)?(?!\S)")
_MAX_TURNS = 4


def unframed(tokens: list[str]) -> list[str]:
    """The tokens of an English question, in small letters, without its frame."""
    text = " ".join(tokens)
    text = _PLEASE.sub("", text).strip() if "please" in text or "kindly" in text else text
    text = _stripped(" ".join(text.split()))
    text = _PHRASE.sub(lambda match: PHRASES[match.group()], text)
    text = _FRONTED.sub(r"\2 \1", text).strip()
    text = _MODAL_NOT.sub(r"\1 not \2", text)
    text = _HOW.sub("how ", text, count=1)
    text = _THE_WAY.sub("how ", text, count=1)
    text = _WHICH.sub("what ", text)
    text = _said_otherwise(text.rstrip(" ,"))
    text = _AUXILIARY.sub(r"\1 ", text)
    if text.startswith("why ") and text.count(" not ") == 1 and not _CLAUSE.search(text):
        text = _WHY_NOT.sub(r"\1 not \2 \3", text)
    return text.split()


def _stripped(text: str) -> str:
    """Without greetings, requests to be told, and thanks."""
    is_indirect = False
    for _ in range(_MAX_TURNS):
        before = text
        text = _GREETING.sub("", text).lstrip(" ,")
        if match := _ASKED.match(text):
            is_indirect = is_indirect or _INDIRECT.search(match.group()) is not None
            text = text[match.end() :]
        if text == before:
            break
    text = _ENDING.sub("", text).rstrip(" ,")
    text = _FOR_ME.sub(lambda match: f"{match[1]} " if match[1] else "", text)
    text = _TELL.sub("what is the ", text)
    if is_indirect:
        text = _INVERTED.sub(r"\1 \3 \2", text).strip()
        text = _INVERTED_MODAL.sub(r"\1 \3 \2 ", text)
    return text


def _said_otherwise(text: str) -> str:
    """Whole questions that are asked in two ways."""
    if text.startswith("what ") and (match := _MEAN.match(text)):
        return f"what is meaning of {match[1]}"
    if match := _COST.match(text):
        return f"how much {match[1]}cost"
    if match := _DIFFER.match(text):
        return f"what is difference between {match[1] or match[2]} and {match[3]}"
    return text


def without_articles(tokens: list[str], stops: frozenset[str]) -> tuple[list[str], list[str]]:
    """The tokens without articles and pauses, and for each the article or word that stood before it.

    An `a` with no word of its own behind it is a letter: vitamin a.
    """
    kept: list[str] = []
    before: list[str] = []
    last = ""
    for at, token in enumerate(tokens):
        if token in ARTICLES:
            following = tokens[at + 1] if at + 1 < len(tokens) else ""
            is_letter = token == "a" and (not following or following in stops)
            if not is_letter:
                last = token
                continue
        elif token == ",":
            last = ""
            continue
        kept.append(token)
        before.append(last)
        last = token
    return kept, before
