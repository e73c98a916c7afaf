"""All settings, read from the environment. Each variable is documented in docs/settings.md."""

from pathlib import Path

from django.templatetags.static import static

from config.environment import Environment
from kernel.background_queues import QUEUES, ROUTES
from kernel.checks import INSECURE_DEFAULT
from kernel.deadlines import STANDBY, TCP, WRITES
from kernel.services_file import apply_simulator_credentials, read_services

env = Environment()
ROOT = Path(__file__).resolve().parent.parent.parent

DATA_DIR = Path(env.str("GATEHOUSE_DATA_DIR", default=str(ROOT / ".data"))).expanduser().resolve()
# With nothing configured, use what `make run` has started for this data folder.
_embedded = None if env.str("DATABASE_URL", default="") else read_services(DATA_DIR)
EMBEDDED = env.bool("GATEHOUSE_EMBEDDED", default=_embedded is not None)

# --- process ---------------------------------------------------------------------------------------
DEBUG = env.bool("GATEHOUSE_DEBUG", default=False)
HOST = env.str("GATEHOUSE_HOST", default="127.0.0.1")
PORT = env.int("GATEHOUSE_PORT", default=8000)
PUBLIC_URL = env.str("GATEHOUSE_PUBLIC_URL", default=f"http://{HOST}:{PORT}").rstrip("/")
SECRET_KEY = env.str("GATEHOUSE_SECRET_KEY", default=_embedded.secret_key if _embedded else INSECURE_DEFAULT)
MASTER_KEY = env.str("GATEHOUSE_MASTER_KEY", default=_embedded.master_key if _embedded else INSECURE_DEFAULT)
PREVIOUS_MASTER_KEY = env.str("GATEHOUSE_PREVIOUS_MASTER_KEY", default="")
ALLOWED_HOSTS = env.list("GATEHOUSE_ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]", HOST])
# Where Gatehouse's own calls go (evaluations, the playground, knowledge): the gateway, seen from the worker.
GATEWAY_URL = env.str("GATEHOUSE_GATEWAY_URL", default=PUBLIC_URL).rstrip("/")
CSRF_TRUSTED_ORIGINS = env.list("GATEHOUSE_CSRF_TRUSTED_ORIGINS", default=[PUBLIC_URL])
LOG_LEVEL = env.str("GATEHOUSE_LOG_LEVEL", default="INFO")

# --- services --------------------------------------------------------------------------------------
DATABASE_URL = env.str("DATABASE_URL", default=_embedded.database_url if _embedded else "")
DATABASE_DIRECT_URL = env.str("DATABASE_DIRECT_URL", default=DATABASE_URL)
REDIS_URL = env.str("REDIS_URL", default=(_embedded and _embedded.redis_url) or "redis://127.0.0.1:6379/0")
BEDROCK_ENDPOINT_URL = env.str(
    "BEDROCK_ENDPOINT_URL", default=_embedded.bedrock_endpoint_url if _embedded else ""
)
if _embedded and _embedded.bedrock_endpoint_url == BEDROCK_ENDPOINT_URL:
    apply_simulator_credentials(_embedded)
