"""All settings that an operator can set in the environment, with their defaults, bounds and reasons.

``make settings-docs`` generates ``docs/settings.md`` from this module.
"""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from leafresh import environment as kinds
from leafresh.environment import Environment, listed, optional

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment(os.environ)

env.section("Server")

LEAFRESH_HOST = env.read("LEAFRESH_HOST", kinds.address, "0.0.0.0")  # noqa: S104  being reachable is the point
"""The address to listen on. By default every machine that reaches this one can connect."""
LEAFRESH_PORT = env.whole("LEAFRESH_PORT", 8000, 0, 65_535)
"""The TCP port. `0` picks a free one."""
LEAFRESH_DRAIN_SECONDS = env.number("LEAFRESH_DRAIN_SECONDS", 20, 0, 3600)
"""How long streams may continue after the server is told to stop. A stream that is open after that continues in another
process, or starts again."""
LEAFRESH_METRICS = env.flag("LEAFRESH_METRICS")
"""Figures for Prometheus at `/metrics`, for every client that reaches the process."""
DEBUG = env.flag("LEAFRESH_DEBUG")
"""Django's error pages. Never turn them on where other machines can connect."""

env.section("Data, and what several processes share")

LEAFRESH_DATA_DIR = env.read("LEAFRESH_DATA_DIR", kinds.directory, str(BASE_DIR / "var"), shown="`var` in the project")
"""The directory of the SQLite database, the collected static files and the generated secret key. Only the server's user
can read it."""
database = env.read(
    "DATABASE_URL",
    kinds.database,
    f"sqlite:///{LEAFRESH_DATA_DIR / 'db.sqlite3'}",
    shown="SQLite in the data directory",
)
"""The database. SQLite needs no installation. `postgres://user:password@host:5432/name` can be shared by several
processes; each keeps at most 20 connections. The query, such as
`?sslmode=verify-full&sslrootcert=/path/to/authorities.pem`, is passed to PostgreSQL's client."""
REDIS_URL = env.read("REDIS_URL", optional(kinds.redis_url))
"""Redis, such as `redis://:password@host:6379/0` (`rediss://` with TLS). Processes of one database share their streams
through it, so that a client can continue its stream at any of them."""
LEAFRESH_REDIS_PREFIX = env.read("LEAFRESH_REDIS_PREFIX", kinds.prefix, "leafresh")
"""The start of every key in Redis. Several installations can share one Redis."""
SECRET_KEY = env.read("LEAFRESH_SECRET_KEY", str, shown="made on the first start")
"""Signs admin sessions, and the cookies and tokens that show who owns a conversation. Set it when several machines
serve one site."""
SECRET_KEY_FALLBACKS = env.read("LEAFRESH_SECRET_KEY_FALLBACKS", listed(str))
"""Earlier secret keys, separated by commas. Their signatures still count. Without them a new key makes all signed
cookies and tokens void, and clients lose access to their conversations."""

if REDIS_URL and env.is_empty("LEAFRESH_SECRET_KEY"):  # each process would generate a different key
    raise ImproperlyConfigured(
        "LEAFRESH_SECRET_KEY is empty. All processes need the same one: give it a value, or leave the variable out "
        "where they share LEAFRESH_DATA_DIR."
    )

env.section("Access and security")

ALLOWED_HOSTS = env.read("LEAFRESH_ALLOWED_HOSTS", listed(kinds.host), "localhost,127.0.0.1,[::1]")
"""Names that clients may use for the server. This guards against forged `Host` headers."""
CORS_ALLOWED_ORIGINS = env.read("LEAFRESH_CORS_ORIGINS", listed(kinds.origin))
"""Origins whose pages and apps may use the API (`/ai/`, `/api/`), with credentials, and WebSockets. Each is written as
browsers send it: `https://app.example.com`, `http://localhost:3000`, `capacitor://localhost`."""
LEAFRESH_CORS_HEADERS = env.read(
    "LEAFRESH_CORS_HEADERS",
    listed(kinds.header),
    "accept,authorization,baggage,cache-control,pragma,sentry-trace,traceparent,tracestate,x-correlation-id,"
    "x-csrftoken,x-request-id,x-requested-with,x-xsrf-token",
)
"""Headers that pages of `LEAFRESH_CORS_ORIGINS` may send besides those of the API. By default these are headers that
clients and their tracing add by themselves."""
CSRF_TRUSTED_ORIGINS = env.read("LEAFRESH_TRUSTED_ORIGINS", listed(kinds.admin_origin))
"""The admin's own origin when an HTTPS proxy serves it, such as `https://chat.example.com`."""
LEAFRESH_TRUSTED_PROXIES = env.read("LEAFRESH_TRUSTED_PROXIES", listed(kinds.proxy))
"""Proxies whose `X-Forwarded-For` names the client's address, and whose `X-Forwarded-Proto` names its scheme:
addresses, networks, or `unix` for a Unix socket."""
LEAFRESH_HTTPS = env.flag("LEAFRESH_HTTPS")
"""Clients use HTTPS only, through a trusted proxy. Pages redirect to HTTPS, and tell browsers to use only HTTPS for a
year (HSTS). Cookies are sent over HTTPS only. The API, streams and probes are never redirected."""
LEAFRESH_SESSION_RATE = env.read("LEAFRESH_SESSION_RATE", kinds.rate, "20/m")
"""How many answers a session may request in a period (`s`, `m`, `h`, `d`, or `15m`). A further request gets 429. `off`
means no limit."""
LEAFRESH_ADDRESS_RATE = env.read("LEAFRESH_ADDRESS_RATE", kinds.rate, "600/m")
"""How many requests an address (IPv6: a /64) may send in a period. The people of a school or an office share one
address. These requests count: an answer, reading or erasing a conversation, and rating or stopping an answer. Each
process counts separately; with `REDIS_URL` all processes count together. `off` means no limit."""

