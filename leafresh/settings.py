"""Django's settings. ``leafresh.variables`` reads those of the operator; this module derives the others."""

import sys
from datetime import timedelta
from types import ModuleType
from typing import Any, cast

from django.utils.translation import gettext_lazy as _

from leafresh import admin_theme
from leafresh.environment import kept_secret_key
from leafresh.variables import *  # noqa: F403  Django reads all settings from this module
from leafresh.variables import (
    BASE_DIR,
    LEAFRESH_CORS_HEADERS,
    LEAFRESH_DATA_DIR,
    LEAFRESH_HTTPS,
    LEAFRESH_REDIS_PREFIX,
    REDIS_URL,
    SECRET_KEY,
    database,
)

SECRET_KEY = SECRET_KEY or kept_secret_key(LEAFRESH_DATA_DIR / "secret-key")

# --- the database ------------------------------------------------------------------------------------------------

DATABASES = {"default": database}
if database["ENGINE"] == "django.db.backends.sqlite3":
    # Opening SQLite takes longer than most queries, and closing the last connection writes the whole log back. So each
    # # of the server's few threads keeps its connection open. With WAL, readers continue while one thread writes. With
    # # IMMEDIATE, writers wait instead of failing with "locked".
    database["CONN_MAX_AGE"] = None
    database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=134217728",
    }
    # The admin's library tries to import fields of PostgreSQL, which would load the driver (10 MB) without need. If the
    # # import fails, the library works without them.
    sys.modules.setdefault("django.contrib.postgres.fields", cast("ModuleType", None))
else:
    from leafresh import postgresql  # only here: SQLite needs no driver

    # Each request borrows a checked connection from the pool.
    database["ENGINE"] = "leafresh.postgresql"
    database["CONN_MAX_AGE"] = 0
    database["CONN_HEALTH_CHECKS"] = True
    database["OPTIONS"] = postgresql.options(database.get("OPTIONS", {}))
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- what several processes share ------------------------------------------------------------------------------

