"""Settings, read from the environment. ``leafresh.configuration`` declares every variable with its default and reason.

A value that makes no sense raises ImproperlyConfigured with one sentence that names it.
"""

import os
import sys
from datetime import timedelta
from types import ModuleType
from typing import Any, cast

from django.utils.translation import gettext_lazy as _

from leafresh import admin_look, configuration
from leafresh.secret_key import kept_secret_key

BASE_DIR = configuration.BASE_DIR

# --- what an operator sets ---------------------------------------------------------------------------------------

server = configuration.ServerSettings.read(os.environ)
LEAFRESH_HOST = server.LEAFRESH_HOST
LEAFRESH_PORT = server.LEAFRESH_PORT
LEAFRESH_DRAIN_SECONDS = server.LEAFRESH_DRAIN_SECONDS
LEAFRESH_METRICS = server.LEAFRESH_METRICS
DEBUG = server.LEAFRESH_DEBUG
DEFAULT_EXCEPTION_REPORTER_FILTER = "leafresh.debugging.ReporterFilter"

storage = configuration.StorageSettings.read(os.environ)
LEAFRESH_DATA_DIR = storage.LEAFRESH_DATA_DIR
DATABASES = {"default": storage.DATABASE_URL}
REDIS_URL = storage.REDIS_URL
LEAFRESH_REDIS_PREFIX = storage.LEAFRESH_REDIS_PREFIX
SECRET_KEY = storage.LEAFRESH_SECRET_KEY or kept_secret_key(LEAFRESH_DATA_DIR / "secret-key")
SECRET_KEY_FALLBACKS = storage.LEAFRESH_SECRET_KEY_FALLBACKS

access = configuration.AccessSettings.read(os.environ)
ALLOWED_HOSTS = access.LEAFRESH_ALLOWED_HOSTS
CORS_ALLOWED_ORIGINS = access.LEAFRESH_CORS_ORIGINS
CSRF_TRUSTED_ORIGINS = access.LEAFRESH_TRUSTED_ORIGINS
LEAFRESH_TRUSTED_PROXIES = access.LEAFRESH_TRUSTED_PROXIES
LEAFRESH_HTTPS = access.LEAFRESH_HTTPS
LEAFRESH_SESSION_RATE = access.LEAFRESH_SESSION_RATE
LEAFRESH_ADDRESS_RATE = access.LEAFRESH_ADDRESS_RATE

models = configuration.ModelSettings.read(os.environ)
LEAFRESH_CHAT_MODEL = models.LEAFRESH_CHAT_MODEL
LEAFRESH_FALLBACK_MODELS = models.LEAFRESH_FALLBACK_MODELS
LEAFRESH_CHAT_MODELS = models.LEAFRESH_CHAT_MODELS
LEAFRESH_CATALOG_LAST = models.LEAFRESH_CATALOG_LAST
LEAFRESH_SCHEMA_MODE = models.LEAFRESH_SCHEMA_MODE
LEAFRESH_MAX_TOKENS = models.LEAFRESH_MAX_TOKENS
LEAFRESH_CONNECT_SECONDS = models.LEAFRESH_CONNECT_SECONDS
LEAFRESH_FIRST_TOKEN_SECONDS = models.LEAFRESH_FIRST_TOKEN_SECONDS
LEAFRESH_TOKEN_SILENCE_SECONDS = models.LEAFRESH_TOKEN_SILENCE_SECONDS
LEAFRESH_ANSWER_SECONDS = models.LEAFRESH_ANSWER_SECONDS
LEAFRESH_ANSWER_BYTES = models.LEAFRESH_ANSWER_BYTES
LEAFRESH_MODEL_CONCURRENCY = models.LEAFRESH_MODEL_CONCURRENCY
LEAFRESH_MODEL_QUEUE_SECONDS = models.LEAFRESH_MODEL_QUEUE_SECONDS
LEAFRESH_IMPACT_REQUESTS = models.LEAFRESH_IMPACT_REQUESTS
LEAFRESH_KEEP_RAW = models.LEAFRESH_KEEP_RAW

