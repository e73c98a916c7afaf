"""PURE: what is known of English words. Whatever is not in these lists is a word of its own, and has to be there on both sides."""


def words_of(text: str) -> frozenset[str]:
    """The words of a line."""
    return frozenset(text.split())


ARTICLES = frozenset({"a", "an", "the"})
PREPOSITIONS = words_of(
    "in on at from to into onto with without for about by of off over under above below between among against through during before after since until "
    "within across along around behind beside beyond near toward via per as like than inside outside upon out up down away"
)
CONJUNCTIONS = words_of("and or but nor if whether because while though although unless so that then vs")
QUESTION_WORDS = words_of("who whom whose what which when where why how")
OF_HOW = words_of(
    "many much long often far old tall big large deep high fast soon heavy wide late early well"
)
AUXILIARIES = words_of(
    "be was do did has had can could may might must shall should will would been being have am"
)
PRONOUNS = words_of("i you he she it we they me him us them 1 there this these those")
WHOSE = words_of("my your his her its our their mine yours hers ours theirs")
FUNCTION_WORDS = (
    ARTICLES
    | PREPOSITIONS
    | CONJUNCTIONS
    | QUESTION_WORDS
    | AUXILIARIES
    | PRONOUNS
    | WHOSE
    | {"not", "is", "are", "were", "does", ","}
)
NEGATIONS = words_of(
    "not no never none nobody nothing nowhere neither nor without except unless cannot hardly barely rarely seldom lack lacking "
    "absent excluding minus non un free instead avoid stop prevent refuse fail"
)
MODALS = words_of(
    "can could may might must shall should will would need ought allowed supposed required able have"
)
TIMES = words_of(
    "yesterday today tomorrow tonight now currently current last this these next previous past present future ago recent recently latest upcoming "
    "already yet still was did had been will before after since until during every daily weekly monthly yearly annual"
)
DIRECTIONS = words_of(
    "more less fewer most least greater smaller bigger larger higher lower better worse best worst cheaper dearer cheapest older younger newer faster slower "
    "longer shorter earlier later before after above below over under increase decrease raise reduce grow shrink rise fall gain lose add remove "
    "subtract multiply divide plus minus min max minimum maximum top bottom up down left right north south east west in out on off enable disable "
    "open close start stop begin end buy sell lend borrow import export upload download install uninstall encrypt decrypt lock unlock push pull "
    "win lose hot cold warm cool old new high low long short fast slow early late big small large light heavy dark wet dry rich poor strong weak "
    "easy hard cheap expensive good bad safe unsafe dangerous legal illegal true false positive negative inside outside front back forward backward "
    "ascending descending horizontal vertical internal external public private input output send receive give take save delete create destroy "
    "accept reject allow deny permit forbid approve include exclude connect disconnect attach detach insert read write lossy lossless "
    "love hate male female man woman boy girl father mother son daughter husband wife brother sister uncle aunt "
    "inhale exhale ally enemy import export credit debit asset liability profit loss supply demand deflation inflation asc desc bull bear"
)
LANGUAGES_AND_FORMATS = words_of(
    "english french german spanish italian portuguese dutch russian chinese mandarin japanese korean arabic hindi turkish polish greek latin swedish "
    "danish norwegian finnish hebrew json xml yaml csv html markdown table list bullet bullets sentence sentences paragraph paragraphs word words "
    "line lines page pages poem essay summary step steps detail details short brief briefly simple formal informal letter email haiku code diagram chart"
)
REQUESTS = words_of(
    "tell explain list describe summarize translate write give show name define compare help suggest recommend provide create make generate find "
    "calculate compute convert solve draft rewrite rephrase correct fix check analyze outline identify classify extract count sort rank review "
    "propose plan design draw print return reply answer discuss teach share send delete remove add change update set open close turn "
    "enable disable start stop install build implement debug optimize improve simplify shorten expand paraphrase proofread format"
)
"""Verbs that a request begins with."""

