"""What masks names that are sure to be some leaves the rest as it was written."""

import pytest

from governance.privacy.policy.presets import PROTECT
from governance.privacy.policy.privacy import InForce, combined
from governance.privacy.policy.ruleset import RuleSet
from governance.privacy.services.trial import try_texts

RULES = RuleSet(combined((InForce("Gatehouse", 0, PROTECT.document),)))

ORDINARY = [
    "Move my bookmarks from Safari to Firefox on the new Mac.",
    "class Player extends Entity { update(Player p) { return Player.of(p); } }",
    "Is Unity or Godot the better choice for a Pokemon fan game?",
    '<ApiField name="DynamicModule" type="enum"/>',
    "SELECT Schema, Table FROM Catalog WHERE Broader Metric > 3;",
    "Player Shuffle: shuffles the queue. Meta SEO: certified headers.",
    "Wie funktioniert die Kündigung? Die Rechnung liegt bei. Vielen Dank und freundliche Grüsse",
    "Escribe un poema sobre conejos en la Luna.",
    "Les Misérables est un roman. Le Petit Prince aussi.",
    "Plan A costs more than Plan B, and Option C is out.",
    "Compute the Elo rating, the Fibonacci number and the Levenshtein distance.",
    "BEFORE THE COVID LOCKDOWN, RAF BOMBERS FLEW OVER SIMI VALLEY.",
]
NAMES = [
    ("Please call Margaret Hollis about it.", "Margaret Hollis"),
    ("Dear Olivia, the report is attached. Best, Allison", "Allison"),
    ("Ich habe mit Thomas Brunner gesprochen.", "Thomas Brunner"),
    ("Elle s'appelle Claire Dubois et habite Lyon.", "Claire Dubois"),
    ("Hablé con Alejandro García ayer.", "Alejandro García"),
    ("Ho scritto a Giovanna Ricci.", "Giovanna Ricci"),
    ("Mrs. Abrams lives next door.", "Abrams"),
    ("Contact Dr. Pankaj Harkut for details.", "Pankaj Harkut"),
]


def masked(texts):
    return [trial.masked for trial in try_texts(RULES, list(texts))]


def test_ordinary_texts_stay_letter_for_letter():
    assert masked(ORDINARY) == ORDINARY


@pytest.mark.parametrize(("text", "name"), NAMES)
def test_names_are_masked(text, name):
    assert name not in masked([text])[0]
