"""Why a request got no response at all: each cause with its sentence and its remedy."""

from collections.abc import Mapping

from chatbot.diagnosis.exchange import Obstacle, Unreachable
from chatbot.diagnosis.finding import Finding, fault
from chatbot.diagnosis.target import Target

_CAUSES: Mapping[Obstacle, tuple[str, str]] = {
    "name": (
        "The name {host} cannot be resolved ({detail}).",
        "Correct --url, or make a DNS record (A or AAAA) for {host}.",
    ),
    "refused": (
        "{host} refuses connections to port {port}: nothing listens there.",
        (
            "Start the server (python manage.py serve). When it runs: set LEAFRESH_HOST=0.0.0.0 and "
            "LEAFRESH_PORT={port}, and restart it."
        ),
    ),
    "route": (
        "There is no way to {host} port {port} from here ({detail}).",
        "Correct --url, or the routes of the network.",
    ),
    "connect-timeout": (
        "{host} does not answer attempts to connect to port {port}: on the way they are dropped without a word.",
        "Open TCP port {port} in the firewall and in the provider's security group, and check the address.",
    ),
    "silent": (
        "{host} port {port} accepts connections, but did not answer the request in time.",
        "Look into the server's log. If it only needs longer, give it more time with --timeout.",
    ),
    "certificate": (
        "The certificate of {host} port {port} is not trusted ({detail}), so browsers refuse it too.",
        "Install a valid certificate for {host} in the proxy, with its whole chain.",
    ),
    "tls": (
        "{host} port {port} does not speak TLS as clients expect it ({detail}).",
        "If it speaks plain HTTP: --url http://{bracketed}:{port}. Else mend the TLS settings of the proxy.",
    ),
    "closed": (
        "{host} port {port} closed the connection without an answer.",
        (
            "Look into the log of the proxy and of the server. A port that speaks TLS does this too: "
            "try --url https://{bracketed}:{port}"
        ),
    ),
    "not-http": (
        "What answers at {host} port {port} does not speak HTTP.",
        "Correct the port in --url. A port that speaks TLS looks like this too: try --url https://{bracketed}:{port}",
    ),
}


def explain(failure: Unreachable, target: Target) -> Finding:
    message, remedy = _CAUSES[failure.obstacle]
    values = {"host": target.host, "bracketed": target.bracketed, "port": target.port, "detail": failure.detail}
    return fault(message.format(**values), remedy.format(**values))