DATABASES = {"default": env.db_url_config(DATABASE_URL or "postgres://postgres@127.0.0.1:5432/gatehouse")}
DATABASES["default"]["OPTIONS"] = {**TCP, **WRITES, **DATABASES["default"].get("OPTIONS", {})}
# Behind a pooler in transaction mode the next statement may reach another server connection.
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = DATABASE_DIRECT_URL != DATABASE_URL
_direct = env.db_url_config(DATABASE_DIRECT_URL, name="DATABASE_DIRECT_URL") if DATABASE_DIRECT_URL else {}
DIRECT_DATABASE = {
    name: _direct[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT") if name in _direct
}

DATABASE_ROUTERS: list[str] = []
# Where what may be some seconds old is read: lists of calls, usage, charts.
if REPLICA_DATABASE_URL := env.str("GATEHOUSE_REPLICA_DATABASE_URL", default=""):
    DATABASES["replica"] = env.db_url_config(REPLICA_DATABASE_URL, name="GATEHOUSE_REPLICA_DATABASE_URL")
    DATABASES["replica"]["OPTIONS"] = {**TCP, **STANDBY, **DATABASES["replica"].get("OPTIONS", {})}
    DATABASES["replica"]["DISABLE_SERVER_SIDE_CURSORS"] = True
    DATABASES["replica"]["TEST"] = {"MIRROR": "default"}
    DATABASE_ROUTERS.append("config.replica_router.ReplicaRouter")

# --- context of prompts ----------------------------------------------------------------------------
CONTEXT_DATABASE_URL = env.str("GATEHOUSE_CONTEXT_DATABASE_URL", default="")
CONTEXT_HOSTS = [host.strip().lower() for host in env.list("GATEHOUSE_CONTEXT_HOSTS", default=[])]

# --- mail ------------------------------------------------------------------------------------------
# Without a server, mail is written to the log.
vars().update(env.email_url("GATEHOUSE_EMAIL_URL", default="consolemail://"))
DEFAULT_FROM_EMAIL = env.str("GATEHOUSE_EMAIL_FROM", default="gatehouse@localhost")
EMAIL_TIMEOUT = 20
# How many deliveries, documents and evaluations of one team are worked on at once: fewer than there are places for them, so that
# there is always one for another team.
TEAM_DELIVERIES = env.int("GATEHOUSE_TEAM_DELIVERIES", default=3)
TEAM_DOCUMENTS = env.int("GATEHOUSE_TEAM_DOCUMENTS", default=1)
TEAM_EVALUATIONS = env.int("GATEHOUSE_TEAM_EVALUATIONS", default=1)
# --- jobs: calls that are made later (docs/jobs.md) --------------------------------------------------
JOBS_AT_ONCE = env.at_least("GATEHOUSE_JOBS_AT_ONCE", 1, default=16)
TEAM_JOBS = env.at_least("GATEHOUSE_TEAM_JOBS", 1, default=12)
TEAM_JOBS_WAITING = env.at_least("GATEHOUSE_TEAM_JOBS_WAITING", 1, default=100_000)
TEAM_JOBS_WAITING_MB = env.at_least("GATEHOUSE_TEAM_JOBS_WAITING_MB", 1, default=4096)
JOBS_DEADLINE_SECONDS = env.at_least("GATEHOUSE_JOBS_DEADLINE_SECONDS", 1, default=86_400)
JOBS_RESULT_HOURS = env.at_least("GATEHOUSE_JOBS_RESULT_HOURS", 1, default=24)
JOBS_DEAD_HOURS = env.at_least("GATEHOUSE_JOBS_DEAD_HOURS", 1, default=168)
JOBS_WEBHOOK_HOSTS = [host.strip().lower() for host in env.list("GATEHOUSE_JOBS_WEBHOOK_HOSTS", default=[])]
JOBS_QUEUE_URL = env.str("GATEHOUSE_JOBS_QUEUE_URL", default="")
JOBS_DEAD_QUEUE_URL = env.str("GATEHOUSE_JOBS_DEAD_QUEUE_URL", default="")
# --- files and batches (docs/batches.md) -------------------------------------------------------------
FILES_MAX_MB = env.at_least("GATEHOUSE_FILES_MAX_MB", 1, default=200)
FILES_DAYS = env.at_least("GATEHOUSE_FILES_DAYS", 1, default=30)
TEAM_FILES_MB = env.at_least("GATEHOUSE_TEAM_FILES_MB", 1, default=10_240)
BATCH_MAX_LINES = env.at_least("GATEHOUSE_BATCH_MAX_LINES", 1, default=50_000)
# Bedrock's batch inference, at half price: without a bucket and a role all lines are made one by one.
BATCH_BUCKET = env.str("GATEHOUSE_BATCH_BUCKET", default="")
BATCH_ROLE_ARN = env.str("GATEHOUSE_BATCH_ROLE_ARN", default="")
BATCH_KMS_KEY_ARN = env.str("GATEHOUSE_BATCH_KMS_KEY_ARN", default="")
TEAM_BATCHES = env.at_least("GATEHOUSE_TEAM_BATCHES", 1, default=50)
ALERTS_ALLOW_PRIVATE = env.bool("GATEHOUSE_ALERTS_ALLOW_PRIVATE", default=EMBEDDED)

# --- gateway ---------------------------------------------------------------------------------------
GATEWAY_POOL_SIZE = env.at_least(
    "GATEHOUSE_POOL_SIZE", 2, default=4
)  # one writes ends of calls while another reserves
GATEWAY_IMAGE_HOSTS = env.list("GATEHOUSE_IMAGE_HOSTS", default=[])
GATEWAY_IMAGES_ALLOW_PRIVATE = env.bool("GATEHOUSE_IMAGES_ALLOW_PRIVATE", default=False)
GATEWAY_PROVIDERS_ALLOW_PRIVATE = env.bool("GATEHOUSE_PROVIDERS_ALLOW_PRIVATE", default=False)
GATEWAY_CORS_ORIGINS = [origin.strip() for origin in env.list("GATEHOUSE_CORS_ORIGINS", default=[])]
GATEWAY_KEEP_ALIVE_SECONDS = env.float("GATEHOUSE_STREAM_KEEP_ALIVE_SECONDS", default=10.0)
GATEWAY_MAX_BODY_BYTES = env.int("GATEHOUSE_MAX_BODY_BYTES", default=20 * 1024 * 1024)
GATEWAY_MAX_BODY_ITEMS = env.int("GATEHOUSE_MAX_BODY_ITEMS", default=100_000)
GATEWAY_UNKNOWN_CALLS_PER_MINUTE = env.int("GATEHOUSE_UNKNOWN_CALLS_PER_MINUTE", default=60)
GATEWAY_MAX_OUTPUT_TOKENS = env.int("GATEHOUSE_MAX_OUTPUT_TOKENS", default=0)
GATEWAY_MAX_UPSTREAM_CONNECTIONS = env.at_least("GATEHOUSE_MAX_UPSTREAM_CONNECTIONS", 1, default=2048)
GATEWAY_MAX_CALLS = env.at_least("GATEHOUSE_MAX_CALLS", 1, default=2048)
GATEWAY_QUEUE_SECONDS = env.float("GATEHOUSE_QUEUE_SECONDS", default=10.0)
GATEWAY_BREAKER_FAILURES = env.at_least("GATEHOUSE_BREAKER_FAILURES", 1, default=5)
GATEWAY_ADAPTIVE_ROUTING = env.bool("GATEHOUSE_ADAPTIVE_ROUTING", default=True)
GATEWAY_BREAKER_SECONDS = env.float("GATEHOUSE_BREAKER_SECONDS", default=30.0)
GATEWAY_IDEMPOTENCY_HOURS = env.float("GATEHOUSE_IDEMPOTENCY_HOURS", default=24.0)
GATEWAY_IDEMPOTENCY_WAIT_SECONDS = env.float("GATEHOUSE_IDEMPOTENCY_WAIT_SECONDS", default=600.0)
GATEWAY_IDEMPOTENT_AWS_RETRIES = env.bool("GATEHOUSE_IDEMPOTENT_AWS_RETRIES", default=False)
GATEWAY_METRICS_TOKEN = env.str("GATEHOUSE_METRICS_TOKEN", default="")
GATEWAY_CONNECT_TIMEOUT_SECONDS = env.float("GATEHOUSE_CONNECT_TIMEOUT_SECONDS", default=5.0)
GATEWAY_SETTLE_TIMEOUT_SECONDS = env.float("GATEHOUSE_SETTLE_TIMEOUT_SECONDS", default=30.0)
GATEWAY_SNAPSHOT_POLL_SECONDS = env.float("GATEHOUSE_SNAPSHOT_POLL_SECONDS", default=15.0)
# What moderates: "screening", or a guardrail by its ARN and version; nothing where it is empty.
MODERATION = env.matching(
    "GATEHOUSE_MODERATION",
    r"screening|arn:aws[\w-]*:bedrock:[a-z0-9-]+:\d{12}:guardrail/[a-z0-9]+:(\d+|DRAFT)",
    what="screening, or a guardrail's ARN with its version behind a colon.",
)
GATEWAY_CONTENT_LOGGING = env.bool("GATEHOUSE_CONTENT_LOGGING", default=True)
# The route that semantic similarity is measured with, where an assertion names none.
EVALUATION_EMBEDDINGS = env.str("GATEHOUSE_EVALUATION_EMBEDDINGS", default="titan-embed-text-v2")

NAMES_WORKERS = env.int("GATEHOUSE_NAMES_WORKERS", default=1)
NAMES_QUEUE_SIZE = env.int("GATEHOUSE_NAMES_QUEUE_SIZE", default=64)
NAMES_TIMEOUT_SECONDS = env.float("GATEHOUSE_NAMES_TIMEOUT_SECONDS", default=10.0)
# --- storage of bodies -----------------------------------------------------------------------------
KMS_KEY_ID = env.str("GATEHOUSE_KMS_KEY_ID", default="")
BODIES_GRACE_HOURS = env.float("GATEHOUSE_BODIES_GRACE_HOURS", default=24.0)
if BODIES_DATABASE_URL := env.str("GATEHOUSE_BODIES_DATABASE_URL", default=""):
    DATABASES["bodies"] = env.db_url_config(BODIES_DATABASE_URL, name="GATEHOUSE_BODIES_DATABASE_URL")
    DATABASES["bodies"]["OPTIONS"] = {**TCP, **WRITES, **DATABASES["bodies"].get("OPTIONS", {})}
    DATABASES["bodies"]["DISABLE_SERVER_SIDE_CURSORS"] = True
    DATABASE_ROUTERS.insert(0, "config.bodies_router.BodiesRouter")

# --- privacy ---------------------------------------------------------------------------------------
# What holds until the organisation has a policy of its own: protect, observe or strict (docs/privacy.md).
PRESET = env.str("GATEHOUSE_PRESET", default="protect")

# PDF and Word documents in requests, where a policy has them read.
DOCUMENT_MAX_BYTES = env.int("GATEHOUSE_DOCUMENT_MAX_BYTES", default=10 * 1024 * 1024)
DOCUMENT_MAX_CHARACTERS = env.int("GATEHOUSE_DOCUMENT_MAX_CHARACTERS", default=1_000_000)
DOCUMENT_MEMORY_MB = env.int("GATEHOUSE_DOCUMENT_MEMORY_MB", default=512)
DOCUMENT_SECONDS = env.int("GATEHOUSE_DOCUMENT_SECONDS", default=20)

# --- knowledge bases -------------------------------------------------------------------------------
KNOWLEDGE_SOURCES = env.list("GATEHOUSE_KNOWLEDGE_SOURCES", default=[])
KNOWLEDGE_MAX_BYTES = env.int("GATEHOUSE_KNOWLEDGE_MAX_BYTES", default=25 * 1024 * 1024)
KNOWLEDGE_MAX_CHARACTERS = env.int("GATEHOUSE_KNOWLEDGE_MAX_CHARACTERS", default=20_000_000)
KNOWLEDGE_MEMORY_MB = env.int("GATEHOUSE_KNOWLEDGE_MEMORY_MB", default=1024)
KNOWLEDGE_INDEX_MEMORY_MB = env.int("GATEHOUSE_KNOWLEDGE_INDEX_MEMORY_MB", default=512)
KNOWLEDGE_SECONDS = env.int("GATEHOUSE_KNOWLEDGE_SECONDS", default=60)

# --- reconciliation with AWS -----------------------------------------------------------------------
# Regions of AWS that are looked at daily; `none` for none of them, nothing for those with deployments.
DISCOVERY_REGIONS = [region.strip() for region in env.list("GATEHOUSE_DISCOVERY_REGIONS", default=[])]
RECONCILIATION_LOGS = env.str("GATEHOUSE_RECONCILIATION_LOGS", default="")
RECONCILIATION_COSTS = env.str("GATEHOUSE_RECONCILIATION_COSTS", default="")

# --- Django ----------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "config.lazy_admin.LazyAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "pgtrigger",
    "accounts",
    "governance",
    "prompts",
    "gateway",
    "embedded",
]
MIDDLEWARE = [
    "accounts.middleware.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.SignInLifeMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "accounts.middleware.DomainErrorMiddleware",
    "accounts.middleware.SignedInMiddleware",
]
if REPLICA_DATABASE_URL:
    MIDDLEWARE.append("config.replica_router.ReadOwnWritesMiddleware")
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "governance.usage.admin.banner.banner",
            ],
        },
    },
]
AUTH_USER_MODEL = "accounts.User"
LOGIN_REDIRECT_URL = "admin:index"  # who signs in without a page in mind; Unfold's form sends no `next`
AUTHENTICATION_BACKENDS = ["accounts.backends.CountedBackend"]
SIGN_IN_TRIES = env.int("GATEHOUSE_SIGN_IN_TRIES", default=10)
SIGN_IN_TRIES_PER_ADDRESS = env.int("GATEHOUSE_SIGN_IN_TRIES_PER_ADDRESS", default=50)
SIGN_IN_LOCK_MINUTES = env.int("GATEHOUSE_SIGN_IN_LOCK_MINUTES", default=15)
SESSION_IDLE_MINUTES = env.int("GATEHOUSE_SESSION_IDLE_MINUTES", default=60)
SESSION_HOURS = env.int("GATEHOUSE_SESSION_HOURS", default=12)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4000  # fifty assertions have more fields than Django takes by itself
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = env.str("GATEHOUSE_TIME_ZONE", default="UTC")
USE_TZ = True
USE_I18N = False
FORMAT_MODULE_PATH = "config.formats"
STATIC_URL = "/static/"
# No STATIC_ROOT: the files are served from where they are, so that nothing has to be collected.
STATICFILES_DIRS = [ROOT / "static"]
SERVESTATIC_USE_FINDERS = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = SESSION_HOURS * 3600
IS_HTTPS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
# Browsers take a cookie of such a name over TLS alone, for this host alone.
SESSION_COOKIE_NAME = "__Host-sessionid" if IS_HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if IS_HTTPS else "csrftoken"
HSTS_SECONDS = env.int("GATEHOUSE_HSTS_SECONDS", default=31_536_000 if IS_HTTPS else 0)
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"

