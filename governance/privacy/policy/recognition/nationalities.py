"""PURE: nationalities, peoples and religions, as words of a list."""

import re
from collections.abc import Iterator

from governance.screening.policy.findings import Finding

_WORDS = """
Afghan Albanian Algerian American Andorran Angolan Arab Argentine Argentinian Armenian Australian Austrian Azerbaijani Bahamian Bahraini Bangladeshi Barbadian Basque
Belarusian Belgian Belizean Beninese Bhutanese Bolivian Bosnian Brazilian Breton British Bulgarian Burmese Burundian Cambodian Cameroonian Canadian Catalan Chadian Chechen
Chilean Chinese Colombian Congolese Corsican Croatian Cuban Cypriot Czech Danish Dominican Dutch Ecuadorian Egyptian Emirati English Eritrean Estonian Ethiopian European
Fijian Filipino Finnish Flemish French Gambian Georgian German Ghanaian Greek Greenlandic Grenadian Guatemalan Guinean Guyanese Haitian Hawaiian Honduran Hungarian
Icelandic Indian Indonesian Iranian Iraqi Irish Israeli Italian Ivorian Jamaican Japanese Jordanian Kazakh Kenyan Korean Kosovar Kurdish Kuwaiti Kyrgyz Laotian Latvian
Lebanese Liberian Libyan Liechtensteiner Lithuanian Luxembourgish Macedonian Malagasy Malawian Malaysian Maldivian Malian Maltese Maori Mauritanian Mauritian Mexican
Moldovan Monegasque Mongolian Montenegrin Moroccan Mozambican Namibian Nepalese Nepali Nicaraguan Nigerian Nigerien Norwegian Omani Pakistani Palestinian Panamanian
Paraguayan Persian Peruvian Polish Portuguese Qatari Romanian Russian Rwandan Salvadoran Samoan Saudi Scottish Senegalese Serbian Singaporean Slovak Slovakian Slovene
Slovenian Somali Spanish Sudanese Surinamese Swedish Swiss Syrian Taiwanese Tajik Tanzanian Thai Tibetan Togolese Tongan Tunisian Turkish Turkmen Ugandan Ukrainian
Uruguayan Uyghur Uzbek Venezuelan Vietnamese Welsh Yemeni Zambian Zimbabwean Zulu Christian Catholic Protestant Orthodox Muslim Sunni Shiite Jewish Buddhist Hindu Sikh
Mormon Anglican Lutheran Methodist Baptist Quaker Jain Republican Democrat Marxist Communist Zionist Asian African Hispanic Latino Latina Cossack Roma Sinti Scandinavian
"""
_NAMES = frozenset(word + end for word in _WORDS.split() for end in ("", "s"))
_WORD = re.compile(r"(?<![\w-])[A-Z][a-z]{3,13}(?!\w|-\w| [A-Z])")
"""Before another capital it is a part of a name: Czech Republic, American Airlines."""


def nationalities(text: str) -> Iterator[Finding]:
    """English words for where people come from and what they believe."""
    for match in _WORD.finditer(text):
        if match.group() in _NAMES:
            yield Finding(*match.span(), "NRP", 0.6, "nationalities")
