"""PURE: units of measure and money, each with its spellings. Those that may be taken for another unit stay what they are."""

_ALWAYS = {
    "kilometre": "km kms kilometer kilometers kilometre kilometres",
    "mile": "mile miles",
    "centimetre": "cm cms centimeter centimeters centimetre centimetres",
    "millimetre": "mm millimeter millimeters millimetre millimetres",
    "metre": "meter meters metre metres",
    "foot": "foot feet ft",
    "inch": "inch inches",
    "yard": "yard yards",
    "kilogram": "kg kgs kilogram kilograms kilo kilos",
    "milligram": "milligram milligrams",
    "microgram": "mcg µg μg microgram micrograms",
    "gram": "gram grams gramme grammes",
    "pound(weight)": "lb lbs",
    "pound": "pound pounds",
    "gbp": "£ gbp",
    "ounce": "oz ounce ounces",
    "tonne": "tonne tonnes",
    "ton": "ton tons",
    "litre": "liter liters litre litres",
    "millilitre": "ml milliliter milliliters millilitre millilitres",
    "gallon": "gallon gallons",
    "kilobyte": "kb kilobyte kilobytes",
    "megabyte": "mb megabyte megabytes",
    "gigabyte": "gb gigabyte gigabytes",
    "terabyte": "tb terabyte terabytes",
    "kilobit": "kilobit kilobits",
    "megabit": "megabit megabits",
    "gigabit": "gigabit gigabits",
    "byte": "byte bytes",
    "bit": "bit bits",
    "hour": "hour hours hr hrs",
    "minute": "minute minutes mins",
    "sec": "seconds secs",
    "millisecond": "millisecond milliseconds",
    "day": "day days",
    "week": "week weeks",
    "month": "month months",
    "year": "year years yr yrs",
    "mph": "mph",
    "kmh": "km/h kmh kph",
    "dollar": "dollar dollars $",
    "usd": "usd us$",
    "euro": "euro euros € eur",
    "cent": "cent cents",
    "yen": "yen jpy",
    "¥": "¥",
    "rupee": "rupee rupees ₹ inr rs Rs",
    "franc": "franc francs",
    "chf": "chf",
    "percent": "percent %",
    "celsius": "°c celsius centigrade",
    "fahrenheit": "°f fahrenheit",
    "degree": "degree degrees °",
    "watt": "watt watts",
    "kilowatt": "kilowatt kilowatts kw",
    "volt": "volt volts",
    "hertz": "hertz hz",
    "megahertz": "mhz megahertz",
    "gigahertz": "ghz gigahertz",
    "calorie": "calorie calories",
    "kilocalorie": "kcal kilocalorie kilocalories",
    "teaspoon": "tsp teaspoon teaspoons",
    "tablespoon": "tbsp tablespoon tablespoons",
    "cup": "cup cups",
    "acre": "acre acres",
    "hectare": "hectare hectares ha",
}
_ONLY_AFTER_NUMBER = {
    "metre": "m", "gram": "g", "litre": "l", "hour": "h", "minute": "min", "sec": "s sec second", "milligram": "mg",
    "millisecond": "ms", "celsius": "c", "fahrenheit": "f", "volt": "v", "am": "am", "pm": "pm", "watt": "w", "k": "k", "day": "d",
}  # fmt: skip
BY_CASE = {
    "Mb": "megabit", "Gb": "gigabit", "Kb": "kilobit", "kb": "kilobyte", "mW": "milliwatt", "MW": "megawatt", "Ms": "Ms", "MS": "MS", "M": "M", "Mg": "Mg", "MG": "MG", "S": "S", "H": "H", "G": "G",
    "mV": "mV", "mA": "mA", "mJ": "mJ", "mN": "mN", "mF": "mF", "mT": "mT", "mPa": "mPa", "mHz": "mHz", "Nm": "Nm", "NM": "NM", "Mm": "Mm", "MM": "MM", "Cal": "Cal",
    "Tb": "terabit", "Pb": "petabit", "Kib": "kibibit", "Mib": "mebibit", "Gib": "gibibit", "Tib": "tebibit", "PS": "PS", "HR": "HR", "D": "D",
}  # fmt: skip
"""Where case makes another unit, or none."""
UNIT_OF = {spelling: unit for unit, spellings in _ALWAYS.items() for spelling in spellings.split()}
AFTER_NUMBER = {
    spelling: unit for unit, spellings in _ONLY_AFTER_NUMBER.items() for spelling in spellings.split()
}
UNITS = frozenset((*UNIT_OF.values(), *AFTER_NUMBER.values(), *BY_CASE.values()))
CURRENCIES = frozenset({"dollar", "usd", "euro", "pound", "gbp", "yen", "¥", "rupee", "franc", "chf"})
_SHORT_WORDS = frozenset(
    [
        "mile",
        "foot",
        "feet",
        "inch",
        "yard",
        "gram",
        "kilo",
        "ton",
        "tons",
        "cup",
        "cups",
        "byte",
        "bit",
        "bits",
        "hour",
        "day",
        "days",
        "week",
        "year",
        "cent",
        "yen",
        "euro",
        "acre",
        "watt",
        "volt",
    ]
)
ABBREVIATIONS = frozenset(
    spelling
    for spelling in UNIT_OF
    if spelling.isalpha() and len(spelling) <= 4 and spelling not in _SHORT_WORDS
)
"""Spellings that are units beside numbers alone: elsewhere HR and ML are something else."""
CASED = frozenset({"KBps", "MBps", "GBps", "TBps"})
"""Bytes a second, where small letters would be taken for bits."""