# --- admin -----------------------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "Gatehouse",
    "SITE_HEADER": "Gatehouse",
    "SITE_SUBHEADER": "LLM gateway",
    "SITE_SYMBOL": "gate",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("gatehouse/favicon.svg")},
    ],
    "STYLES": [lambda request: static("gatehouse/admin.css")],
    "SCRIPTS": [lambda request: static("gatehouse/copy.js"), lambda request: static("gatehouse/set_up.js")],
    "DASHBOARD_CALLBACK": "governance.usage.admin.overview.overview",
    "SHOW_BACK_BUTTON": True,
    "LOGIN": {"form": "accounts.sign_in_form.SignInForm"},
    "COLORS": {
        "primary": {
            "50": "oklch(97.5% .014 195)",
            "100": "oklch(94.5% .035 195)",
            "200": "oklch(90% .06 195)",
            "300": "oklch(83% .09 195)",
            "400": "oklch(74% .11 195)",
            "500": "oklch(62% .105 195)",
            "600": "oklch(52% .09 197)",
            "700": "oklch(44% .075 199)",
            "800": "oklch(38% .06 201)",
            "900": "oklch(33% .05 203)",
            "950": "oklch(25% .04 205)",
        },
    },
    "SIDEBAR": {"show_search": False, "navigation": "config.navigation.navigation"},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {"outages": {"()": "accounts.outages.WithoutTraceback"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "plain"},
        "bugs": {"class": "kernel.bugs.BugHandler"},
    },
    "root": {"handlers": ["console", "bugs"], "level": LOG_LEVEL},
    "loggers": {
        "presidio-analyzer": {"level": "WARNING"},  # it names each of its recognizers
        "django.request": {"filters": ["outages"]},
        "uvicorn.error": {"handlers": ["bugs"]},  # which the root does not get
    },
}