if LEAFRESH_HTTPS and not LEAFRESH_TRUSTED_PROXIES:  # otherwise every page would redirect to itself
    raise ImproperlyConfigured(
        "LEAFRESH_HTTPS needs LEAFRESH_TRUSTED_PROXIES, the addresses or networks of the proxies that speak HTTPS."
    )

env.section("Chat models")

LEAFRESH_CHAT_MODEL = env.read("LEAFRESH_CHAT_MODEL", kinds.chat_model, "catalog")
"""The provider that writes answers: the catalogue, or a chat model as `provider:model`."""
LEAFRESH_FALLBACK_MODELS = env.read("LEAFRESH_FALLBACK_MODELS", listed(kinds.chat_model))
"""Models that the process tries in this order when the first one fails."""
LEAFRESH_CHAT_MODELS = env.read("LEAFRESH_CHAT_MODELS", listed(kinds.chat_model))
"""Other models that a prompt version may choose."""
LEAFRESH_CATALOG_LAST = env.flag("LEAFRESH_CATALOG_LAST", default=True)
"""The catalogue completes an answer that no model can complete. With `false`, the client gets an error instead."""
LEAFRESH_SCHEMA_MODE = env.read("LEAFRESH_SCHEMA_MODE", kinds.schema_modes, shown="automatic")
"""How a model learns the JSON schema of its answer: `model=json_schema` (a parameter of the request) or `model=wording`
(text in the prompt), separated by commas."""
LEAFRESH_MAX_TOKENS = env.whole("LEAFRESH_MAX_TOKENS", 1024, 64, 32_768)
"""The maximum number of tokens that a model may write, unless the prompt version sets its own limit."""
LEAFRESH_CONNECT_SECONDS = env.number("LEAFRESH_CONNECT_SECONDS", 5, 0.1, 600)
"""The time limit for connecting to the provider."""
LEAFRESH_FIRST_TOKEN_SECONDS = env.number("LEAFRESH_FIRST_TOKEN_SECONDS", 15, 0.1, 600)
"""The time limit until the model's first visible character."""
LEAFRESH_TOKEN_SILENCE_SECONDS = env.number("LEAFRESH_TOKEN_SILENCE_SECONDS", 10, 0.1, 600)
"""The time limit between two pieces of the model's text after that."""
LEAFRESH_ANSWER_SECONDS = env.number("LEAFRESH_ANSWER_SECONDS", 60, 0.1, 3600)
"""The time limit for a whole answer."""
LEAFRESH_ANSWER_BYTES = env.whole("LEAFRESH_ANSWER_BYTES", 16_384, 1024, 1_048_576)
"""The size limit of a whole answer in bytes."""
LEAFRESH_BREAKER_FAILURES = env.whole("LEAFRESH_BREAKER_FAILURES", 5, 0, 1000)
"""The number of failures in a row after which a model is skipped. The next provider then answers at once. `0` means
never."""
LEAFRESH_BREAKER_SECONDS = env.number("LEAFRESH_BREAKER_SECONDS", 30, 0.1, 3600)
"""How long a model is skipped, in seconds. Then one answer tries it again."""
LEAFRESH_MODEL_CONCURRENCY = env.whole("LEAFRESH_MODEL_CONCURRENCY", 64, 1, 10_000)
"""How many answers chat models may write at the same time."""
LEAFRESH_MODEL_QUEUE_SECONDS = env.number("LEAFRESH_MODEL_QUEUE_SECONDS", 5, 0, 600)
"""How long a further answer waits in the queue. Then the client gets 503."""
LEAFRESH_IMPACT_REQUESTS = env.whole("LEAFRESH_IMPACT_REQUESTS", 50, 1, 1000)
"""How many of the last real requests the studio shows with a draft before it is published."""
LEAFRESH_KEEP_RAW = env.flag("LEAFRESH_KEEP_RAW")
"""Stores the raw text of each model with its generation, so that it can be examined."""

