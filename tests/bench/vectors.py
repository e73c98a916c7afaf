"""Search among a million passages: how long an index takes to build and how large it is, how long searches take, and how
much of what an exact search finds they find; in a large base, and in small ones beside it."""

import resource
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median, quantiles

import numpy
import psutil
import psycopg

from prompts.knowledge.services.retriever import SEARCH, literal
from tests.services import Stack, temporary_folder

DIMENSIONS = 256
CLUSTERS = 4_000
SPREAD = 0.9
"""Of a passage around the middle of its cluster, as a share of the distance between clusters."""
PER_DOCUMENT = 20
WORDS = 50_000
QUERIES = 300
MAX = 20
TINY, SMALL = 200, 4_000
"""Passages of the bases that have no indexes of their own."""
RESTRICTED = 0.01
"""Share of the large base's documents that one application alone may be given."""
_TEND = (
    "from prompts.models import KnowledgeBase; from prompts.knowledge.services import indexes as i; "
    "[i.tend(b) for b in KnowledgeBase.objects.filter(name__in=('large', 'middle'))]"
)


@dataclass
class Searches:
    """Searches of one kind: milliseconds, and the share of the exact search's first ten and twenty that were found."""

    name: str
    passages: int
    milliseconds: list[float]
    recalls: list[float]
    fallen_short: int = 0

    @property
    def p50(self) -> float:
        return median(self.milliseconds)

    @property
    def p95(self) -> float:
        return quantiles(self.milliseconds, n=20)[-1]

    @property
    def recall(self) -> float:
        return sum(self.recalls) / len(self.recalls)


@dataclass
class Measured:
    passages: int
    fill_seconds: float
    build_seconds: float
    build_peak_mb: float
    sizes: dict[str, int]
    searches: list[Searches] = field(default_factory=list)


@dataclass
class _Base:
    """A base, and its vectors as the exact search sees them."""

    pk: int
    vectors: "numpy.ndarray[tuple[int, int], numpy.dtype[numpy.float32]]"
    chunk_ids: "numpy.ndarray[tuple[int], numpy.dtype[numpy.int64]]"
    is_open: "numpy.ndarray[tuple[int], numpy.dtype[numpy.bool_]]"


def measure(passages: int, *, memory_mb: int = 2048) -> Measured:
    """Fills a database, lets the product's own code index it, and searches by the product's own statement."""
    folder = temporary_folder()
    random = numpy.random.default_rng(7)
    with Stack(folder) as stack, stack.connect() as connection:
        begun = time.perf_counter()
        bases = _fill(connection, passages, random)
        filled = time.perf_counter() - begun
        connection.execute("VACUUM ANALYZE prompts_chunk")
        connection.execute("VACUUM ANALYZE prompts_knowledgedocument")
        begun = time.perf_counter()
        with _Peak(connection) as peak:
            stack.manage("shell", "-c", _TEND, GATEHOUSE_KNOWLEDGE_INDEX_MEMORY_MB=str(memory_mb))
        built = time.perf_counter() - begun
        found = Measured(passages, filled, built, peak.megabytes, _sizes(connection, bases))
        _search_all(connection, bases, found, random)
    shutil.rmtree(folder, ignore_errors=True)
    return found


