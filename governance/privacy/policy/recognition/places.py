"""PURE: names of countries and of their people, in English. Facts; short forms that people use."""

import re
from collections.abc import Iterator

from governance.privacy.policy.recognition.context import speaks_for
from governance.privacy.policy.recognition.islands import around_digits
from governance.screening.policy.findings import Finding

_NAMES = """Afghanistan:Afghan|Albania:Albanian|Algeria:Algerian|Andorra:Andorran|Angola:Angolan|Argentina:Argentine,Argentinian,Argentinean|Armenia:Armenian|Australia:Australian|Austria:Austrian|Azerbaijan:Azerbaijani|Bahamas:Bahamian|Bahrain:Bahraini|Bangladesh:Bangladeshi|Barbados:Barbadian|Belarus:Belarusian|Belgium:Belgian|Belize:Belizean,Belizian|Benin:Beninese|Bhutan:Bhutanese|Bolivia:Bolivian|Bosnia and Herzegovina:Bosnian|Botswana:Botswanan|Brazil:Brazilian|Brunei:Bruneian|Bulgaria:Bulgarian|Burkina Faso:Burkinabe|Burundi:Burundian|Cambodia:Cambodian|Cameroon:Cameroonian|Canada:Canadian|Cape Verde:Cape Verdean|Chile:Chilean|China:Chinese|Colombia:Colombian|Costa Rica:Costa Rican|Croatia:Croatian|Cuba:Cuban|Cyprus:Cypriot|Czech Republic:Czech|Czechia:|Denmark:Danish|Djibouti:Djiboutian|Dominican Republic:Dominican|Ecuador:Ecuadorian,Ecuadorean|Egypt:Egyptian|El Salvador:Salvadoran|England:|Eritrea:Eritrean|Estonia:Estonian|Eswatini:Swazi|Ethiopia:Ethiopian|Fiji:Fijian|Finland:Finnish|France:French|Gabon:Gabonese|Gambia:Gambian|Georgia:Georgian|Germany:German|Ghana:Ghanaian|Greece:Greek|Greenland:Greenlander,Greenlandic|Grenada:Grenadian|Guatemala:Guatemalan|Guinea:Guinean|Guyana:Guyanese|Haiti:Haitian|Honduras:Honduran|Hong Kong:Hong Konger|Hungary:Hungarian|Iceland:Icelandic|India:Indian|Indonesia:Indonesian|Iran:Iranian|Iraq:Iraqi|Ireland:Irish|Israel:Israeli|Italy:Italian|Ivory Coast:Ivorian|Jamaica:Jamaican|Japan:Japanese|Jordan:Jordanian|Kazakhstan:Kazakh|Kenya:Kenyan|Kosovo:Kosovar|Kuwait:Kuwaiti|Kyrgyzstan:Kyrgyz|Laos:Laotian|Latvia:Latvian|Lebanon:Lebanese|Lesotho:Basotho|Liberia:Liberian|Libya:Libyan|Liechtenstein:|Lithuania:Lithuanian|Luxembourg:|Macau:|Madagascar:Malagasy|Malawi:Malawian|Malaysia:Malaysian|Maldives:Maldivian|Mali:Malian|Malta:Maltese|Mauritania:Mauritanian|Mauritius:Mauritian|Mexico:Mexican|Moldova:Moldovan|Monaco:|Mongolia:Mongolian|Montenegro:Montenegrin|Morocco:Moroccan|Mozambique:Mozambican|Myanmar:Burmese|Namibia:Namibian|Nepal:Nepalese,Nepali|Netherlands:Dutch|The Netherlands:|New Zealand:New Zealander|Nicaragua:Nicaraguan|Niger:Nigerien|Nigeria:Nigerian|North Korea:North Korean|North Macedonia:Macedonian|Northern Ireland:|Norway:Norwegian|Oman:Omani|Pakistan:Pakistani|Palestine:Palestinian|Panama:Panamanian|Papua New Guinea:|Paraguay:Paraguayan|Peru:Peruvian|Philippines:Filipino,Filipina|Poland:Polish|Portugal:Portuguese|Puerto Rico:Puerto Rican|Qatar:Qatari|Romania:Romanian|Russia:Russian|Rwanda:Rwandan|Samoa:Samoan|Saudi Arabia:Saudi,Saudi Arabian|Scotland:Scottish|Senegal:Senegalese|Serbia:Serbian|Seychelles:|Sierra Leone:|Singapore:Singaporean|Slovakia:Slovak|Slovenia:Slovenian|Somalia:Somali|South Africa:South African|South Korea:South Korean,Korean|South Sudan:South Sudanese|Spain:Spanish|Sri Lanka:Sri Lankan|Sudan:Sudanese|Suriname:Surinamese|Sweden:Swedish|Switzerland:Swiss|Syria:Syrian|Taiwan:Taiwanese|Tajikistan:Tajik|Tanzania:Tanzanian|Thailand:Thai|Tibet:Tibetan|Togo:Togolese|Tonga:Tongan|Trinidad and Tobago:Trinidadian|Tunisia:Tunisian|Turkey:Turkish|Türkiye:|Turkmenistan:Turkmen|Uganda:Ugandan|Ukraine:Ukrainian|United Arab Emirates:Emirati|United Kingdom:British|Great Britain:|United States:American|United States of America:|Uruguay:Uruguayan|USA:|UAE:|Uzbekistan:Uzbek|Vatican City:|Venezuela:Venezuelan|Vietnam:Vietnamese|Wales:Welsh|Yemen:Yemeni|Zambia:Zambian|Zimbabwe:Zimbabwean|:Arab,European,African,Asian,Kurdish,Chechen,Hispanic,Latino,Latina,Jewish,Muslim,Christian,Catholic,Buddhist,Hindu,Sikh,Protestant,Hutu,Roma"""