POLITE_REQUESTS = words_of(
    "tell explain list describe summarize summarise translate write give show recommend suggest draft rewrite rephrase paraphrase proofread compare define "
    "outline generate provide help analyze analyse"
)
"""Of these "can you" asks for the thing itself; of others it may ask whether it can be done."""

CONTRACTIONS = {
    "can't": "can n't", "cannot": "can not", "won't": "will n't", "shan't": "shall n't", "ain't": "is n't", "let's": "let us", "i'm": "i am",
    "dont": "do n't", "doesnt": "does n't", "didnt": "did n't", "cant": "can n't", "isnt": "is n't", "arent": "are n't", "wasnt": "was n't",
    "werent": "were n't", "couldnt": "could n't", "shouldnt": "should n't", "wouldnt": "would n't", "havent": "have n't", "hasnt": "has n't",
    "whats": "what is", "wheres": "where is", "hows": "how is", "whos": "who is", "im": "i am", "ive": "i have", "youre": "you are",
    "theyre": "they are", "thats": "that is", "pls": "please", "plz": "please", "thx": "thanks",
}  # fmt: skip
"""Whole words; others are taken apart at the apostrophe."""
CONTRACTED_ENDINGS = {"t": "not", "re": "are", "ve": "have", "ll": "will", "d": "would", "m": "am"}
BEFORE_IS = words_of("what who where when how why that there here it he she")
"""Words after which `'s` is `is`; after others it says whose."""

PLURALS = {
    "children": "child", "men": "man", "women": "woman", "feet": "foot", "teeth": "tooth", "mice": "mouse", "geese": "goose", "knives": "knife",
    "wives": "wife", "lives": "life", "wolves": "wolf", "shelves": "shelf", "halves": "half", "thieves": "thief", "analyses": "analysis",
    "criteria": "criterion", "phenomena": "phenomenon", "potatoes": "potato", "tomatoes": "tomato", "heroes": "hero", "goes": "go", "buses": "bus",
    "viruses": "virus", "statuses": "status", "bonuses": "bonus", "gases": "gas", "matrices": "matrix", "indices": "index", "does": "do",
    "movies": "movie", "cookies": "cookie", "calories": "calorie", "zombies": "zombie", "selfies": "selfie", "brownies": "brownie", "rookies": "rookie",
    "birdies": "birdie", "hoodies": "hoodie", "smoothies": "smoothie", "genies": "genie", "pixies": "pixie", "prairies": "prairie",
}  # fmt: skip
NO_PLURALS = words_of(
    "securities interests forces manners pains colors communications relations derivatives futures stocks papers irons woods airs grounds duties writings "
    "news goods customs glasses arms means savings series species always perhaps lens gas bus plus minus status virus bonus focus campus versus "
    "this is was has its his us yes thus as does across towards besides sometimes afterwards windows pants shorts jeans scissors clothes contents works "
    "spirits damages minutes seconds odds thanks premises quarters remains proceeds hers ours yours theirs types airlines sports bass boss "
    "hives shingles piles crabs bends briefs boxers trunks slacks trainers pumps flats braces tights scales dates chips grits darts hearts spades clubs "
    "diamonds values powers authorities utilities humanities equities royalties funds greens blues sweets looks brains arts letters runs spectacles "
    "earnings belongings holdings bearings overalls loafers heels tropics classics regards respects ashes blinds riches troops waters sands rights sciences "
    "thousands hundreds millions bases credits charges checkers drafts beats dominoes stills greetings vitals specs sticks tongs pliers compasses "
    "binoculars privates generals "
    "headquarters whereas unless less lies needs mars paris texas james charles jones williams hughes adams moss atlas canvas christmas jesus"
)
"""Words on -s that are no plural, or whose singular is another word."""
GENERIC = words_of(
    "reason cause symptom effect benefit advantage disadvantage difference way method step requirement use purpose type kind example side tip rule "
    "feature principle function characteristic property treatment consequence component ingredient risk"
)
"""Nouns of which the singular asks for as much as the plural: "the symptom of", "the symptoms of"."""
QUALITIES = words_of(
    "good bad great nice cheap expensive safe better worse top popular famous common main important fast slow big small large old new rich poor strong weak easy hard"
)
"""Words by which some are chosen among many, so that one and many are others."""
ONE_OR_MANY = frozenset({"way", "method", "tip"})
"""Nouns that ask for the same in both numbers even beside a superlative."""