streams = configuration.StreamSettings.read(os.environ)
LEAFRESH_TOKEN_FORMAT = streams.LEAFRESH_TOKEN_FORMAT
LEAFRESH_CATALOG_TOKEN_DELAY_MS = streams.LEAFRESH_CATALOG_TOKEN_DELAY_MS
LEAFRESH_MAX_GENERATIONS = streams.LEAFRESH_MAX_GENERATIONS
LEAFRESH_ABANDON_SECONDS = streams.LEAFRESH_ABANDON_SECONDS
LEAFRESH_EVENT_LOG_SECONDS = streams.LEAFRESH_EVENT_LOG_SECONDS
LEAFRESH_EVENT_LOG_MEGABYTES = streams.LEAFRESH_EVENT_LOG_MEGABYTES
LEAFRESH_START_URL = streams.LEAFRESH_START_URL

dialogue = configuration.DialogueSettings.read(os.environ)
LEAFRESH_SESSION_DAYS = dialogue.LEAFRESH_SESSION_DAYS
LEAFRESH_SESSION_BINDING = dialogue.LEAFRESH_SESSION_BINDING
LEAFRESH_ANALYSER = dialogue.LEAFRESH_ANALYSER
LEAFRESH_ANALYSER_SECONDS = dialogue.LEAFRESH_ANALYSER_SECONDS
LEAFRESH_HISTORY_CHARS = dialogue.LEAFRESH_HISTORY_CHARS
LEAFRESH_HELP_LINE = dialogue.LEAFRESH_HELP_LINE
LEAFRESH_EMERGENCY_LINE = dialogue.LEAFRESH_EMERGENCY_LINE
LEAFRESH_POLICE_LINE = dialogue.LEAFRESH_POLICE_LINE
LEAFRESH_VIOLENCE_LINE = dialogue.LEAFRESH_VIOLENCE_LINE

# --- the database ------------------------------------------------------------------------------------------------

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Opening SQLite costs more than most queries, and closing the last handle writes the whole log back: each of the
    # server's few threads keeps its own. WAL lets readers go on while one writes; IMMEDIATE makes writers queue
    # instead of failing with "locked".
    DATABASES["default"]["CONN_MAX_AGE"] = None
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=134217728",
    }
    # The admin's library looks for fields of PostgreSQL, which would import the driver: 10 MB for nothing. It does
    # without when they cannot be imported.
    sys.modules.setdefault("django.contrib.postgres.fields", cast("ModuleType", None))
elif DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    from leafresh import postgresql  # not before: the embedded default needs no driver

    # A connection is taken from the pool, checked, for a request and given back behind it.
    DATABASES["default"]["ENGINE"] = "leafresh.postgresql"
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["OPTIONS"] = postgresql.options(DATABASES["default"].get("OPTIONS", {}))
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- what several processes share ------------------------------------------------------------------------------

# The cache holds what is counted for the rate limits, and the admin's sessions. In memory, each process counts for
# itself; Django would keep 300 entries and forget a third when they are full, limits among them; the most recently used
# stay. The channel layer carries what processes ask of each other; alone, a process asks nobody.
if REDIS_URL:
    CACHES: dict[str, dict[str, Any]] = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": LEAFRESH_REDIS_PREFIX,
            "OPTIONS": {
                "SERIALIZER": "django_redis.serializers.json.JSONSerializer",  # never pickle: it runs what it reads
                "IGNORE_EXCEPTIONS": True,  # without Redis nobody is refused, and sessions are read from the database
                "SOCKET_CONNECT_TIMEOUT": 0.5,
                "SOCKET_TIMEOUT": 0.5,
            },
        }
    }
    SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {
                # The layer waits five seconds at a time for a message, redis-py as long for any answer: too close.
                "hosts": [{"address": REDIS_URL, "socket_timeout": 8}],
                "prefix": f"{LEAFRESH_REDIS_PREFIX}:layer",
            },
        }
    }
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 50_000},
        }
    }
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