env.section("Answers and their streams")

LEAFRESH_TOKEN_FORMAT = env.choice("LEAFRESH_TOKEN_FORMAT", "object", "text")
"""`text` sends each token as a bare string to clients that do not choose a format."""
LEAFRESH_ANSWER_FORMAT = env.choice("LEAFRESH_ANSWER_FORMAT", "full", "basic")
"""`basic` answers a `POST` with `recommend` and `challenges` of `title` and `description` alone, for back ends that
refuse unknown properties. The query's `answer=basic` or `answer=full` counts before it."""
LEAFRESH_CATALOG_TOKEN_DELAY_MS = env.number("LEAFRESH_CATALOG_TOKEN_DELAY_MS", 15, 0, 10_000)
"""The pause after each piece of 1 to 4 characters that the catalogue writes, in milliseconds."""
LEAFRESH_MAX_GENERATIONS = env.whole("LEAFRESH_MAX_GENERATIONS", 1000, 1, 1_000_000)
"""How many answers may be written at the same time. A further client gets 503."""
LEAFRESH_ABANDON_SECONDS = env.number("LEAFRESH_ABANDON_SECONDS", 10, 0, 3600)
"""How long an answer continues while no client reads it."""
LEAFRESH_EVENT_LOG_SECONDS = env.number("LEAFRESH_EVENT_LOG_SECONDS", 300, 0, 86_400)
"""How long a client can resume a finished answer event by event. After that it gets the whole answer at once."""
LEAFRESH_EVENT_LOG_MEGABYTES = env.whole("LEAFRESH_EVENT_LOG_MEGABYTES", 64, 1, 65_536)
"""Memory for the events of finished answers. The oldest are dropped first."""
LEAFRESH_START_URL = env.read("LEAFRESH_START_URL", optional(kinds.link))
"""The link of the start button on the card of a challenge, such as `https://app.example.com/start` or `myapp://start`.
`category`, `title` and `description` are added to its query. Without this setting the cards have no button."""

env.section("Conversations")

LEAFRESH_SESSION_DAYS = env.whole("LEAFRESH_SESSION_DAYS", 90, 1, 36_500)
"""A session is forgotten so many days after its last activity."""
LEAFRESH_SESSION_BINDING = env.choice("LEAFRESH_SESSION_BINDING", "on", "off", "required")
"""Whether a session belongs to the client that began it. With `on` it does after that client has sent its cookie or
token once. `required` also refuses later requests without a cookie or token. `off` checks neither."""
LEAFRESH_ANALYSER = env.choice("LEAFRESH_ANALYSER", "eager", "lazy")
"""When the server loads the Korean analyser: in the background at the start (`eager`), or with the first message
(`lazy`). The analyser is a separate process and takes half a gigabyte of memory."""
LEAFRESH_ANALYSER_SECONDS = env.number("LEAFRESH_ANALYSER_SECONDS", 2, 0.1, 600)
"""How long a message waits for the Korean analyser, which may be loading or hung. After that, a simpler analysis is
used. No message waits while the analyser is replaced."""
LEAFRESH_HISTORY_CHARS = env.whole("LEAFRESH_HISTORY_CHARS", 2000, 0, 100_000)
"""How many characters of the conversation a prompt for free text gets. The oldest messages are left out first."""
LEAFRESH_HELP_LINE = env.read("LEAFRESH_HELP_LINE", kinds.short_text, "자살예방 상담전화 109")
"""The help line for a person in despair."""
LEAFRESH_EMERGENCY_LINE = env.read("LEAFRESH_EMERGENCY_LINE", kinds.short_text, "119")
"""The number for an emergency: an overdose, bleeding, fire, an accident, a collapse. After self-harm, the answer names
this number first, then `LEAFRESH_HELP_LINE`."""
LEAFRESH_POLICE_LINE = env.read("LEAFRESH_POLICE_LINE", kinds.short_text, "112")
"""The number for victims of violence, threats or stalking."""
LEAFRESH_VIOLENCE_LINE = env.read("LEAFRESH_VIOLENCE_LINE", kinds.short_text, "여성긴급전화 1366")
"""The counselling line for victims of violence, named after `LEAFRESH_POLICE_LINE`."""