_PAIRS = [entry.partition(":")[::2] for entry in _NAMES.split("|")]
COUNTRIES = tuple(name for name, _ in _PAIRS if name)
DEMONYMS = tuple(people for _, several in _PAIRS for people in several.split(",") if people)


_UPPER = r"[^\W\d_a-zß-ÿ]"
_WORD = rf"(?:{_UPPER}[\w'’.\-]*)"
_SUFFIX = r"(?:Street|St|Road|Rd|Avenue|Ave|Av|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Boulevard|Blvd|Square|Sq|Terrace|Terr|Crescent|Cres|Close|Way|Highway|Hwy|Parkway|Pkwy|Circle|Cir|Trail|Gardens|Grove|Mews|Row|Walk|Quay|Esplanade|Parade|Turnpike|Alley|Str)"  # fmt: skip
_PREFIX = r"(?:Via|Viale|Corso|Piazza|Largo|Vicolo|Rue|Avenue|Boulevard|Bd|Chemin|Quai|Place|Impasse|Allée|Calle|C/|C\.|Carrer|Avenida|Avda|Av|Paseo|Plaza|Camino|Rua|R\.|Praça|Travessa|Alameda|Ulica|Ul|Strada|Str|Am|An der|Auf der|Zum|Zur|Im)"  # fmt: skip
_COMPOUND = r"(?:[^\W\d_]{2,}(?:stra(?:ß|ss)e|str\.|gasse|weg|platz|allee|ufer|damm|gat[ea]n?|gade|vej|veien|vegen|gatan|vägen|katu|kuja|polku|straat|laan|plein|gracht|kade|utca|körút|stræti|braut|gata|maantee|tänav|[aeiouyäö]ntie|gränd|stien?))"  # fmt: skip
_UNIT = r"(?:(?:Suite|Ste|Apartment|Apt|Unit|Flat|Floor|Room|Rm|Office|Building|Bldg|#)\.?\s{0,2}#?\s?[A-Z]?\d{1,5}[A-Za-z]?)"
_NUMBER = r"(?:\d{1,6}[A-Za-z]?(?:[/-]\d{1,5}[A-Za-z]?)?)"
_NO_STREET = r"(?:And|Or|To|Of|Is|Are|Was|In|On|At|By|From|With|For|Than|Until|Through|The|Plus|Minus|Times|Equals|Versus|Vs|Out)\b"
"""What stands between two numbers that are no street's."""
_END = rf"(?:[,]?\s{{1,3}}{_UNIT}){{0,2}}"