def _fill(
    connection: "psycopg.Connection", passages: int, random: numpy.random.Generator
) -> dict[str, _Base]:
    """A large base of nine tenths, a middle one of nearly one tenth, a small and a tiny one, of four teams."""
    middle = min(passages // 10, 100_000)
    sizes = {"large": passages - middle - SMALL - TINY, "middle": middle, "small": SMALL, "tiny": TINY}
    centres = random.standard_normal((CLUSTERS, DIMENSIONS)).astype(numpy.float32)
    vocabulary = [f"w{rank}" for rank in range(WORDS)]
    return {
        name: _fill_base(connection, name, size, centres, vocabulary, random) for name, size in sizes.items()
    }


def _fill_base(connection, name, size, centres, vocabulary, random) -> _Base:
    def insert(statement: str, *values: object) -> int:
        row = connection.execute(statement + " RETURNING id", values).fetchone()
        assert row is not None
        return int(row[0])

    team = insert(
        "INSERT INTO accounts_team (name, description, public_id, weight, created_at) "
        "VALUES (%s, '', gen_random_uuid(), 1, now())", name,
    )  # fmt: skip
    applications = [
        insert(
            "INSERT INTO accounts_application (team_id, name, description, is_active, is_internal, created_at) "
            "VALUES (%s, %s, '', true, false, now())", team, f"{name}-{number}",
        )
        for number in range(2)
    ]  # fmt: skip
    base = insert(
        "INSERT INTO prompts_knowledgebase (team_id, name, description, kind, route, dimensions, bedrock_id, region, "
        "language, top_k, floor, max_tokens, chunk_tokens, overlap_tokens, source, sync_error, is_indexed, common_words, "
        "created_at) VALUES (%s, %s, '', 'local', 'r', %s, '', '', 'simple', 5, 0, 2000, 300, 40, '', '', false, '{}', "
        "now())", team, name, DIMENSIONS,
    )  # fmt: skip
    documents = -(-size // PER_DOCUMENT)
    # All documents but a few are the first application's alone; the second is given that share.
    share = RESTRICTED if name == "large" else 1.0
    is_open = random.random(documents) < share
    is_open[0] = True
    connection.execute(
        "WITH new AS (INSERT INTO prompts_knowledgedocument (base_id, name, media_type, source, reference, mark, "
        "application_ids, state, error, created_at, updated_at) SELECT %s, 'd' || n, 'text/plain', 'upload', '', '', "
        "CASE WHEN is_open THEN '{}' ELSE ARRAY[%s]::bigint[] END, 'ready', '', now(), now() "
        "FROM unnest(%s::boolean[]) WITH ORDINALITY AS x (is_open, n) ORDER BY n RETURNING id) "
        "INSERT INTO prompts_documentversion (document_id, number, sha256, size, chunk_count, created_at) "
        "SELECT id, 1, '', 0, %s, now() FROM new ORDER BY id",
        (base, applications[0], is_open.tolist(), PER_DOCUMENT),
    )
    rows = connection.execute(
        "UPDATE prompts_knowledgedocument d SET current_id = v.id FROM prompts_documentversion v "
        "WHERE v.document_id = d.id AND d.base_id = %s RETURNING d.id, v.id", (base,),
    ).fetchall()  # fmt: skip
    rows.sort()
    vectors = numpy.empty((size, DIMENSIONS), dtype=numpy.float32)
    copy_in = (
        "COPY prompts_chunk (base_id, document_id, version_id, position, headings, text, tokens, digest, language, vector) "
        "FROM STDIN"
    )
    with connection.cursor() as cursor, cursor.copy(copy_in) as copy:
        for start in range(0, size, 10_000):
            part = _around(centres, min(10_000, size - start), random)
            vectors[start : start + len(part)] = part
            words = random.zipf(1.3, (len(part), 60)) % WORDS
            for offset, (vector, ranks) in enumerate(zip(part, words, strict=True)):
                number = start + offset
                document, version = rows[number // PER_DOCUMENT]
                text = " ".join(vocabulary[rank] for rank in ranks)
                copy.write_row(
                    (base, document, version, number, "", text, 80, "", "simple", literal(vector.tolist()))
                )
    ids = connection.execute(
        "SELECT id FROM prompts_chunk WHERE base_id = %s ORDER BY position", (base,)
    ).fetchall()
    return _Base(
        base, vectors, numpy.array([row[0] for row in ids]), numpy.repeat(is_open, PER_DOCUMENT)[:size]
    )


def _around(centres, number: int, random: numpy.random.Generator):
    """Vectors of length one, each near one of the clusters, as half precision keeps them."""
    chosen = centres[random.integers(0, len(centres), number)]
    noise = random.standard_normal((number, DIMENSIONS)).astype(numpy.float32)
    made = chosen + SPREAD * noise
    made /= numpy.linalg.norm(made, axis=1, keepdims=True)
    return made.astype(numpy.float16).astype(numpy.float32)


def _sizes(connection: "psycopg.Connection", bases: dict[str, _Base]) -> dict[str, int]:
    names = {
        "the table with its texts": "prompts_chunk",
        "the large base's index of vectors": f"knowledge_vectors_{bases['large'].pk}",
        "the large base's index of words": f"knowledge_words_{bases['large'].pk}",
    }
    found = {}
    for title, name in names.items():
        how = "pg_table_size" if name == "prompts_chunk" else "pg_relation_size"
        row = connection.execute(f"SELECT {how}(%s::regclass)", (name,)).fetchone()
        assert row is not None
        found[title] = int(row[0])
    return found


def _search_all(connection, bases: dict[str, _Base], found: Measured, random) -> None:
    titles = {
        "large": "the large base, all documents",
        "middle": "the middle base",
        "small": "the small base",
        "tiny": "the tiny base",
    }
    for name, title in titles.items():
        found.searches.append(_searches(connection, bases[name], title, f"{name}-0", random))
    title = f"the large base, an application that is given {RESTRICTED:.0%} of the documents"
    found.searches.append(_searches(connection, bases["large"], title, "large-1", random, is_restricted=True))
    title = "the large base, by vectors alone (no words asked)"
    found.searches.append(_searches(connection, bases["large"], title, "large-0", random, words=0))


def _searches(
    connection, base: _Base, title: str, application: str, random, *, is_restricted: bool = False, words: int = 8
) -> Searches:  # fmt: skip
    row = connection.execute("SELECT id FROM accounts_application WHERE name = %s", (application,)).fetchone()
    seen = base.is_open if is_restricted else numpy.ones(len(base.vectors), dtype=bool)
    done = Searches(title, int(seen.sum()), [], [])
    for query in _queries(base, random):
        text = " ".join(f"w{rank}" for rank in random.zipf(1.3, words) % WORDS)
        begun = time.perf_counter()
        rows = connection.execute(SEARCH, ([base.pk], row[0], literal(query.tolist()), text, MAX)).fetchall()
        done.milliseconds.append((time.perf_counter() - begun) * 1000)
        nearest = {each[0] for each in rows if each[9] is not None and each[9] <= 10}
        similarities = numpy.where(seen, base.vectors @ query, -2)
        exact = base.chunk_ids[numpy.argpartition(-similarities, 10)[:10]]
        done.recalls.append(len(nearest & set(exact.tolist())) / min(10, len(exact)))
        done.fallen_short += len([each for each in rows if each[9] is not None]) < min(MAX, done.passages)
    return done


def _queries(base: _Base, random) -> Iterator["numpy.ndarray[tuple[int], numpy.dtype[numpy.float32]]"]:
    """Questions: near a passage, not at it."""
    for number in random.integers(0, len(base.vectors), QUERIES):
        query = base.vectors[number] + 0.05 * random.standard_normal(DIMENSIONS).astype(numpy.float32)
        yield query / numpy.linalg.norm(query)


class _Peak:
    """The most memory that PostgreSQL's processes took together, over what they had before, looked at ten times a second."""

    def __init__(self, connection: "psycopg.Connection") -> None:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        self._postmaster = psutil.Process(psutil.Process(row[0]).ppid())
        self.megabytes = 0.0

    def __enter__(self) -> "_Peak":
        from threading import Event, Thread

        self._end = Event()
        self._thread = Thread(target=self._watch)
        self._before = self._now()
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.wait(0.1):
            self.megabytes = max(self.megabytes, self._now() - self._before)

    def _now(self) -> float:
        total = 0
        for process in self._postmaster.children():
            try:
                total += process.memory_full_info().pss
            except psutil.Error:
                continue
        return total / 1e6


def show(found: Measured) -> None:
    """The tables of docs/performance.md."""
    print(
        f"\n{found.passages:,} passages of {DIMENSIONS} dimensions in four bases, filled in {found.fill_seconds:.0f} s"
    )
    print(
        f"indexes of the two larger ones built in {found.build_seconds:.0f} s, with {found.build_peak_mb:,.0f} MB"
    )
    for title, size in found.sizes.items():
        print(f"{title}: {size / 1e6:,.0f} MB")
    print(
        "\n| search in | passages | p50 ms | p95 ms | recall@10 | fewer than asked for |\n|---|---|---|---|---|---|"
    )
    for row in found.searches:
        print(
            f"| {row.name} | {row.passages:,} | {row.p50:.1f} | {row.p95:.1f} | {row.recall:.3f} | {row.fallen_short} |"
        )
    print(
        f"memory of this process at most: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:,.0f} MB"
    )
