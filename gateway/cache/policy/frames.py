"""PURE: what frames an English question and does not change it: politeness, ways to ask for a way, indirect questions."""

import re

from gateway.cache.policy.wordings import inverted, reworded, without_exactly
from gateway.cache.policy.words import ARTICLES, PHRASES, POLITE_REQUESTS, REQUESTS

_REQUEST = "(?:" + "|".join(sorted(REQUESTS)) + ")"
_POLITE = "(?:" + "|".join(sorted(POLITE_REQUESTS)) + ")"
_WH = "(?:who|whom|whose|what|which|when|where|why|how)"
_KNOW = "(?:know|find out|ask you|ask)"
_BEGINS = rf"(?=(?:{_WH}|is|are|was|were|do|does|did|can|could|should|would|will|must|may|i|{_REQUEST}) )"
_GREETING = re.compile(
    rf"^(?:(?:hi|hello|hey|greetings|good morning|good afternoon|good evening|good day)(?: there| all| everybody| everyone| team)? (?:(?:, )+|{_BEGINS})"
    r"|(?:so|well|ok|okay|um|uh|hmm|alright|sorry|excuse me|just wondering|thanks|thank you|dear (?:assistant|team|all|support|bot|chatbot|ai|sir|madam)) (?:, )+"
    rf"|(?:ok|okay|alright|sorry|excuse me|well|um)(?: so)? (?={_WH} )|so (?={_WH} (?:is|are|was|were|do|does|did|can|could|should|would|will) ))"
)
_ASKED = re.compile(
    rf"^(?:(?:can|could) (?:you|anybody|anyone|somebody|someone) (?:(?:kindly|possibly|maybe|quickly) )?(?={_POLITE} )"
    rf"|(?:can|could|would|will) you (?:please|kindly) (?={_REQUEST} )|(?:would|will) you (?=(?:tell|explain|show|help) |give me )"
    rf"|i (?:would like|want|need|would love) you to (?={_REQUEST} )"
    rf"|i (?:would like|want|need|would love|am trying) to {_KNOW} (?={_WH} )"
    rf"|do you (?:happen to )?know (?={_WH} )|(?:does|do) (?:anybody|anyone|somebody|someone) (?:here )?know (?={_WH} )"
    rf"|i (?:am|was|have been) (?:just )?(?:wondering|curious) (?:about )?(?={_WH} )|i wonder (?={_WH} )"
    rf"|would you mind telling me (?={_WH} )|(?:can|could|would) you let me know (?=(?!when ){_WH} )|(?:(?:can|could|would|will) you (?:please |kindly )?)?remind me (?=(?!to |when ){_WH} )"
    r"|(?:show me|explain|explain to me|teach me|teach|show|describe) (?=how (?:to|i can|can i|do i|i) (?!not ))"
    rf"|(?:may|can|could|might) i (?:know|ask) (?:you )?(?={_WH} )|(?:do you have )?any idea (?={_WH} )"
    rf"|let me know (?:, )*(?=(?!when ){_WH} )|(?:tell me|help me understand) (?:, )*(?={_WH} )"
    r"|(?:i have a |just a |1 |a )?(?:quick |simple )?question (?:about this )?(?:, )+)"
)
_INDIRECT = re.compile(r"(?:know|out|ask|you|wonder|wondering|curious|about|idea|me|understand) $")
_ENDING = re.compile(
    r"(?: ,)+(?: (?:thanks|thank you|many thanks|thanks in advance|thank you in advance|thanks a lot|thank you very much)(?: ,)*)+$"
    r"|(?<! say)(?<! write)(?<! type)(?<! reply)(?<! mean)(?<! spell)(?<! with)(?<! of)(?<!translate) (?:many thanks|thanks|thank you) in advance(?: ,)*$|(?<=>) (?:thanks|thank you)(?: ,)*$"
)
_FOR_ME = re.compile(
    r"^((?:explain|translate|summarize|write|draft|draw|rewrite|outline|list) (?:(?!what |how |why |if |whether |who |that )\S+ )*\S+) for me(?= ,|$)"
    r"|^(explain (?:(?!what |how |why |if |whether |who |that )\S+ )*\S+) to me(?= ,|$)"
)
_GIVE_ME = re.compile(
    r"^(give|show|write|find|suggest|recommend|draw|teach|draft|generate|tell|make) (?:me|us) (?!(?:about|of|off|up|down|out|in|on|to|with|for|from|by|at|over|,) )(?=\S+ )"
)
_TELL = re.compile(
    r"^(?:(?:tell me|give me|name) the (?=\S+(?: \S+)? of )|tell me the (?!truth|story|way|time)(?=\S+(?: \S+){0,2}(?: ,)*$))"
)
_CLAUSE_IN_SHORT = re.compile(r" (?:who|that|which|how|why|about|when|if|is|are) ")
_INVERTED = re.compile(
    r"^(what|who|where|when|why|how|how much|which) (?!is |are |was |were )((?:\S+ ){1,12})(is|are|was|were)$"
)
_INVERTED_MODAL = re.compile(
    r"^(how|where|when|what|why) (i|you|we|1) (can|could|should|would|must|will|may|might) "
)
_MODAL_NOT = re.compile(
    r"(?:(?<=^why )(can|could|should|would|must|will|may|might|do|does|did|is|are|was|were|have|has)|\b(do|does|did|is|are|was|were|have|has)) "
    r"(i|you|he|she|it|we|they) not\b"
)
_NOT_DOING = re.compile(
    r"^((?:why )?(?:is|are|was|were|do|does|did|can|could|will|would|should)) not (?=(?:\S+ly )?\w+ing\b)"
)
"""Here "is not eating" isn't "isn't eating"."""
_OF_ME = re.compile(r" (?:my|me|our|us|mine|your)(?= |$)")
_HOW_YOU = re.compile(r"^how (?:do|can|could|does|might|would|should) you ")
_OF_WHO_ANSWERS = re.compile(
    r"^how (?:do|can|could|would|should) you (?:handle|process|store|protect|secure|charge|bill|ship|deliver|price|calculate|support|decide|choose|verify|collect|share|use|work|operate"
    r"|learn|think|generate|sell|pay|sleep|keep|manage|select|source|hire|recruit|rate|rank|review|test|ensure|guarantee|measure|differ|help|respond|answer|know"
    r"|feel|plan|spend|monitor|evaluate|assess|moderate|filter|encrypt|back|host|run|serve|communicate|relax|spell|look|want|like|remember|update|recycle|train|set|notify|package|authenticate|dispose|prevent|detect|approve|deal with (?:customers|complaints|returns)|pick|invoice|refund|return|cancel|deliver"
    r"|validate|audit|report|schedule|assign|grade|score|promote|advertise|insure|maintain|distribute|produce|manufacture|treat (?:customers|users|staff|patients|employees)|fix bugs|build trust|make decisions|(?:get paid|make money|earn money)$)\b"
)
"""Verbs of a service or a mind: "you" may be who answers."""
_OF_NATURE = re.compile(
    r"^how (?:do|does) (?:i|you|we|1|somebody|someone|a person) (?:see(?! (?:who|what|if|whether))|hear|breathe|dream|sleep|digest|age|grow|die|forget|taste|smell|perceive|sweat|yawn|sneeze|blink|cry|laugh|think|fall asleep)\b"
)
"""What is done by itself: how it happens is not how it is brought about."""
_ONE_WORD = re.compile(r"^how \S+ you \S+$")
_GOALS = "(?:prepare|apply|ask|talk|launch|remove|write|find|create|answer|solve|fix|start|begin|learn|study|improve|overcome|stop|avoid|become|deal|get|make|earn|gain|lose|build|develop|increase|reduce)\\b"
"""Verbs of which one wants the end: how it should be done is how it can be. How one should vote isn't how one can."""
_HOW = re.compile(
    r"^how (?:(?:(?:do|can|could|does|might) (?:i|you|we|1|somebody|someone|a person)|(?:should|would|shall) (?:i|you|we|1|somebody|someone|a person)(?= "
    + _GOALS
    + r")) (?!(?:look|feel|sound|seem|know|think|like|rate|not|mean)\b|(?:work|do)$)|to (?!not )|am i able to |are you able to )"
)
_THE_WAY = re.compile(
    r"^what (?:is|are) (?:the |a |some )?(?:way|ways|method|methods|procedure|process|steps) (?:to|for me to|i can|to be able to) (?!not )"
)
_HOW_THEN = re.compile(
    r"(?<= , )how (?:do|can|could|should) (?:i|we|1) (?!(?:look|feel|sound|seem|know|think|not|mean)\b)"
)
_JOINED = re.compile(r"^(?:to |how )(setup|login|logout|backup|signup)(?= )")
_APART = {"setup": "set up", "login": "log in", "logout": "log out", "backup": "back up", "signup": "sign up"}
_INTO = re.compile(r"^((?:\S+ )*(?:convert|translate) (?:\S+ )*?)into ")
_TO_DO = re.compile(
    r"^what (?:(?:can|could|should) (?:i|you|we|1)|do (?:i|we)(?: need to| have to)?) do (?:in order )?to (?!not |(?:the|a|an|this|that|these|those|my|your|his|her|its|our|their|it|him|them|me|us|you|each|every|all)(?: |$))"
)
_ONE = re.compile(
    r"\b(can|could|should|would|must|may|might) 1 (?=(?!(?:be|or|and|of|equal|plus|minus|times|divided|percent)\b)[a-z]+)"
)
"""Whoever asks: should one tip."""
_FRONTED = re.compile(
    rf"^((?:in|on|for|with|at|under|using|during|after|before|within|by|from) (?:[^ ,]+ ){{1,8}}), (?=(?:{_WH}|is|are|was|were|do|does|did|can|could|should|would|will|must|may|{_REQUEST}) )(.*?)( ,)*$"
)
_IN_WHAT_WAY = re.compile(r"^in (?:what|which) way (?=(?:can|could|do) (?:i|you|we|1) )")
_FRONTED_PLAINLY = re.compile(
    r"^((?:in|using|with|under) (?!what|which|who|how)[^ ,]+) ((?:how (?:do|can|could|to)|what (?:is|are)) [^,?]*)$"
)
"""In Python how do I sort a list: one word, and no pause."""
_SECOND_VERB = re.compile(
    r" (?:that|who|which|he|she|they|it|we|say|says|said|think|thinks|thought|claim|claims|when|if|because|before|after|while|,|(?:promise|plan|want|decide|agree|ask|tell|told|order|offer|refuse|threaten|hope|expect|claim|seem|force)(?:s|d|ed|ned|ing)? (?:\S+ )?to) "
)
"""Then a phrase at the end belongs to another verb than at the beginning."""
_WHY_NOT = re.compile(
    r"^(why(?! not | \S+ not )(?: is| are| was| were| did| can| could| will| would| has| have| should)?) (.*) not (.*)$"
)
_WHY_DO_NOT = re.compile("^why (?:do|does) not ")
_CLAUSE = re.compile(
    r" (?:who|that|which|to|and|but|or|if|because|when|while|,|all|every|each|both|only|always|most|many|everybody|everyone|everything) "
)
_PHRASE = re.compile(
    r"(?<!\S)(?:" + "|".join(sorted(map(re.escape, PHRASES), key=len, reverse=True)) + r")(?!\S)"
)
_PLEASE = re.compile(
    r"^(?:please|kindly) (?:, )*|(?<= ,) (?:please|kindly)(?= )|(?<=you) (?:please|kindly)(?! [a-z]+ )| (?:please|kindly)(?= (?:tell me|explain|list|give me|help)\b)"
    r"|(?: ,)+ please(?: ,)*$|(?<! say)(?<! for)(?<! word)(?<! mean)(?<! of)(?<! spell)(?<! translate)(?<! write)(?<! than)(?<! use)(?<! with)(?<! or)(?<! and)"
    r"(?<! between)(?<! the)(?<! a) please(?: ,)*$"
)
_MAX_TURNS = 4