# --- Celery (its schedule is in config/celery.py) --------------------------------------------------
CELERY_BROKER_URL, _broker = env.broker("REDIS_URL", REDIS_URL)
# A host that is gone answers nothing at all: without these a worker would wait for it for good.
CELERY_BROKER_TRANSPORT_OPTIONS = _broker | {
    "socket_timeout": 10.0,
    "socket_connect_timeout": 5.0,
    "socket_keepalive": True,
}
if REDIS_URL.startswith("rediss+sentinel:"):
    CELERY_BROKER_USE_SSL = {"ssl_cert_reqs": "required"}
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # whoever is away comes back, some time
# What refuses writes, as a Valkey does that is full, can't save or is a replica by now, is no reason for a worker to end: it
# connects anew.
CELERY_BROKER_CHANNEL_ERROR_RETRY = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = (
    None  # by default worker and beat end after a hundred, some fifty minutes
)
CELERY_TIMEZONE = TIME_ZONE
# Queues by kind, so that what is slow for one tenant holds up nothing of another's. A worker without `-Q` takes all of them.
CELERY_TASK_DEFAULT_QUEUE = "ledger"
CELERY_TASK_QUEUES: dict[str, dict[str, str]] = {name: {} for name in QUEUES}
CELERY_TASK_ROUTES = ROUTES
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Seconds. Work goes in slices that are shorter by far: this ends what hangs, in workers of processes.
CELERY_TASK_SOFT_TIME_LIMIT, CELERY_TASK_TIME_LIMIT = 600, 660