ARTICLE_MATTERS = words_of(
    "water food coffee tea milk beer wine juice oil gas air fire ice iron glass paper light tin rubber wood chicken lamb fish turkey duck salmon cloth copper gold "
    "silver steel lead stone time matter weather temperature news law power sound space hair date score balance film change cold cancer fat pain death life "
    "history experience truth love fear hope speech language art school church prison hospital college traffic heat noise sugar salt bread meat cheese rice butter "
    "chocolate cake pizza medicine exercise youth rain snow wind smoke dust sand soil sea marble clay leather wool cotton silk plastic brick concrete string rope "
    "evidence damage knowledge nature virtue right fact trade crime sin war peace room man money"
)
"""Nouns that are something else with an article than without: a glass and glass, the time and time."""
THE_MATTERS_AFTER_PREPOSITION = words_of(
    "office charge question board place front house table case course order demand hand view line sight point future past way side heart fact effect stage air ground "
    "market house court field track road ball run clock day night sea beach top bottom end beginning middle red black moment minute time bed class work home town"
)
"""Nouns that are a phrase without "the" behind a preposition: in charge, out of question, on board."""
CASE_MATTERS = words_of(
    "us it who may march august can will aids sat act cat has ice is an in on at or and not was really actually so ever are"
)
"""Words that are another word in capitals, as a name or an acronym."""

