"""What an operator sets in the environment: every variable with its type, its default and its reason.

``make settings-docs`` makes ``docs/settings.md`` of this module.
"""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationInfo, model_validator

from leafresh import setting_types as types
from leafresh.setting_types import Settings

BASE_DIR = Path(__file__).resolve().parent.parent


class ServerSettings(Settings):
    """Server"""

    LEAFRESH_HOST: types.Address = Field(
        "0.0.0.0",  # noqa: S104  being reachable is the point
        description="The address to listen on. By default every machine that reaches this one can connect.",
    )
    LEAFRESH_PORT: types.Whole = Field(8000, ge=0, le=65_535, description="The TCP port. `0` picks a free one.")
    LEAFRESH_DRAIN_SECONDS: types.Number = Field(
        20,
        ge=0,
        le=3600,
        description="How long streams may continue after the server is told to stop. A stream that is open after that "
        "continues in another process, or starts again.",
    )
    LEAFRESH_METRICS: types.Flag = Field(
        False, description="Figures for Prometheus at `/metrics`, for every client that reaches the process."
    )
    LEAFRESH_DEBUG: types.Flag = Field(
        False, description="Django's error pages. Never turn them on where other machines can connect."
    )


class StorageSettings(Settings):
    """Data, and what several processes share"""

    LEAFRESH_DATA_DIR: types.Directory = Field(
        BASE_DIR / "var",
        validate_default=True,
        description="The directory of the SQLite database, the collected static files and the generated secret key. "
        "Only the server's user can read it.",
        json_schema_extra={"default": "`var` in the project"},
    )
    DATABASE_URL: types.Database = Field(
        default_factory=lambda data: f"sqlite:///{data['LEAFRESH_DATA_DIR'] / 'db.sqlite3'}",
        validate_default=True,
        repr=False,
        description="The database. SQLite needs no installation. `postgres://user:password@host:5432/name` can be "
        "shared by several processes; each keeps at most 20 connections. The query, such as "
        "`?sslmode=verify-full&sslrootcert=/path/to/authorities.pem`, is passed to PostgreSQL's client.",
        json_schema_extra={"default": "SQLite in the data directory"},
    )
    REDIS_URL: types.RedisUrl = Field(
        "",
        repr=False,
        description="Redis, such as `redis://:password@host:6379/0` (`rediss://` with TLS). Processes of one database "
        "share their streams through it, so that a client can continue its stream at any of them.",
    )
    LEAFRESH_REDIS_PREFIX: types.Prefix = Field(
        "leafresh", description="The start of every key in Redis. Several installations can share one Redis."
    )
    LEAFRESH_SECRET_KEY: str = Field(
        "",
        repr=False,
        description="Signs admin sessions, and the cookies and tokens that show who owns a conversation. Set it when "
        "several machines serve one site.",
        json_schema_extra={"default": "made on the first start"},
    )
    LEAFRESH_SECRET_KEY_FALLBACKS: types.SecretKeys = Field(
        [],
        repr=False,
        description="Earlier secret keys, separated by commas. Their signatures still count. Without them a new key "
        "makes all signed cookies and tokens void, and clients lose access to their conversations.",
    )

    @model_validator(mode="after")
    def _no_empty_key_is_shared(self, info: ValidationInfo) -> Self:
        """Each process might make a key of its own."""
        if self.REDIS_URL and info.context and info.context.get("LEAFRESH_SECRET_KEY") == "":
            raise ValueError(
                "LEAFRESH_SECRET_KEY is empty. All processes need the same one: give it a value, or leave the variable "
                "out where they share LEAFRESH_DATA_DIR."
            )
        return self