def unframed(tokens: list[str]) -> list[str]:
    """The tokens of an English question, in small letters, without its frame."""
    text = _NOT_DOING.sub(r"\1 not-doing ", " ".join(tokens)).replace("n't", "not")
    if "please" in text or "kindly" in text:
        text = _PLEASE.sub("", text).strip(" ,")
    text = without_exactly(_IN_WHAT_WAY.sub("how ", _stripped(" ".join(text.split()))))
    text = _FRONTED_PLAINLY.sub(r"\2 \1", text)
    text = _ONE.sub(r"\1 i ", text)
    text = _PHRASE.sub(lambda match: PHRASES[match.group()], text)
    if (match := _FRONTED.match(text)) and not _SECOND_VERB.search(f"{match[2]} "):
        text = f"{match[2]} {match[1]}".strip()
    text = _MODAL_NOT.sub(lambda match: f"{match[1] or match[2]} not {match[3]}", text)
    text = inverted(text)
    is_of_you = _HOW_YOU.match(text) and (
        _OF_ME.search(text) or _ONE_WORD.match(text) or _OF_WHO_ANSWERS.match(text)
    )
    if not is_of_you and not _OF_NATURE.match(text):
        text = _HOW.sub("how ", text, count=1)
    text = _TO_DO.sub("how ", _THE_WAY.sub("how ", text, count=1), count=1)
    text = _HOW_THEN.sub("how ", text)
    text = _JOINED.sub(lambda match: match[0].replace(match[1], _APART[match[1]]), text)
    if " into " in text and " to " not in text:
        text = _INTO.sub(r"\1to ", text)
    text = reworded(text.rstrip(" ,"))
    text = _WHY_DO_NOT.sub("why not ", text)
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
    text = _FOR_ME.sub(lambda match: match[1] or match[2], text)
    if not _CLAUSE_IN_SHORT.search(text):
        text = _TELL.sub("what is the ", text)
    text = _GIVE_ME.sub(r"\1 ", text)
    if is_indirect:
        text = text.rstrip(" ,")
        text = _INVERTED.sub(r"\1 \3 \2", text).strip()
        text = _INVERTED_MODAL.sub(r"\1 \3 \2 ", text)
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
            is_letter = token == "a" and (not following or following in stops or following in ARTICLES)
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
