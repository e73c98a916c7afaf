"""PURE: names of countries and of their people, in English. Facts; short forms that people use."""

import re
from collections.abc import Iterator

from governance.privacy.policy.recognition.postal import NO_PLACE
from governance.screening.policy.findings import Finding

_NAMES = """Afghanistan:Afghan|Albania:Albanian|Algeria:Algerian|Andorra:Andorran|Angola:Angolan|Argentina:Argentine,Argentinian,Argentinean|Armenia:Armenian|Australia:Australian|Austria:Austrian|Azerbaijan:Azerbaijani|Bahamas:Bahamian|Bahrain:Bahraini|Bangladesh:Bangladeshi|Barbados:Barbadian|Belarus:Belarusian|Belgium:Belgian|Belize:Belizean,Belizian|Benin:Beninese|Bhutan:Bhutanese|Bolivia:Bolivian|Bosnia and Herzegovina:Bosnian|Botswana:Botswanan|Brazil:Brazilian|Brunei:Bruneian|Bulgaria:Bulgarian|Burkina Faso:Burkinabe|Burundi:Burundian|Cambodia:Cambodian|Cameroon:Cameroonian|Canada:Canadian|Cape Verde:Cape Verdean|Chile:Chilean|China:Chinese|Colombia:Colombian|Costa Rica:Costa Rican|Croatia:Croatian|Cuba:Cuban|Cyprus:Cypriot|Czech Republic:Czech|Czechia:|Denmark:Danish|Djibouti:Djiboutian|Dominican Republic:Dominican|Ecuador:Ecuadorian,Ecuadorean|Egypt:Egyptian|El Salvador:Salvadoran|England:|Eritrea:Eritrean|Estonia:Estonian|Eswatini:Swazi|Ethiopia:Ethiopian|Fiji:Fijian|Finland:Finnish|France:French|Gabon:Gabonese|Gambia:Gambian|Georgia:Georgian|Germany:German|Ghana:Ghanaian|Greece:Greek|Greenland:Greenlander,Greenlandic|Grenada:Grenadian|Guatemala:Guatemalan|Guinea:Guinean|Guyana:Guyanese|Haiti:Haitian|Honduras:Honduran|Hong Kong:Hong Konger|Hungary:Hungarian|Iceland:Icelandic|India:Indian|Indonesia:Indonesian|Iran:Iranian|Iraq:Iraqi|Ireland:Irish|Israel:Israeli|Italy:Italian|Ivory Coast:Ivorian|Jamaica:Jamaican|Japan:Japanese|Jordan:Jordanian|Kazakhstan:Kazakh|Kenya:Kenyan|Kosovo:Kosovar|Kuwait:Kuwaiti|Kyrgyzstan:Kyrgyz|Laos:Laotian|Latvia:Latvian|Lebanon:Lebanese|Lesotho:Basotho|Liberia:Liberian|Libya:Libyan|Liechtenstein:|Lithuania:Lithuanian|Luxembourg:|Macau:|Madagascar:Malagasy|Malawi:Malawian|Malaysia:Malaysian|Maldives:Maldivian|Mali:Malian|Malta:Maltese|Mauritania:Mauritanian|Mauritius:Mauritian|Mexico:Mexican|Moldova:Moldovan|Monaco:|Mongolia:Mongolian|Montenegro:Montenegrin|Morocco:Moroccan|Mozambique:Mozambican|Myanmar:Burmese|Namibia:Namibian|Nepal:Nepalese,Nepali|Netherlands:Dutch|The Netherlands:|New Zealand:New Zealander|Nicaragua:Nicaraguan|Niger:Nigerien|Nigeria:Nigerian|North Korea:North Korean|North Macedonia:Macedonian|Northern Ireland:|Norway:Norwegian|Oman:Omani|Pakistan:Pakistani|Palestine:Palestinian|Panama:Panamanian|Papua New Guinea:|Paraguay:Paraguayan|Peru:Peruvian|Philippines:Filipino,Filipina|Poland:Polish|Portugal:Portuguese|Puerto Rico:Puerto Rican|Qatar:Qatari|Romania:Romanian|Russia:Russian|Rwanda:Rwandan|Samoa:Samoan|Saudi Arabia:Saudi,Saudi Arabian|Scotland:Scottish|Senegal:Senegalese|Serbia:Serbian|Seychelles:|Sierra Leone:|Singapore:Singaporean|Slovakia:Slovak|Slovenia:Slovenian|Somalia:Somali|South Africa:South African|South Korea:South Korean,Korean|South Sudan:South Sudanese|Spain:Spanish|Sri Lanka:Sri Lankan|Sudan:Sudanese|Suriname:Surinamese|Sweden:Swedish|Switzerland:Swiss|Syria:Syrian|Taiwan:Taiwanese|Tajikistan:Tajik|Tanzania:Tanzanian|Thailand:Thai|Tibet:Tibetan|Togo:Togolese|Tonga:Tongan|Trinidad and Tobago:Trinidadian|Tunisia:Tunisian|Turkey:Turkish|Türkiye:|Turkmenistan:Turkmen|Uganda:Ugandan|Ukraine:Ukrainian|United Arab Emirates:Emirati|United Kingdom:British|Great Britain:|United States:American|United States of America:|Uruguay:Uruguayan|USA:|UAE:|Uzbekistan:Uzbek|Vatican City:|Venezuela:Venezuelan|Vietnam:Vietnamese|Wales:Welsh|Yemen:Yemeni|Zambia:Zambian|Zimbabwe:Zimbabwean|:Arab,European,African,Asian,Kurdish,Chechen,Hispanic,Latino,Latina,Jewish,Muslim,Christian,Catholic,Buddhist,Hindu,Sikh,Protestant,Hutu,Roma"""

_PAIRS = [entry.partition(":")[::2] for entry in _NAMES.split("|")]
COUNTRIES = tuple(name for name, _ in _PAIRS if name)
DEMONYMS = tuple(people for _, several in _PAIRS for people in several.split(",") if people)


_UPPER = r"[^\W\d_a-zß-ÿ]"
_WORD = rf"(?:{_UPPER}[\w'’.\-]*)"
_GONE_TO = re.compile(
    rf"\b(?i:flew to|fly(?:ing)? to|travel(?:l?ing|l?ed)? to|moved to|moving to|born in|lives? in|lived in|living in|grew up in|visit(?:ed|ing)?|arrived (?:at|in)|based in|located in|trip to|flight to|reside[sd]? in|i['’]m in|i am in|originally from|restaurants in|hotels in|weather in)\s(?:the\s(?:city|town|village)\sof\s)?"
    rf"({_WORD}(?:[ \-](?:(?:de|da|do|del|di|la|le|les|sur|am|an der|of|the|upon)[ ])?{_WORD}){{0,3}})"
)
_LAND = {tuple(name.split()) for name in COUNTRIES}
_LANDS_FIRST = {name[0]: max(len(other) for other in _LAND if other[0] == name[0]) for name in _LAND}
_PEOPLE = {name.casefold() for name in DEMONYMS} | {name.casefold() + "s" for name in DEMONYMS}
_LETTERS = re.compile(r"(?<![\w@])[^\W\d_]+(?![\w@])")


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
        if match.group(1).split()[0] not in NO_PLACE:
            yield Finding(
                match.start(1),
                match.start(1) + len(match.group(1).rstrip(".,-'’")),
                "LOCATION",
                0.5,
                "places gone to",
            )