class AccessSettings(Settings):
    """Access and security"""

    LEAFRESH_ALLOWED_HOSTS: types.HostNames = Field(
        ["localhost", "127.0.0.1", "[::1]"],
        description="Names that clients may use for the server. This guards against forged `Host` headers.",
    )
    LEAFRESH_CORS_ORIGINS: types.Origins = Field(
        [],
        description="Origins whose pages may use the API (`/ai/`, `/api/`), with credentials, and WebSockets.",
    )
    LEAFRESH_TRUSTED_ORIGINS: types.Origins = Field(
        [], description="The admin's own origin when an HTTPS proxy serves it, such as `https://chat.example.com`."
    )
    LEAFRESH_TRUSTED_PROXIES: types.Proxies = Field(
        [],
        description="Proxies whose `X-Forwarded-For` names the client's address, and whose `X-Forwarded-Proto` names "
        "its scheme: addresses, networks, or `unix` for a Unix socket.",
    )
    LEAFRESH_HTTPS: types.Flag = Field(
        False,
        description="Clients use HTTPS only, which a trusted proxy speaks. Pages redirect to HTTPS and say so for a "
        "year (HSTS); cookies are sent over HTTPS only. The API, streams and probes are never redirected.",
    )
    LEAFRESH_SESSION_RATE: types.Rate = Field(
        "20/m",
        description="How many answers a session may ask for in a time (`s`, `m`, `h`, `d`, or `15m`). A further "
        "request gets 429. `off` means no limit.",
    )
    LEAFRESH_ADDRESS_RATE: types.Rate = Field(
        "600/m",
        description="How many requests an address (IPv6: a /64) may send in a time. Schools and offices share one. "
        "Each answer counts, and each time a conversation is read or erased, or an answer is rated or stopped. Each "
        "process counts alone; with `REDIS_URL` all processes count together. `off` means no limit.",
    )

    @model_validator(mode="after")
    def _https_needs_a_proxy(self) -> Self:
        """Without one, every page would redirect to itself."""
        if self.LEAFRESH_HTTPS and not self.LEAFRESH_TRUSTED_PROXIES:
            raise ValueError(
                "LEAFRESH_HTTPS needs LEAFRESH_TRUSTED_PROXIES, the addresses or networks of the proxies that speak "
                "HTTPS."
            )
        return self


class ModelSettings(Settings):
    """Chat models"""

    LEAFRESH_CHAT_MODEL: types.ChatModel = Field(
        "catalog", description="The provider that writes: the catalogue, or a chat model as `provider:model`."
    )
    LEAFRESH_FALLBACK_MODELS: types.ChatModels = Field(
        [], description="Models that the process tries in this order when the first one fails."
    )
    LEAFRESH_CHAT_MODELS: types.ChatModels = Field([], description="Further models that a prompt version may choose.")
    LEAFRESH_CATALOG_LAST: types.Flag = Field(
        True, description="The catalogue completes what no model can. `false` makes that an error."
    )
    LEAFRESH_SCHEMA_MODE: types.SchemaModes = Field(
        {},
        description="`model=json_schema` or `model=wording`, separated by commas: how a model is told the shape of "
        "its answer.",
        json_schema_extra={"default": "automatic"},
    )
    LEAFRESH_MAX_TOKENS: types.Whole = Field(
        1024,
        ge=64,
        le=32_768,
        description="Tokens that a model may write, unless the prompt version sets its own limit.",
    )
    LEAFRESH_CONNECT_SECONDS: types.Number = Field(
        5, ge=0.1, le=600, description="The time for the connection to the provider."
    )
    LEAFRESH_FIRST_TOKEN_SECONDS: types.Number = Field(
        15, ge=0.1, le=600, description="The time until the model's first visible character."
    )
    LEAFRESH_TOKEN_SILENCE_SECONDS: types.Number = Field(
        10, ge=0.1, le=600, description="How long the model may be silent after that."
    )
    LEAFRESH_ANSWER_SECONDS: types.Number = Field(60, ge=0.1, le=3600, description="The time for a whole answer.")
    LEAFRESH_ANSWER_BYTES: types.Whole = Field(16_384, ge=1024, le=1_048_576, description="The size of a whole answer.")
    LEAFRESH_MODEL_CONCURRENCY: types.Whole = Field(
        64, ge=1, le=10_000, description="How many answers chat models write at the same time."
    )
    LEAFRESH_MODEL_QUEUE_SECONDS: types.Number = Field(
        5, ge=0, le=600, description="How long a further answer waits for its turn. Then the client gets 503."
    )
    LEAFRESH_IMPACT_REQUESTS: types.Whole = Field(
        50,
        ge=1,
        le=1000,
        description="How many of the last real requests the studio shows with a draft before it is published.",
    )
    LEAFRESH_KEEP_RAW: types.Flag = Field(
        False, description="Keeps each model's raw text with its generation, so that it can be examined."
    )