_COMPOUND_ENDS = ("stra", "str.", "gasse", "weg", "platz", "allee", "ufer", "damm", "gat", "gade", "vej", "veien", "vegen", "väg", "katu", "kuja", "polku", "laan", "plein", "gracht", "kade", "utca", "körút", "stræti", "braut", "maantee", "tänav", "ntie", "gränd", "sti")  # fmt: skip
_PATTERNS: tuple[tuple[re.Pattern[str], float, tuple[str, ...]], ...] = (
    # 12 Main Street, 4 de Julio Avenue Apt. 3
    (
        re.compile(
            rf"(?<![\w.-]){_NUMBER},?\s{{1,2}}(?:{_NUMBER}\s)?(?:[\w'’.\-]+\s){{0,4}}{_SUFFIX}\b\.?{_END}"
        ),
        0.6,
        (),
    ),
    # Via Roma 12, 6138 Rua da Paz 131
    (
        re.compile(
            rf"(?<!\w)(?:{_NUMBER}\s)?(?i:{_PREFIX})\.?\s{{1,2}}(?:[^\W\d_][\w'’.\-]*\s){{1,5}}{_NUMBER}(?!\w){_END}"
        ),
        0.6,
        (),
    ),
    (
        re.compile(
            rf"(?<!\w){_NUMBER},?\s(?:{_NUMBER},?\s)?(?i:{_PREFIX})\.?\s{{1,2}}(?:(?:d[aeou]s?|del|della|la|le|les|el|los|las|l['’]\w+)\s){{0,2}}{_WORD}(?:\s(?:d[aeou]s?\s)?{_WORD}){{0,3}}{_END}"
        ),
        0.6,
        (),
    ),
    # Hauptstraße 5, 28245 Puruntie 82
    (
        re.compile(
            rf"(?<!\w)(?:{_NUMBER}\s)?(?:{_WORD}\s){{0,2}}(?i:{_COMPOUND})\s{{1,2}}{_NUMBER}(?!\w){_END}"
        ),
        0.6,
        _COMPOUND_ENDS,
    ),
    # the number and the unit say it: 5100 Quadra 104 Suite 845
    (
        re.compile(rf"(?<![\w.-])\d{{1,6}}\s(?:[\w'’.,/\-]+\s){{1,6}}{_UNIT}", re.IGNORECASE),
        0.6,
        ("suite", "ste", "ap", "unit", "flat", "floor", "ro", "office", "b", "#"),
    ),
    # a house number before a name and another after it: 87331 Dunajska 56
    (
        re.compile(
            rf"(?<![\w.,:$€£#-])\d{{1,6}}[ ](?:\d{{1,5}}[ ])?(?!{_NO_STREET}){_WORD}(?:[ ](?!{_NO_STREET}){_WORD}){{0,2}}[ ]\d{{1,4}}[A-Ea-e]?(?![\w:/%-]|[.,]\d){_END}"
        ),
        0.5,
        (),
    ),
    (
        re.compile(
            r"\bP\.?\s?O\.?\s?Box\s\d{1,6}\b|\bPSC\s\d{1,5},?\s{1,3}Box\s\d{1,5}\b|\bUnit\s\d{1,6},?\s{1,3}Box\s\d{1,6}\b|\b(?:Postfach|Apartado|Casilla|Postbus|Boîte postale|BP)\s\d{2,6}\b",
            re.IGNORECASE,
        ),
        0.7,
        ("box", "postfach", "apartado", "casilla", "postbus", "boîte", "bp"),
    ),
    (
        re.compile(
            r"\b(?:US[NSCG]{1,3}[SV]?\s[A-Z][\w-]+\s{1,3})?(?:APO|FPO|DPO)\s(?:AA|AE|AP)\s\d{5}(?:-\d{4})?\b",
            re.IGNORECASE,
        ),
        0.8,
        ("apo", "fpo", "dpo"),
    ),
    (
        re.compile(
            r"(?<!\w)(?:Suite|Ste|Apartment|Apt)\.?\s{0,2}#?\s?[A-Z]?\d{1,5}[A-Za-z]?(?!\w)",
            re.IGNORECASE,
        ),
        0.5,
        ("suite", "ste", "ap"),
    ),
)
_ADDRESS_WORDS = ("address", "live", "lives", "living", "located", "office is", "deliver", "ship", "moved to", "moving to", "meet", "taxi", "send", "reside", "street", "home", "based at", "drops you", "is on", "bus", "headquarter", "venue", "where:", "billing", "adresse", "wohn", "dirección", "indirizzo")  # fmt: skip
_LOOSE = re.compile(
    rf"(?<![\w.,:$€£#-])\d{{1,6}}\s(?:\d{{1,5}}\s)?(?:[^\W\d_]{{1,3}}\s)?{_WORD}(?:\s(?:[^\W\d_][\w'’.\-]*)){{0,4}}(?=\s*(?:,|\n|$|\.\s|\.$))"
)
_PLAIN_WORD = rf"(?:{_UPPER}[\w'’\-]*)"
_AFTER = re.compile(
    rf"\.?[ \t]*(?:,[ \t]*(?:\n[^\w\n]{{0,6}})?|\n[^\w\n]{{0,6}}|[ ])({_PLAIN_WORD}(?:[ \-](?:(?:de|da|do|del|di|la|le|les|sur|am|an der|ob|i|nad|pod|en|of|the|d['’])[ '’]?)?{_PLAIN_WORD}){{0,3}})"
)
_CODE = re.compile(
    r"(?:(?<=\s)|(?<=,)|^)(?:[A-Z]{2}[ \t\u00a0]{1,2})?(\d{5}(?:-\d{3,4})?|\d{2}-\d{3}|\d{4}(?:-\d{3})?|\d{3}[ ]\d{2}|\d{6}|[A-Z]{1,2}\d[A-Z\d]?[ ]\d[A-Z]{2}|[A-Z]\d[A-Z][ ]?\d[A-Z]\d)(?=\s*(?:$|[\n,.)!?]|\s(?:after|before|when|by)\b))"
)
_CODE_FIELD = re.compile(
    r"\b(?i:zip|postal|post|postcode|plz|cap|code postal|código postal)[ _]?(?i:code)?(?i:\s(?:is|was))?\s{0,3}[:=#]?\s{0,3}((?:[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2})|\d{3}\s\d{2}\b|\d{3,6}(?:-\d{3,4})?)\b"
)
_STATE_CODE = re.compile(
    r"\b(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])\s{1,2}(\d{5}(?:-\d{4})?)\b"
)
_GONE_TO = re.compile(
    rf"\b(?i:flew to|fly(?:ing)? to|travel(?:l?ing|l?ed)? to|moved to|moving to|born in|lives? in|lived in|living in|grew up in|visit(?:ed|ing)?|arrived (?:at|in)|based in|located in|trip to|flight to|reside[sd]? in|i['’]m in|i am in|originally from|restaurants in|hotels in|weather in)\s(?:the\s(?:city|town|village)\sof\s)?"
    rf"({_WORD}(?:[ \-](?:(?:de|da|do|del|di|la|le|les|sur|am|an der|of|the|upon)[ ])?{_WORD}){{0,3}})"
)
_SAID = re.compile(
    rf"\b(?:street|road|rd|avenue|ave|lane|boulevard|blvd|highway|hwy|parkway|suite|ste|apartment|apt|flat|box|postfach|apartado|casilla|postbus|via|rue|calle|rua|avenida|ulica)\b|{_COMPOUND}\s"
)
_LAND = {tuple(name.split()) for name in COUNTRIES}
_LANDS_FIRST = {name[0]: max(len(other) for other in _LAND if other[0] == name[0]) for name in _LAND}
_PEOPLE = {name.casefold() for name in DEMONYMS} | {name.casefold() + "s" for name in DEMONYMS}
_LETTERS = re.compile(r"(?<![\w@])[^\W\d_]+(?![\w@])")