# --- the application ---------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold",  # before django.contrib.admin, whose templates it replaces
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "import_export",
    "axes",
    "corsheaders",
    "ninja",  # its own copy of the API documentation's scripts: no third-party host
    "challenges",
    "chatbot",
]
# Every middleware here must be async-capable: one that is not holds a thread for as long as a view runs.
MIDDLEWARE = [
    "leafresh.middleware.SchemeMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "chatbot.api.middleware.ApiMiddleware",
    "leafresh.middleware.PolicyMiddleware",
    "leafresh.middleware.BusyMiddleware",
    "leafresh.middleware.SecurityMiddleware",
    "leafresh.static.StaticFilesMiddleware",
    "leafresh.middleware.SessionMiddleware",
    "leafresh.middleware.LocaleMiddleware",
    "leafresh.middleware.BodyMiddleware",
    "leafresh.middleware.CommonMiddleware",
    "leafresh.middleware.CsrfViewMiddleware",
    "leafresh.middleware.AuthenticationMiddleware",
    "leafresh.middleware.LoginMiddleware",
    "leafresh.middleware.MessageMiddleware",
    "leafresh.middleware.XFrameOptionsMiddleware",
    "leafresh.middleware.OutageMiddleware",
]
ROOT_URLCONF = "leafresh.urls"
ASGI_APPLICATION = "leafresh.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
# The first only looks whether somebody may try; a password is not looked at when nobody may, which costs a fifth of a
# second of a core.
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# --- streams -----------------------------------------------------------------------------------------------------

EVENTSTREAM_STORAGE_CLASS = "chatbot.events.log.EventLogStorage"
EVENTSTREAM_CHANNELMANAGER_CLASS = "chatbot.events.cursor.GenerationChannelManager"
CORS_URLS_REGEX = r"^/(ai|api)/(?!docs$)"  # never pages or the admin; static files are for every page as they are
CORS_ALLOW_CREDENTIALS = True  # clients open their EventSource with credentials
CORS_ALLOW_HEADERS = ["accept", "content-type", "last-event-id", "x-leafresh-session-token", "x-requested-with"]
CORS_EXPOSE_HEADERS = ["retry-after", "x-leafresh-generation", "x-leafresh-session", "x-leafresh-session-token"]

# --- language, static files --------------------------------------------------------------------------------------

LANGUAGE_CODE = "ko"
LANGUAGES = [("ko", _("Korean")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale/libraries"]  # the second: of unfold and others, by hand
TIME_ZONE = "Asia/Seoul"
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = LEAFRESH_DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True  # the server also works before `collectstatic` was run

# --- security ----------------------------------------------------------------------------------------------------

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
if LEAFRESH_HTTPS:
    # What the proxy says counts, and only what a trusted one says: see SchemeMiddleware. The API, the streams and the
    # probes are never redirected, since the middleware passes them by.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    # Of this host alone: whether its neighbours speak HTTPS (includeSubDomains, preload), the domain's owner knows.
    SECURE_HSTS_SECONDS = 31_536_000
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
SILENCED_SYSTEM_CHECKS = [
    # Django looks for these by their names. Ours are theirs, behind a turn that the API takes (leafresh/middleware.py);
    # tests/leafresh/test_https.py asks Django's checks under its own names.
    "security.W001",  # SecurityMiddleware
    "security.W002",  # XFrameOptionsMiddleware
    "security.W003",  # CsrfViewMiddleware
    "axes.W002",  # its middleware, which fails in an asynchronous chain; ours is LoginMiddleware
]

# --- logging in --------------------------------------------------------------------------------------------------

# In the database, which all processes share and which commands can reset; leafresh.logins says which bounds there are.
AXES_HANDLER = "leafresh.logins.LoginHandler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "ip_address", "username"]
AXES_FAILURE_LIMIT = 1  # what the handler says when one of its bounds is reached
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # it ends by itself, also while somebody goes on trying
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "leafresh.logins.address_of"
AXES_CLIENT_STR_CALLABLE = "leafresh.logins.who"
AXES_DISABLE_ACCESS_LOG = True  # who logged in is in the admin's own log of what was done
AXES_ENABLE_ADMIN = False  # `manage.py axes_list_attempts` and `axes_reset` instead

# --- admin -------------------------------------------------------------------------------------------------------

LOGIN_REDIRECT_URL = "admin:index"  # unfold's login page forgets where one wanted to go
UNFOLD = admin_look.UNFOLD

# --- logging -----------------------------------------------------------------------------------------------------

# One line per request comes from leafresh.access; Django's own line for 4xx answers would say it again.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "leafresh.logs.Line", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"seldom": {"()": "leafresh.logs.Seldom"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "leafresh": {"level": "INFO"},
        "chatbot": {"level": "INFO"},
        "challenges": {"level": "INFO"},
        "django": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "django_eventstream": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
        "psycopg.pool": {"filters": ["seldom"]},  # one line for each attempt of each connection, while it is gone
    },
}