class StreamSettings(Settings):
    """Answers and their streams"""

    LEAFRESH_TOKEN_FORMAT: Literal["object", "text"] = Field(
        "object", description="`text` sends each token as a bare string to clients that ask for no format."
    )
    LEAFRESH_CATALOG_TOKEN_DELAY_MS: types.Number = Field(
        15,
        ge=0,
        le=10_000,
        description="The pause after each piece of 1 to 4 characters that the catalogue writes, in milliseconds.",
    )
    LEAFRESH_MAX_GENERATIONS: types.Whole = Field(
        1000,
        ge=1,
        le=1_000_000,
        description="How many answers are written at the same time. A further client gets 503.",
    )
    LEAFRESH_ABANDON_SECONDS: types.Number = Field(
        10, ge=0, le=3600, description="How long an answer continues that no client reads."
    )
    LEAFRESH_EVENT_LOG_SECONDS: types.Number = Field(
        300,
        ge=0,
        le=86_400,
        description="How long a client can resume a finished answer event by event. After that the answer comes whole.",
    )
    LEAFRESH_EVENT_LOG_MEGABYTES: types.Whole = Field(
        64, ge=1, le=65_536, description="Memory for the events of finished answers. The oldest are dropped first."
    )
    LEAFRESH_START_URL: types.Link = Field(
        "",
        description="Where the start button of a challenge's card leads, such as `https://app.example.com/start` or "
        "`myapp://start`. The query gets `category`, `title` and `description`. Without it the cards have no button.",
    )


class DialogueSettings(Settings):
    """Conversations"""

    LEAFRESH_SESSION_DAYS: types.Whole = Field(
        90, ge=1, le=36_500, description="Days after its last activity until a session is forgotten."
    )
    LEAFRESH_SESSION_BINDING: Literal["on", "off", "required"] = Field(
        "on",
        description="A session belongs to the client that began it, after that client has sent its cookie or token "
        "once. `required` refuses later requests without either; `off` asks for nothing.",
    )
    LEAFRESH_ANALYSER: Literal["eager", "lazy"] = Field(
        "eager",
        description="When the server loads the Korean analyser, which has its own process and takes half a gigabyte: "
        "in the background when it starts, or with the first message (`lazy`).",
    )
    LEAFRESH_ANALYSER_SECONDS: types.Number = Field(
        2,
        ge=0.1,
        le=600,
        description="How long a message waits for the Korean analyser, which may be loading or hung. Then it is "
        "understood roughly. No message waits while the analyser is replaced.",
    )
    LEAFRESH_HISTORY_CHARS: types.Whole = Field(
        2000,
        ge=0,
        le=100_000,
        description="How many characters of the conversation a prompt for free text gets. The oldest go first.",
    )
    LEAFRESH_HELP_LINE: types.ShortText = Field(
        "자살예방 상담전화 109", description="The help line that a person in despair is told."
    )
    LEAFRESH_EMERGENCY_LINE: types.ShortText = Field(
        "119",
        description="The number that a person is told in an emergency: an overdose, bleeding, fire, an accident, a "
        "collapse. A person who hurt themselves is told this number first, then `LEAFRESH_HELP_LINE`.",
    )
    LEAFRESH_POLICE_LINE: types.ShortText = Field(
        "112", description="The number that a person is told who is beaten, threatened or followed."
    )
    LEAFRESH_VIOLENCE_LINE: types.ShortText = Field(
        "여성긴급전화 1366", description="The counselling line that a person is told beside `LEAFRESH_POLICE_LINE`."
    )


GROUPS = (ServerSettings, StorageSettings, AccessSettings, ModelSettings, StreamSettings, DialogueSettings)