def addresses(text: str) -> list[Finding]:
    """Streets with their numbers, units and post boxes."""
    found: list[Finding] = []
    for offset, stretch in around_digits(text, before=70, after=40):
        folded = stretch.casefold()
        for pattern, score, hints in _PATTERNS:
            if not hints or any(hint in folded for hint in hints):
                found += [
                    Finding(
                        offset + match.start(),
                        offset + match.end(),
                        "STREET_ADDRESS",
                        score,
                        "street addresses",
                    )
                    for match in pattern.finditer(stretch)
                ]
    for match in _LOOSE.finditer(text):
        if speaks_for(text, match.start(), match.start(), _ADDRESS_WORDS):
            found.append(Finding(*match.span(), "STREET_ADDRESS", 0.5, "street addresses"))
    return found


def is_said(text: str, street: Finding) -> bool:
    """Whether words in or before it say that it is one, without the capitals: "3 in a row" is no address."""
    return _SAID.search(text, street.start, street.end) is not None or speaks_for(
        text, street.start, street.start, _ADDRESS_WORDS
    )


def after_addresses(text: str, found: list[Finding]) -> Iterator[Finding]:
    """The place and the postal code that follow a street."""
    for address in found:
        if (match := _AFTER.match(text, address.end)) is not None and match.group(1).rstrip(
            "."
        ) not in _NO_PLACE:
            yield Finding(
                match.start(1),
                match.start(1) + len(match.group(1).rstrip(".")),
                "LOCATION",
                0.5,
                "places after streets",
            )
        for match in _CODE.finditer(text[address.end : address.end + 90]):
            yield Finding(
                address.end + match.start(1), address.end + match.end(1), "ZIP_CODE", 0.5, "postal codes"
            )


