from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.policy import PriceEntry, Rates, cost, price_at, worst_case
from gateway.conversation import Block, Conversation, Message, ToolResult, ToolResultBlock
from gateway.events import Usage

RATES = Rates(
    input=3_000_000_000,
    output=15_000_000_000,
    cache_read=300_000_000,
    cache_write=3_750_000_000,
    cache_write_1h=6_000_000_000,
)
LONG = Rates(input=6_000_000_000, output=22_500_000_000)


def price(**fields):
    return PriceEntry(
        **{"valid_from": datetime(2026, 1, 1, tzinfo=UTC), "valid_until": None, "rates": RATES} | fields
    )


def test_every_kind_of_token_has_its_rate():
    usage = Usage(input=1_000, output=200, cache_read=10_000, cache_write=400, cache_write_1h=100)
    assert cost(price(), usage) == 3_000_000 + 3_000_000 + 3_000_000 + 1_500_000 + 600_000


def test_tokens_of_a_cache_without_a_rate_cost_what_input_costs():
    bare = price(rates=Rates(input=1_000_000_000, output=0))
    assert cost(bare, Usage(cache_read=5, cache_write=7, cache_write_1h=1)) == 13_000


def test_a_fraction_of_a_nano_rounds_up_once():
    tiny = price(rates=Rates(input=37_500, output=37_500))
    assert cost(tiny, Usage(input=1, output=1)) == 1


def test_requests_and_images_have_prices_of_their_own():
    priced = price(request=7, image=500)
    assert cost(priced, Usage(input=1_000), images=2) == 3_000_000 + 7 + 1_000
    worst = worst_case(priced, input_tokens=1_000, max_tokens=0, caches=False, images=2)
    assert worst == cost(priced, Usage(input=1_000), images=2)


def test_images_are_counted_in_messages_and_results():
    picture = {"format": "png", "source": {"bytes": ""}}
    result = ToolResult(tool_use_id="t", content=[ToolResultBlock(image=picture), ToolResultBlock(text="x")])
    blocks = [Block(text="Look"), Block(image=picture), Block(tool_result=result)]
    assert Conversation(messages=[Message(role="user", content=blocks)]).image_count == 2


def test_a_long_prompt_pays_the_long_rates_for_all_of_it():
    tiered = price(long_threshold=200_000, long_rates=LONG)
    assert cost(tiered, Usage(input=200_000)) == 600_000_000
    assert cost(tiered, Usage(input=200_001)) == 1_200_006_000


def test_the_price_of_the_moment():
    old = price(valid_until=datetime(2026, 6, 1, tzinfo=UTC))
    new = price(valid_from=datetime(2026, 6, 1, tzinfo=UTC))
    assert price_at((new, old), datetime(2026, 5, 31, 23, 59, tzinfo=UTC)) is old
    assert price_at((new, old), datetime(2026, 6, 1, tzinfo=UTC)) is new
    assert price_at((new, old), datetime(2025, 12, 31, tzinfo=UTC)) is None


tokens = st.integers(0, 300_000)


@given(tokens, tokens, tokens, tokens, st.integers(0, 5_000), st.integers(0, 5_000), st.booleans())
def test_no_usage_within_the_bounds_costs_more_than_the_worst_case(
    plain, read, write, hour, output, more, tiered
):
    used = price(long_threshold=200_000, long_rates=LONG) if tiered else price()
    usage = Usage(input=plain, cache_read=read, cache_write=write, cache_write_1h=hour, output=output)
    worst = worst_case(used, input_tokens=usage.prompt + more, max_tokens=output + more, caches=True)
    assert cost(used, usage) <= worst
