"""deploy/kubernetes: what the manifests must have. No cluster is asked."""

import json
import shutil
import subprocess
from typing import Any

import pytest

from tests.deploy.documents import BEHIND_SECONDS, DEPLOY, document, setting_names

DIRECTORY = DEPLOY / "kubernetes"
MANIFESTS: dict[str, Any] = {path.name: document(path) for path in sorted(DIRECTORY.glob("*.yaml"))}
BY_HAND = {"kustomization.yaml", "namespace.yaml", "secret.example.yaml", "setup-job.yaml"}

DEPLOYMENT = MANIFESTS["deployment.yaml"]["spec"]
PODS: dict[str, Any] = {
    "deployment.yaml": DEPLOYMENT["template"],
    "setup-job.yaml": MANIFESTS["setup-job.yaml"]["spec"]["template"],
    "purge-cronjob.yaml": MANIFESTS["purge-cronjob.yaml"]["spec"]["jobTemplate"]["spec"]["template"],
}
WEB = DEPLOYMENT["template"]["spec"]["containers"][0]


def test_every_manifest_is_applied() -> None:
    assert set(MANIFESTS["kustomization.yaml"]["resources"]) == set(MANIFESTS) - BY_HAND


def test_everything_is_in_one_namespace() -> None:
    for name, manifest in MANIFESTS.items():
        if name not in {"kustomization.yaml", "namespace.yaml"}:
            assert manifest["metadata"]["namespace"] == MANIFESTS["namespace.yaml"]["metadata"]["name"], name


def test_what_selects_pods_finds_those_of_the_server() -> None:
    labels = DEPLOYMENT["template"]["metadata"]["labels"]
    service = MANIFESTS["service.yaml"]["spec"]
    assert DEPLOYMENT["selector"]["matchLabels"] == service["selector"] == labels
    assert MANIFESTS["disruption.yaml"]["spec"]["selector"]["matchLabels"] == labels
    assert MANIFESTS["network.yaml"]["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    assert service["type"] == "ClusterIP"
    assert service["ports"][0]["targetPort"] == WEB["ports"][0]["name"] == "http"
    assert MANIFESTS["autoscaler.yaml"]["spec"]["scaleTargetRef"]["name"] == "leafresh"
    assert "replicas" not in DEPLOYMENT  # the autoscaler's


def test_probes_ask_what_they_are_for() -> None:
    paths = {name: WEB[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {
        "startupProbe": "/health/live",
        "livenessProbe": "/health/live",
        "readinessProbe": "/health/ready",
    }


def test_a_process_has_time_to_end() -> None:
    before = int(WEB["lifecycle"]["preStop"]["exec"]["command"][1])
    drain = int(MANIFESTS["config.yaml"]["data"]["LEAFRESH_DRAIN_SECONDS"])
    assert DEPLOYMENT["template"]["spec"]["terminationGracePeriodSeconds"] >= before + drain + BEHIND_SECONDS


@pytest.mark.parametrize("name", PODS)
def test_a_pod_may_do_little(name: str) -> None:
    pod = PODS[name]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/var/lib/leafresh", "/tmp"}  # noqa: S108
    assert "memory" in container["resources"]["limits"]
    assert container["image"] == WEB["image"]


@pytest.mark.parametrize("name", PODS)
def test_a_service_does_not_set_the_port(name: str) -> None:
    """Kubernetes would set LEAFRESH_PORT to tcp://…, because there is a Service named leafresh."""
    assert PODS[name]["spec"]["enableServiceLinks"] is False


def test_settings_are_settings_and_no_secret_is_real() -> None:
    config, secret = MANIFESTS["config.yaml"]["data"], MANIFESTS["secret.example.yaml"]["stringData"]
    assert set(config) <= setting_names()
    assert set(secret) <= setting_names()
    assert secret["LEAFRESH_SECRET_KEY"] == ""
    for name in ("DATABASE_URL", "REDIS_URL"):
        assert ":PASSWORD@" in secret[name]
    assert all(isinstance(value, str) for value in (*config.values(), *secret.values()))


def test_the_way_in_passes_streams_on_and_hides_metrics() -> None:
    ingress = MANIFESTS["ingress.yaml"]
    annotations = ingress["metadata"]["annotations"]
    assert annotations["nginx.ingress.kubernetes.io/proxy-buffering"] == "off"
    assert int(annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"]) > 20
    assert all(isinstance(value, str) for value in annotations.values())
    metrics, everything = ingress["spec"]["rules"][0]["http"]["paths"]
    assert (metrics["path"], metrics["backend"]["service"]["name"]) == ("/metrics", "nobody")
    assert (everything["path"], everything["backend"]["service"]["name"]) == ("/", "leafresh")
    assert ingress["spec"]["rules"][0]["host"] == MANIFESTS["config.yaml"]["data"]["LEAFRESH_ALLOWED_HOSTS"]


@pytest.mark.skipif(not shutil.which("kubectl"), reason="needs kubectl")
def test_kustomize_joins_them() -> None:
    joined = subprocess.run(
        ["kubectl", "kustomize", str(DIRECTORY)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    assert joined.returncode == 0, joined.stderr
    kinds = [manifest["kind"] for name, manifest in MANIFESTS.items() if name not in BY_HAND]
    assert all(f"kind: {kind}\n" in joined.stdout for kind in kinds), json.dumps(kinds)