_NO_PLACE = frozenset(
    (
        "Apt",
        "Suite",
        "The",
        "I",
        "You",
        "My",
        "He",
        "She",
        "They",
        "There",
        "Or",
        "But",
        "So",
        "Then",
        "For",
        "Email",
        "E-mail",
        "Mobile",
        "Desk",
        "Office",
        "Tel",
        "Fax",
        "Apt.",
        "Mr",
        "Mrs",
        "Please",
        "It",
        "We",
        "And",
        "Phone",
        "Call",
        "Is",
        "Can",
        "Thanks",
        "How",
    )
)


def postal_codes(text: str) -> Iterator[Finding]:
    """Postal codes that are named as such, or follow a state of the United States."""
    for pattern in (_CODE_FIELD, _STATE_CODE):
        for match in pattern.finditer(text):
            yield Finding(*match.span(1), "ZIP_CODE", 0.6, "postal codes")


def countries(text: str) -> Iterator[Finding]:
    """Names of countries, and of their people and things."""
    words = list(_LETTERS.finditer(text))
    for place, match in enumerate(words):
        word = match.group()
        if (longest := _LANDS_FIRST.get(word)) is not None:
            for length in range(longest, 0, -1):
                run = words[place : place + length]
                if tuple(each.group() for each in run) in _LAND and run[-1].end() - match.start() < 40:
                    yield Finding(match.start(), run[-1].end(), "LOCATION", 0.6, "countries")
                    break
        if word.casefold() in _PEOPLE:
            yield Finding(*match.span(), "NRP", 0.5, "peoples")
    for match in _GONE_TO.finditer(text):
        if match.group(1).split()[0] not in _NO_PLACE:
            yield Finding(
                match.start(1),
                match.start(1) + len(match.group(1).rstrip(".,-'’")),
                "LOCATION",
                0.5,
                "places gone to",
            )
