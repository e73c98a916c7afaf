"""Search indexes of large bases. A small one has none: all of its passages are compared, and nothing is ever missed.

Why each large base has its own: docs/decisions/0017-knowledge.md.
"""

from django.conf import settings
from django.db import connection

from kernel.direct_connection import direct_connection
from prompts.knowledge.models import Chunk, KnowledgeBase
from prompts.knowledge.services.knowledge import index_names

LARGE = 5_000
"""Passages from which a base gets indexes."""
COMMON = 2_000
"""A word in more passages of a large base than this is left out of full-text searches there."""
_SAMPLE = 20_000

_COMMON_WORDS = """
    SELECT word FROM ts_stat(%s) WHERE ndoc * %s > %s ORDER BY ndoc DESC LIMIT 5000"""


def maintain_indexes() -> int:
    """Gives indexes to bases that have become large, and counts the words of those that have them; how many bases."""
    bases = KnowledgeBase.objects.filter(kind=KnowledgeBase.Kind.LOCAL)
    tended = 0
    for base in bases:
        if base.is_indexed or _is_large(base):
            tended += 1
            tend(base)
    return tended


def _is_large(base: KnowledgeBase) -> bool:
    return Chunk.objects.filter(base=base)[LARGE - 1 : LARGE].exists()


def tend(base: KnowledgeBase) -> None:
    """Makes a base's indexes, where it has none, without stopping writers, and counts its common words."""
    vectors, words = index_names(base.pk)
    assert base.dimensions is not None
    dimensions, pk = int(base.dimensions), int(base.pk)
    how = "" if connection.in_atomic_block else "CONCURRENTLY"
    if not base.is_indexed:
        with direct_connection() as direct, direct.cursor() as cursor:
            # The graph is built in memory; past it, building takes many times as long.
            cursor.execute(f"SET maintenance_work_mem = '{int(settings.KNOWLEDGE_INDEX_MEMORY_MB)}MB'")
            for name in (vectors, words):  # what was left half made
                cursor.execute(f"DROP INDEX {how} IF EXISTS {name}")
            cursor.execute(
                f"CREATE INDEX {how} {words} ON prompts_chunk USING gin (words) WHERE base_id = {pk}"
            )
            cursor.execute(
                f"CREATE INDEX {how} {vectors} ON prompts_chunk "
                f"USING hnsw ((vector::halfvec({dimensions})) halfvec_cosine_ops) WHERE base_id = {pk}"
            )
            cursor.execute("RESET maintenance_work_mem")
    base.common_words = _common_words(base)
    base.is_indexed = True
    base.save(update_fields=("is_indexed", "common_words"))


def _common_words(base: KnowledgeBase) -> list[str]:
    """Words that are in more than COMMON passages, as a sample tells."""
    number = Chunk.objects.filter(base=base).count()
    step = max(number // _SAMPLE, 1)
    query = f"SELECT words FROM prompts_chunk WHERE base_id = {int(base.pk)} AND id % {step} = 0"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(_COMMON_WORDS, [query, step, COMMON])
        return [row[0] for row in cursor.fetchall()]