# --- Django REST framework -------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "accounts.api.filters.FilteredSchema",
    "DEFAULT_RENDERER_CLASSES": ["accounts.api.renderers.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["accounts.api.parsers.JsonParser"],
    "DEFAULT_PAGINATION_CLASS": "accounts.api.pagination.IdPages",
    "EXCEPTION_HANDLER": "accounts.api.exceptions.answered",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Gatehouse management API",
    "DESCRIPTION": "What the admin does, for programs. Sign in to the admin, and send the CSRF token when writing.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "CacheKindEnum": "gateway.cache.models.Kind",
        "ImportKindEnum": "governance.usage.models.AwsImport.Kind",
        "ScreeningVerdictEnum": ["clean", "suspicious", "injection"],
        "CallReviewVerdictEnum": "governance.reviews.models.CallReview.Verdict",
        "ReviewVerdictEnum": "prompts.registry.models.ReviewVerdict",
        "EvaluationVerdictEnum": "prompts.evaluations.models.EvaluationResult.Verdict",
        "VersionStateEnum": "prompts.registry.models.VersionState",
        "EvaluationStateEnum": "prompts.evaluations.models.EvaluationState",
        "RolloutStateEnum": "prompts.rollout.models.rollout.Rollout.STATES",
        "ExperimentStateEnum": "prompts.rollout.models.experiment.Experiment.STATES",
        "OutcomeMetricEnum": "prompts.rollout.models.experiment.METRICS",
    },
    # The pages' scripts come from a package: a browser fetches nothing from elsewhere.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
}
