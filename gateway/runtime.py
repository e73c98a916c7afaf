"""What a gateway process holds for all its calls: the snapshot, the ledger, the Bedrock client, the estimator."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from random import Random
from typing import Any, NoReturn

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, connections

from gateway.batches.services.batch_store import BatchStore
from gateway.batches.services.file_store import FileStore
from gateway.cache.flights import Flights
from gateway.cache.known_requests import KnownRequests
from gateway.cache.store import CacheStore
from gateway.jobs.services.store import JobStore
from gateway.metrics.bugs import BugWatch
from gateway.metrics.counts import Metrics
from gateway.prompts.context_sources import ContextSources
from gateway.prompts.versions import PromptVersions
from gateway.providers.ask import Providers
from gateway.providers.bedrock.client import BedrockClient
from gateway.providers.bedrock.credentials import CredentialSource
from gateway.providers.bedrock.guardrails import Guardrails
from gateway.providers.bedrock.knowledge import SERVICE, KnowledgeBases
from gateway.providers.documents import DocumentReader
from gateway.providers.transport import Transport
from gateway.providers.web_images import WebImages
from gateway.records.admin_faults import AdminFaults
from gateway.records.beginning_use import BeginningUse
from gateway.records.cache_use import CacheUses
from gateway.records.deployment_events import DeploymentEvents
from gateway.records.idempotency import IdempotentCalls
from gateway.records.key_use import KeyUse
from gateway.records.keyring import KeyRing
from gateway.records.raw_text_watch import RawTextWatch
from gateway.records.response_reader import ResponseReader
from gateway.records.rule_use import RuleUse
from gateway.records.unknown_callers import UnknownCallers
from gateway.refusals import Refusal, wait_after
from gateway.routing.fitting import RefusedFeatures
from gateway.routing.fleet.breaker import Limits
from gateway.routing.fleet.fleet import Fleet
from gateway.routing.queues import RateLines, Slots
from gateway.routing.sessions import Sessions
from gateway.snapshot.keeper import SnapshotKeeper
from gateway.snapshot.state import Snapshot
from gateway.starts import each_within, not_yet
from gateway.wire.beginnings import Beginnings
from gateway.wire.cached_prefixes import CachedPrefixes
from gateway.wire.tokens import Estimator
from governance.limits.services.batch_holds import BatchHolds
from governance.limits.services.ledger import SILENT_SECONDS, Ledger
from governance.limits.services.own_budgets import OwnBudgets
from governance.limits.services.pulses import BackgroundWatch
from governance.limits.services.rate_limiter import RateLimiter
from governance.privacy.services.detector import Detector
from governance.privacy.services.names import shared_pool
from governance.records.services.body_store import BodyStore
from governance.records.services.idempotency_store import IdempotencyStore
from governance.records.services.partitions import tend
from governance.records.services.response_store import ResponseStore
from governance.reviews.services.feedback import FeedbackStore
from governance.screening.services import Screener
from kernel import descriptors, text_vectors
from kernel.clock import perf_counter, utc_now
from kernel.ids import new_id
from kernel.postgres_pool import PostgresPool
from kernel.upkeep import Upkeep
from prompts.knowledge.services.extraction import ExtractionLimits
from prompts.knowledge.services.retriever import Retriever

logger = logging.getLogger(__name__)


def _make_partitions() -> None:
    """Should Celery have been off for months, calls find theirs all the same."""
    try:
        tend(now=utc_now())
    except DatabaseError as error:
        logger.error("partitions can't be looked at (%s)", type(error).__name__)
    finally:
        connections.close_all()


_OPEN_SECONDS = 5.0
_LAST_SECONDS = 3.0
"""What each of the last things may take, when a process ends."""
_ASK_PATH = "/admin/governance/limitrequest/add/"
"""The page where more of a limit is asked for; a process of calls alone has no addresses of pages."""


def _calls_at_once() -> int:
    """GATEHOUSE_MAX_CALLS, or what there are file descriptors for: above that calls wait, or are refused, in place of breaking."""
    wanted: int = settings.GATEWAY_MAX_CALLS
    if (fit := descriptors.calls_that_fit(wanted)) < wanted:
        logger.warning(
            "The limit of %d file descriptors has room for %d calls at once, and GATEHOUSE_MAX_CALLS is %d: "
            "raise the hard limit (ulimit -Hn, systemd's LimitNOFILE), or lower GATEHOUSE_MAX_CALLS",
            descriptors.limit(), fit, wanted,
        )  # fmt: skip
    return fit


class Gateway:
    """Built once per process, started and stopped with its server."""

    def __init__(self) -> None:
        self._pool = PostgresPool(
            settings.DATABASE_URL, min_size=2, max_size=settings.GATEWAY_POOL_SIZE, timeout=5
        )
        self.upkeep = Upkeep()
        self.keyring = KeyRing()
        self._keeper = SnapshotKeeper(
            url=settings.DATABASE_DIRECT_URL,
            poll_seconds=settings.GATEWAY_SNAPSHOT_POLL_SECONDS,
            on_refresh=self._take_in,
        )
        self.instance_id = new_id()
        self.ledger = Ledger(self._pool, instance_id=self.instance_id)
        self.batch_holds = BatchHolds(self._pool, instance_id=self.instance_id)
        self.limiter = RateLimiter(settings.REDIS_URL, members=lambda: self.ledger.members)
        self.rate_lines = RateLines(self.limiter, self.upkeep)
        self.deployment_events = DeploymentEvents()
        self.fleet = Fleet(
            settings.REDIS_URL,
            instance_id=str(self.instance_id),
            limits=Limits(
                settings.GATEWAY_BREAKER_FAILURES,
                settings.GATEWAY_BREAKER_SECONDS,
                settings.GATEWAY_ADAPTIVE_ROUTING,
            ),
            on_change=self.deployment_events.note,
        )
        calls = _calls_at_once()
        self.slots = Slots(calls)
        self.most_connections = descriptors.connections_that_fit(calls)
        """Of clients: each call under way needs a descriptor for its model besides."""
        self.queue_seconds: float = settings.GATEWAY_QUEUE_SECONDS
        self.metrics = Metrics()
        self.bugs = BugWatch(self.limiter)
        self.admin_faults = AdminFaults(self.metrics.admin_faults)
        self.raw_text_watch = RawTextWatch(self.metrics.note_raw_not_kept)
        self.prompt_versions = PromptVersions(self._pool)
        self.retriever = Retriever(self._pool)
        self.context = ContextSources(
            database_url=settings.CONTEXT_DATABASE_URL, hosts=tuple(settings.CONTEXT_HOSTS)
        )
        self.web_images = WebImages(
            settings.GATEWAY_IMAGE_HOSTS, allow_private=settings.GATEWAY_IMAGES_ALLOW_PRIVATE
        )
        self.documents = DocumentReader(
            ExtractionLimits(
                bytes=settings.DOCUMENT_MAX_BYTES,
                memory_mb=settings.DOCUMENT_MEMORY_MB,
                seconds=settings.DOCUMENT_SECONDS,
                characters=settings.DOCUMENT_MAX_CHARACTERS,
                grace_seconds=5,
            )
        )
        self.credentials = CredentialSource()
        transport = Transport(
            max_connections=settings.GATEWAY_MAX_UPSTREAM_CONNECTIONS,
            connect_timeout_seconds=settings.GATEWAY_CONNECT_TIMEOUT_SECONDS,
        )
        client = partial(
            BedrockClient,
            transport=transport,
            credentials=self.credentials,
            endpoint_url=settings.BEDROCK_ENDPOINT_URL,
        )
        self.bedrock = client()
        self.providers = Providers(
            self.bedrock, transport=transport, allow_private=settings.GATEWAY_PROVIDERS_ALLOW_PRIVATE
        )
        self.refused_features = RefusedFeatures()
        self.guardrails = Guardrails(self.bedrock)
        self.knowledge_bases = KnowledgeBases(client(service=SERVICE))
        self.detector = Detector(shared_pool())
        self.screener = Screener()
        self.estimator = Estimator()
        self.cached_prefixes = CachedPrefixes()
        self.beginnings = Beginnings()
        self.sessions = Sessions()
        self.key_use = KeyUse(self._pool)
        self.unknown_callers = UnknownCallers(
            self._pool, most_per_minute=settings.GATEWAY_UNKNOWN_CALLS_PER_MINUTE
        )
        self.rule_use = RuleUse(self._pool)
        self.beginning_use = BeginningUse(self._pool)
        self.cache = CacheStore(self._pool)
        self.known_requests = KnownRequests()
        self.cache_use = CacheUses(self._pool)
        self.flights = Flights(settings.REDIS_URL)
        self.feedback = FeedbackStore(self._pool)
        self.own_budgets = OwnBudgets(self._pool)
        self.background = BackgroundWatch(self._pool)
        self.responses = ResponseStore(self._pool)
        self.jobs = JobStore(self._pool)
        self.files = FileStore(self._pool)
        self.batches = BatchStore(self._pool)
        self.response_reader = ResponseReader(self.responses, self.keyring)
        self.idempotency = IdempotentCalls(
            IdempotencyStore(
                self._pool,
                instance_id=self.instance_id,
                keep_seconds=3600 * settings.GATEWAY_IDEMPOTENCY_HOURS,
                silent_seconds=SILENT_SECONDS,
            ),
            self.keyring,
            self.upkeep,
            counts=self.metrics.idempotent_calls,
            wait_seconds=settings.GATEWAY_IDEMPOTENCY_WAIT_SECONDS,
        )
        self.random = Random()  # noqa: S311 - shares load, guards nothing
        self.max_output_tokens: int | None = settings.GATEWAY_MAX_OUTPUT_TOKENS or None
        self.settle_timeout_seconds: float = settings.GATEWAY_SETTLE_TIMEOUT_SECONDS
        self.logs_content: bool = settings.GATEWAY_CONTENT_LOGGING
        self.grace_hours: float = settings.BODIES_GRACE_HOURS
        self.body_store = (
            BodyStore(settings.BODIES_DATABASE_URL, pool_size=settings.GATEWAY_POOL_SIZE)
            if settings.BODIES_DATABASE_URL
            else None
        )
        self.running: set[asyncio.Task[Any]] = set()
        self.shadows: set[asyncio.Task[None]] = set()
        """Copies of calls that are under way; they end with the process."""
        self._partitions: asyncio.Task[None] | None = None
        self._vectors: asyncio.Task[None] | None = None
        self.is_ready = False

    def ask_url(self, budget_id: int) -> str:
        """Where a person asks for more of a budget."""
        return f"{settings.PUBLIC_URL}{_ASK_PATH}?budget={budget_id}"

    @property
    def snapshot(self) -> Snapshot:
        return self._keeper.current

    @property
    def is_blind(self) -> bool:
        """Whether it can't be read which keys have been revoked."""
        return self._keeper.is_blind

    @property
    def snapshot_age(self) -> float:
        """For how many seconds changes may have gone unnoticed."""
        return self._keeper.age

    def knows_who_may_call(self) -> None:
        """Refusal: not_auditable, where it can't be read which keys have been revoked."""
        if self._keeper.is_blind:
            self.does_not_know_keys()

    @property
    def postgres_wait(self) -> int:
        """Seconds after which who was refused, since nothing can be recorded or read, may try again."""
        return wait_after(max(self.ledger.away_for, self._keeper.age))

    def does_not_know_keys(self) -> NoReturn:
        """Refusal: not_auditable."""
        raise Refusal(
            "not_auditable",
            "Gatehouse can't read at the moment which keys are valid, so it takes no calls. Please try again.",
            retry_after=self.postgres_wait,
        )

    def _take_in(self, snapshot: Snapshot) -> None:
        self.keyring.retain(snapshot.data_keys)
        if self._vectors is None and snapshot.cache_rules.wants_vectors:
            self._vectors = asyncio.create_task(asyncio.to_thread(text_vectors.warm_up))

    async def start(self) -> None:
        """Connects, builds the first snapshot, announces the process. NotYetError where Postgres can't be used, or is not migrated."""
        opening = asyncio.ensure_future(self._pool.open(wait=True, seconds=_OPEN_SECONDS))
        try:
            await asyncio.to_thread(self._warm_up)
        except BaseException:
            opening.cancel()
            raise
        try:
            await opening
            await self._begin()
        except Exception as error:
            raise (not_yet(error) or error) from error

    async def _begin(self) -> None:
        await self._keeper.start(self.upkeep)
        if any(key.rules.names for key in self.snapshot.keys.values()):
            shared_pool().warm_up()
        if self.body_store is not None:
            await self.body_store.start()
        await self.ledger.start(self.upkeep)
        self.limiter.start(self.upkeep)
        self.fleet.start(self.upkeep)
        self.key_use.start(self.upkeep)
        self.unknown_callers.start(self.upkeep)
        self.rule_use.start(self.upkeep)
        self.beginning_use.start(self.upkeep)
        self.cache_use.start(self.upkeep)
        self._partitions = asyncio.create_task(sync_to_async(_make_partitions, thread_sensitive=False)())
        self.is_ready = True

    async def abandon(self) -> None:
        """Lets go of what was begun, where it could not start."""
        await self.upkeep.stop()
        self.documents.stop()
        stores = () if self.body_store is None else (self.body_store.stop(),)
        await each_within(
            _LAST_SECONDS, *stores, self._keeper.stop(), self.limiter.stop(), self.fleet.stop(), self.bedrock.close(), self._pool.close(),
        )  # fmt: skip

    def _warm_up(self) -> None:
        """Loads what would else be loaded by the first call that needs it, and hold up all others."""
        self.credentials.warm_up()
        if settings.KMS_KEY_ID:
            from gateway.providers.bedrock.kms import kms  # boto3: only where it is needed

            kms.warm_up()
        self.estimator.warm_up()
        self.detector.warm_up()
        self.screener.warm_up()

    async def stop(self) -> None:
        """Lets calls under way settle, then lets go of everything."""
        self.is_ready = False
        ends_at = perf_counter() + self.settle_timeout_seconds
        for copy in self.shadows:
            copy.cancel()
        if self.shadows:
            await asyncio.wait(tuple(self.shadows), timeout=self.settle_timeout_seconds)
        if self.running:
            await asyncio.wait(tuple(self.running), timeout=self.settle_timeout_seconds)
        await self.ledger.stop(timeout_seconds=max(_LAST_SECONDS, ends_at - perf_counter()))
        self.documents.stop()
        writers = (self.key_use, self.unknown_callers, self.rule_use, self.beginning_use, self.cache_use)
        partitions = () if self._partitions is None else (_done(self._partitions),)
        # At once, for each may wait for a server that hangs; and all that write before what they write with is closed.
        await each_within(_LAST_SECONDS, *(writer.stop() for writer in writers), self.limiter.stop(), self.fleet.stop(), self.flights.stop(), self.admin_faults.stop(),
                           self.deployment_events.stop(),
                           self.raw_text_watch.stop(), self.context.stop(), self.bedrock.close(), *partitions)  # fmt: skip
        await each_within(_LAST_SECONDS, self.upkeep.stop())
        await self.ledger.leave()
        stores = () if self.body_store is None else (self.body_store.stop(),)
        await each_within(_LAST_SECONDS, *stores, self._keeper.stop(), self._pool.close())


async def _done(task: asyncio.Task[None]) -> None:
    await asyncio.shield(task)