NAMES_TOO = words_of(
    "turkey polish china apple amazon shell windows chase grant drew chad jordan georgia reading bath nice cork hull wales mercury mars earth moon god ford "
    "dodge mini seat pin pos sap ups led dos pad pan mad fit fat gas hip lap map net word teams edge swift rust go dart basic scheme spring rails flask "
    "spark hive react node unity unreal steam epic meet drive keep maps photos square stripe sage dove crest monday guinea chile king queen prince young "
    "black white brown green gray wood bell ring nest echo bard falcon nova opus sonnet "
    # companies, products, programs and languages
    "slack zoom discord signal telegram chrome safari opera brave office outlook excel publisher azure notion helm salt chef puppet vault consul nomad "
    "snowflake redshift glue lambda bedrock titan gemini llama cursor copilot kindle blink block meta alphabet bolt tinder bumble hinge visa discover "
    "intel adobe canon sharp tide gain bounty galaxy snickers orbit subway target gap guess boss coach fossil puma jaguar mustang beetle lotus "
    "tesla newton pascal ruby perl julia cobra clipper delphi eclipse ant maven grunt gulp babel express ember backbone angular next lodash underscore flow "
    "jest mocha cypress karma jasmine cucumber selenium robot hudson travis circle jet atom sublime brackets oracle none true false null class "
    # films, series, papers and sport
    "frozen friends suits scrubs house lost cheers bones castle heroes fame up alien gravity arrival titanic jaws times mirror guardian "
    "independent economist telegraph post voice wire crown giants saints bears lions rams jets bulls magic thunder suns nets kings rockets spurs wizards "
    "stars wild sharks flames senators ducks rangers padres cubs twins tigers angels athletics royals reds braves brewers pirates cardinals nationals "
    # people, parties, faiths, seasons of a calendar, places
    "frank mark bill jack rob sue pat faith hope joy grace dawn summer autumn lily daisy ivy olive pearl amber crystal rose violet heather iris jade sandy "
    "dusty rusty cliff dale glen heath lance miles norm ray reed rich rod russ skip stew ward wade victor gene guy earl duke baron dean don ernest harry "
    "gates jobs bush cook rice banks fish wolf fox bear stone hill lake rivers woods field baker smith potter gardener hunter fisher miller cooper mason "
    "taylor turner archer carpenter page brook wells parks penny christian catholic democrat republican liberal conservative labour labor "
    "libertarian congress senate parliament speaker bible lent easter father mother lord leo pisces aries libra venus saturn pluto neptune uranus "
    "buffalo phoenix orange cologne hamburg limerick split lima male man niger java jersey sofia troy sparta rugby derby sandwich deal rye battle ash "
    "down ham bury diss eye street clay marble independence liberty paradise hell truth surprise boring normal pacific arctic continental renaissance depression "
    "cloud exchange access spaces workspace "
    # what letters together are, too
    "ml pm hr ad fast stem smart care elf soap cola snap wasp car dare star war lag vat pop rest mint spam spice mom pins pots ram rem sod sort sum tap tar "
    "tea tin ton tub urge van vet wan wiz zip ape arc arm asp bag ban bar bee bet bid bin bit bot bug bus cab cam cap "
    "chip clip crop dam den dim din dip dot dub dye ear ebb ego fab fan fed fig fin fir fix fly foe fog fur gag gem gin gum gun gut "
    "hat hub hut icy ill imp ink inn ion ira jam jar jog keg kin kit lab lad lay leg lid lip lob log lot mat men mix mob mop mud "
    "mug nag nap nod nor nut oak oat odd oil owl pal par path paw peg pen pep pet pie pig pit pro pub pun rag ran rap rat "
    "red rib rid rim rip rot row rub rug rut sac sad safe sag sail sam sea sew shy sin sip sir ski sky sly sob solo son sow soy spa "
    "spur spy sub tag tan tax tee tie tip toe too tow toy tug via vow wax wet wig wit woe yen zoo "
)
"""Words that are a name or letters together where they have capitals, and a common word where others have some and they have none."""
NAMES_THAT_STAY = words_of(
    "grey greys labour tyre mould centre begin kid dad mum mom max min movie film father mother us"
)
"""Names that have one spelling."""
SPELLINGS = {
    "whom": "who",
    "centre": "center", "theatre": "theater", "fibre": "fiber", "calibre": "caliber", "catalogue": "catalog", "dialogue": "dialog",
    "grey": "gray", "licence": "license", "defence": "defense", "offence": "offense", "practise": "practice",
    "cancelled": "canceled", "cancelling": "canceling", "travelling": "traveling", "travelled": "traveled", "traveller": "traveler",
    "labelled": "labeled", "modelling": "modeling", "fulfil": "fulfill", "enrol": "enroll", "aluminium": "aluminum", "jewellery": "jewelry",
    "pyjamas": "pajamas", "maths": "math", "sceptical": "skeptical", "ageing": "aging", "judgement": "judgment", "learnt": "learned",
    "whilst": "while", "amongst": "among", "tyre": "tire", "mould": "mold", "analyse": "analyze", "paralyse": "paralyze", "catalyse": "catalyze",
    "towards": "toward", "afterwards": "afterward", "per-cent": "percent", "upon": "on", "till": "until", "gonna": "going to", "wanna": "want to",
    "colour": "color", "favour": "favor", "favourite": "favorite", "behaviour": "behavior", "honour": "honor", "labour": "labor", "neighbour": "neighbor",
    "neighbourhood": "neighborhood", "flavour": "flavor", "harbour": "harbor", "humour": "humor", "rumour": "rumor", "tumour": "tumor", "armour": "armor",
    "vapour": "vapor", "odour": "odor", "rigour": "rigor", "saviour": "savior", "endeavour": "endeavor", "coloured": "colored", "anaemia": "anemia",
    "diarrhoea": "diarrhea", "oestrogen": "estrogen", "paediatric": "pediatric", "paediatrician": "pediatrician", "anaesthesia": "anesthesia",
    "haemoglobin": "hemoglobin", "leukaemia": "leukemia", "foetus": "fetus", "manoeuvre": "maneuver", "omelette": "omelet", "yoghurt": "yogurt",
}  # fmt: skip
SYNONYMS = {
    "max": "maximum", "min": "minimum",
    "US": "usa",
    "automobile": "car", "begin": "start", "cellphone": "mobile-phone", "television": "tv",
    "information": "info", "photograph": "photo", "telephone": "phone", "refrigerator": "fridge", "kid": "child",
    "mom": "mother", "mum": "mother", "dad": "father", "utilize": "use", "enhance": "improve", "occur": "happen", "versus": "vs",
    "regarding": "about", "aeroplane": "airplane", "math": "mathematics",
    "ad": "advertisement", "advert": "advertisement", "exam": "examination", "rn": "now", "anyone": "anybody",
    "everyone": "everybody", "someone": "somebody", "flu": "influenza",
    "exercize": "exercise", "advertize": "advertise", "colleague": "coworker", "movie": "film", "obtain": "get",
    "quickly": "fast", "rapidly": "fast", "larger": "bigger", "largest": "biggest", "needed": "required",
    "repair": "fix", "repairing": "fixing",
}  # fmt: skip
"""Words that mean the same wherever both can stand."""
IN_PLACE = {
    "purchase": (
        "buy",
        words_of("how to i you we they he she 1 can could should would may might must will not please"),
        frozenset(),
    ),
    "difficult": ("hard", frozenset(), frozenset({"to", ""})),
    "large": ("big", frozenset({"how"}), frozenset({"enough"})),
}
"""Words, what they mean after some words or before others ("" is the end), and these."""
OF_SPELLING = words_of(
    "spell spells spelled spelt spelling spellings pronounce pronounced pronunciation letters vowel vowels consonant consonants syllable syllables rhyme rhymes "
    "homophone homophones anagram palindrome capitalize capitalise hyphenate hyphenated apostrophe abbreviate abbreviated abbreviation acronym "
    "plural singular noun nouns verb verbs adjective adverb conjugate conjugation uppercase lowercase grammar grammatical"
)
"""Words of questions about how words are written: in these every word counts as it is."""
OF_WORDS = words_of(
    "word words mean means meant meaning meanings etymology synonym synonyms antonym antonyms define definition definitions translate translated translation "
    "say said term called slang idiom phrase dictionary"
)
"""Words of questions about words: in these no word is another."""
PHRASES = {
    "wi fi": "wifi", "at what time": "what time", "at any time": "anytime",
    "health care": "healthcare", "on line": "online", "data base": "database", "life style": "lifestyle",
    "united states of america": "usa", "united states": "usa", "united kingdom": "uk", "in order to": "to", "due to": "because of", "each other": "one-another",
    "cell phone": "mobile-phone", "mobile phone": "mobile-phone", "smart phone": "smartphone", "web site": "website", "e mail": "email",
    "per cent": "percent", "pros and cons": "advantages-and-disadvantages", "pro and con": "advantages-and-disadvantages",
    "advantages and disadvantages": "advantages-and-disadvantages", "log into": "log in to", "earn money": "make money", "make some money": "make money",
    "earn some money": "make money", "as well as": "and", "a few": "a-few", "a number of": "several", "the most": "the-most", "the last": "the-last", "the next": "the-next", "the past": "the-past", "a little": "a-little", "a lot of": "many", "lots of": "many",
    "machine learning": "machine-learning", "artificial intelligence": "ai", "what kind of": "what type of", "which kind of": "what type of",
    "what kinds of": "what type of", "what types of": "what type of", "which types of": "what type of", "which type of": "what type of",
    "what sort of": "what type of", "what sorts of": "what type of", "is it possible to": "can i", "is it possible for me to": "can i", "am i able to": "can i",
    "reduce weight": "lose weight", "love actually": "love-actually", "learn how to": "learn to", "learning how to": "learning to", "rather than": "instead of", "new york city": "nyc", "take care of": "care for",
    "made out of": "made of", "a person who": "somebody who", "right now": "now", "how frequently": "how often", "get in touch with": "contact", "getting in touch with": "contacting",
    "is there a way to": "can i", "is there any way to": "can i", "is there a way for me to": "can i",
}  # fmt: skip
