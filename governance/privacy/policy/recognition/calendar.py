"""PURE: the names of months and days in the languages of people who send texts. What bears one is a date, no street."""

from governance.privacy.policy.recognition.folding import fold_letters

_ENGLISH = "january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec"
_OTHERS = (
    "januar jänner februar feber märz mai juni juli oktober dezember jän mrz okt dez"  # German
    " janvier février mars avril juin juillet août septembre octobre novembre décembre janv févr avr juil déc"  # French
    " enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre ene abr ago dic"  # Spanish
    " gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre gen mag giu lug set ott"  # Italian
    " januari februari maart mei augustus mrt"  # Dutch
    " janeiro fevereiro março maio junho julho setembro outubro dezembro fev out"  # Portuguese
    " mars maj augusti marts desember des"  # Swedish, Danish, Norwegian
    " tammikuu helmikuu maaliskuu huhtikuu toukokuu kesäkuu heinäkuu elokuu syyskuu lokakuu marraskuu joulukuu"  # Finnish
    " tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta marraskuuta joulukuuta"
    " stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia"  # Polish
    " ledna února března dubna května června července srpna září října listopadu prosince"  # Czech
    " ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık"  # Turkish
    " ianuarie februarie martie aprilie iunie iulie septembrie octombrie noiembrie decembrie"  # Romanian
    " január február március április május június július augusztus szeptember október november december"  # Hungarian
    " января февраля марта апреля мая июня июля августа сентября октября ноября декабря"  # Russian
)
_ENGLISH_DAYS = "monday tuesday wednesday thursday friday saturday sunday"
_DAYS_ABROAD = (
    "montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes sábado "
    "domingo lunedì martedì mercoledì giovedì venerdì sabato domenica maandag dinsdag woensdag donderdag vrijdag zaterdag zondag segunda-feira terça-feira quarta-feira "
    "quinta-feira sexta-feira "
)
ABROAD_DAYS = tuple(_DAYS_ABROAD.split())
"""Days of the week in German, French, Spanish, Italian, Dutch and Portuguese."""
_EDGES = ".,;:'’()"


def _folded(words: str) -> frozenset[str]:
    return frozenset(map(fold_letters, words.split()))


MONTHS = _folded(f"{_ENGLISH} {_OTHERS}")
DAYS = _folded(" ".join((_ENGLISH_DAYS, *ABROAD_DAYS)))

_IN_FULL = (
    "januar jänner februar feber märz april mai juni juli august september oktober november dezember janvier février mars avril mai juin juillet août septembre octobre "
    "novembre décembre enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre diciembre gennaio febbraio marzo aprile maggio giugno luglio "
    "agosto settembre ottobre novembre dicembre januari februari maart april mei juni juli augustus september oktober november december janeiro fevereiro março abril maio "
    "junho julho agosto setembro outubro novembro dezembro "
)
WRITTEN_MONTHS = "|".join(sorted(set(_IN_FULL.split()), key=len, reverse=True))
"""A pattern of the months of German, French, Spanish, Italian, Dutch and Portuguese, in full."""


def is_of_calendar(word: str) -> bool:
    """Whether a word names a month or a day of the week, whatever stands at its edges."""
    folded = fold_letters(word.strip(_EDGES))
    return folded in MONTHS or folded in DAYS