# The cache holds the counters of the rate limits, and the admin's sessions. In memory, each process counts separately.
# # By default Django would keep 300 entries and drop a third of them when the cache is full, also counters. The channel
# # layer carries messages between processes.
if REDIS_URL:
    CACHES: dict[str, dict[str, Any]] = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": LEAFRESH_REDIS_PREFIX,
            "OPTIONS": {
                "SERIALIZER": "django_redis.serializers.json.JSONSerializer",  # not pickle: it can run code
                "IGNORE_EXCEPTIONS": True,  # without Redis no request is refused; sessions are read from the database
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
                # The layer waits five seconds for a message. The default timeout of redis-py is the same, so either may
                # fail first.
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
    "daphne",  # before django.contrib.staticfiles: `manage.py runserver` streams, too
    "unfold",  # before django.contrib.admin: it replaces its templates
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "import_export",
    "leafresh.apps.SignInsConfig",  # django-axes
    "corsheaders",
    "ninja",  # serves the scripts of the API documentation, so that no third-party host is needed
    "challenges",
    "chatbot",
]
# Every middleware here must be async-capable: otherwise it blocks a thread while a view runs.
MIDDLEWARE = [
    "chatbot.middleware.scheme_middleware",
    "chatbot.middleware.CrossOriginMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "chatbot.middleware.ApiMiddleware",
    "chatbot.middleware.policy_middleware",
    "chatbot.middleware.busy_middleware",
    "chatbot.middleware.SecurityMiddleware",
    "chatbot.middleware.static_files_middleware",
    "chatbot.middleware.SessionMiddleware",
    "chatbot.middleware.LocaleMiddleware",
    "chatbot.middleware.body_middleware",
    "chatbot.middleware.CommonMiddleware",
    "chatbot.middleware.CsrfViewMiddleware",
    "chatbot.middleware.AuthenticationMiddleware",
    "chatbot.middleware.login_middleware",
    "chatbot.middleware.MessageMiddleware",
    "chatbot.middleware.XFrameOptionsMiddleware",
    "chatbot.middleware.OutageMiddleware",
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
# The first backend checks the bounds of failed logins. When one is reached, no password is hashed: that takes a fifth
# of a second of processor time.
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# --- streams -----------------------------------------------------------------------------------------------------

EVENTSTREAM_STORAGE_CLASS = "chatbot.events.eventstream.EventLogStorage"
EVENTSTREAM_CHANNELMANAGER_CLASS = "chatbot.events.eventstream.GenerationChannelManager"
CORS_URLS_REGEX = r"^/(ai|api)/(?!docs$)"  # not pages and the admin; every origin may load static files
CORS_ALLOW_CREDENTIALS = True  # clients open an EventSource with credentials
CORS_ALLOW_HEADERS = ["content-type", "last-event-id", "x-leafresh-session-token", *LEAFRESH_CORS_HEADERS]
CORS_EXPOSE_HEADERS = ["retry-after", "x-leafresh-generation", "x-leafresh-session", "x-leafresh-session-token"]

# --- language, static files --------------------------------------------------------------------------------------

LANGUAGE_CODE = "ko"
LANGUAGES = [("ko", _("Korean")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale/libraries"]  # the second has our translations of libraries
TIME_ZONE = "Asia/Seoul"
FORMAT_MODULE_PATH = "leafresh.formats"
STATIC_URL = "static/"
STATIC_ROOT = LEAFRESH_DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True  # the server also works without `collectstatic`

# --- security ----------------------------------------------------------------------------------------------------

# Django's defaults forbid frames, type sniffing and foreign referrers.
if LEAFRESH_HTTPS:
    # scheme_middleware removes the header unless a trusted proxy sent it. The API, the streams and the probes bypass
    # SecurityMiddleware and are never redirected.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    # Only for this host. includeSubDomains and preload would affect other hosts, which only the domain's owner knows.
    SECURE_HSTS_SECONDS = 31_536_000
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
SILENCED_SYSTEM_CHECKS = [
    # Django's checks look for its middleware by name. Our subclasses have other names, because the API bypasses them
    # (chatbot/middleware.py). tests/leafresh/test_https.py runs the checks with Django's names.
    "security.W001",  # SecurityMiddleware
    "security.W002",  # XFrameOptionsMiddleware
    "security.W003",  # CsrfViewMiddleware
    "axes.W002",  # axes' middleware fails in an asynchronous chain: login_middleware replaces it
]

# An action's confirmation sends the key of each row (MOST_ROWS). Django has no bound for a part of a site; elsewhere
# the bounds of the body and of the address's length are reached first.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

CSRF_FAILURE_VIEW = "chatbot.web.views.csrf_failure"

# --- logging in --------------------------------------------------------------------------------------------------

# Failures are counted in the database: all processes share it, and commands can reset the counters. The module below
# has the bounds.
AXES_HANDLER = "leafresh.login_throttling.LoginHandler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "ip_address", "username"]
AXES_FAILURE_LIMIT = 1  # our handler returns this number when a bound is reached
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # further attempts do not extend the lockout
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "leafresh.login_throttling.client_ip"
AXES_CLIENT_STR_CALLABLE = "leafresh.login_throttling.client_str"
AXES_ENABLE_ACCESS_FAILURE_LOG = True  # chatbot.admin.audit shows both logs
AXES_ENABLE_ADMIN = False  # `manage.py axes_list_attempts` and `axes_reset` instead

# --- admin -------------------------------------------------------------------------------------------------------

LOGIN_REDIRECT_URL = "admin:index"  # unfold's login page does not keep the requested address
UNFOLD = admin_theme.UNFOLD

# --- logging -----------------------------------------------------------------------------------------------------

# leafresh.access writes one line per request. Django's own line for 4xx answers would repeat it.
DEFAULT_EXCEPTION_REPORTER_FILTER = "leafresh.logs.ReporterFilter"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "redacting": {
            "()": "leafresh.logs.RedactingFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "filters": {"rate_limit": {"()": "leafresh.logs.RateLimitFilter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "redacting"}},
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
        "psycopg.pool": {"filters": ["rate_limit"]},  # during an outage it logs every attempt of every connection
    },
}
