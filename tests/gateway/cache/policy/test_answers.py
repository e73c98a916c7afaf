"""Whether a model said the same as what was served."""

import pytest

from gateway.cache.policy.answers import compare

LONG = "The capital of France is Paris, a city on the Seine in the north of the country, known for its museums and its cooking."


@pytest.mark.parametrize(
    ("served", "said", "found"),
    [
        ("Paris.", "Paris", "same"),
        ("**Paris**", "paris", "same"),
        (LONG, LONG.replace("Paris, a", "Paris: the"), "same"),
        (LONG, LONG.replace("city", "town"), "unsure"),
        ("Paris", "Lyon", "unsure"),
        ("The capital is Paris", "The capital is Lyon", "different"),
        ("It is Paris.", "It is Lyon.", "different"),
        ("The answer is 42.", "The answer is 43.", "different"),
        ("Yes, it is.", "No, it isn't.", "different"),
        ("Yes.", "No.", "different"),
        ("**Yes**: it may.", "No, never.", "different"),
        ("Right-click the icon.", "No icon is needed.", "unsure"),
        ("Correct.", "Wrong.", "different"),
        ("You need 5 eggs.", "You need 6 eggs.", "different"),
        ("You need 5 eggs.", "You need 5 eggs and 200 g of flour.", "unsure"),
        (LONG + " It has 20 districts.", LONG + " It was founded in 259.", "unsure"),
        (LONG, LONG.replace("is Paris", "is not Paris"), "different"),
        ("It costs 5 dollars.", "It costs five dollars.", "same"),
        (LONG, "Bread is made of flour and water, and takes an hour to rise before it is baked.", "unsure"),
        ("", "Paris", "unsure"),
        (LONG, LONG + " It has some two million people, and many more around it.", "unsure"),
    ],
)
def test_answers_are_compared_with_care(served: str, said: str, found: str) -> None:
    assert compare(served, said) == found
    assert compare(said, served) == found


def test_vectors_that_are_far_apart_decide_where_words_are_too() -> None:
    assert (
        compare(LONG, "Bread is made of flour and water, and takes an hour to rise.", cosine=0.1)
        == "different"
    )
    assert (
        compare(LONG, "Bread is made of flour and water, and takes an hour to rise.", cosine=0.7) == "unsure"
    )
