# SPDX-License-Identifier: Apache-2.0
"""A study on a Dask cluster that knows its members by certificates, and hides what they say."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from evoarray.evolution.studies.store import StudyStore
from tests.conftest import ROOT

SPEC = 'kind = "networks"\nruns = 4\n[options]\ngenerations = 2\n[grid]\nseed = [1]\n'

CLUSTER = """
import sys
from distributed import LocalCluster
from distributed.security import Security
cluster = LocalCluster(
    n_workers=1, threads_per_worker=1, processes=False, protocol="tls://", security=Security(),
    dashboard_address=None,
)
print(cluster.scheduler_address, flush=True)
sys.stdin.read()
"""


def certified(folder: Path, name: str) -> Mapping[str, str]:
    """Make an authority and a certificate by it; return Dask's environment for a member."""
    files = {each: folder / f"{name}-{each}.pem" for each in ("ca", "ca-key", "cert", "key")}
    request, how = folder / f"{name}.csr", ("-newkey", "rsa:2048", "-nodes", "-subj")
    for command in (
        ("req", "-x509", *how, f"/CN={name}-ca", "-keyout", files["ca-key"], "-out", files["ca"]),
        ("req", *how, f"/CN={name}", "-keyout", files["key"], "-out", request),
        (
            *("x509", "-req", "-in", request, "-CA", files["ca"], "-CAkey", files["ca-key"]),
            *("-CAcreateserial", "-out", files["cert"]),
        ),
    ):
        subprocess.run(["openssl", *command], check=True, capture_output=True)
    prefix = "DASK_DISTRIBUTED__COMM__"
    members = {
        f"{prefix}TLS__{role}__{what.upper()}": str(files[what])
        for role in ("SCHEDULER", "WORKER", "CLIENT")
        for what in ("cert", "key")
    }
    encryption = {f"{prefix}REQUIRE_ENCRYPTION": "true"}
    return {**members, **encryption, f"{prefix}TLS__CA_FILE": str(files["ca"])}


@contextmanager
def cluster(environment: Mapping[str, str]) -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-c", CLUSTER],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as started:
        assert started.stdout
        yield started.stdout.readline().strip()
        started.kill()


def test_certificates_are_those_of_dask_s_configuration(tmp_path: Path) -> None:
    ours, theirs = (certified(tmp_path, name) for name in ("ours", "theirs"))
    (tmp_path / "spec.toml").write_text(SPEC, encoding="utf-8")
    with cluster(ours) as address:
        assert address.startswith("tls://")

        def study(folder: str, address: str, environment: Mapping[str, str]) -> tuple[int, str]:
            command = ["study", "spec.toml", "-o", folder, "--cluster", address]
            ended = subprocess.run(
                [sys.executable, "-m", "evoarray", *command],
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
                capture_output=True,
                text=True,
                check=False,
            )
            return ended.returncode, ended.stderr

        plain = address.replace("tls", "tcp")
        lost = {**ours, "DASK_DISTRIBUTED__COMM__TLS__CA_FILE": "nowhere.pem"}
        for folder, where, environment, says in (
            ("none", address, {}, f"the cluster {address} needs certificates: name them in Dask's"),
            ("foreign", address, theirs, f"cannot reach the cluster {address}: "),
            ("lost", address, lost, f"cannot reach the cluster {address}: "),
            ("plain", plain, {}, f"cannot reach the cluster {plain}: "),
            ("required", plain, ours, "Dask's configuration requires encryption, and the cluster"),
        ):
            status, said = study(folder, where, environment)
            assert status == 2, said
            assert said.startswith(f"evoarray: {says}")
            assert len(said.splitlines()) == 1, said
        assert study("done", address, ours) == (0, "")
    with StudyStore(tmp_path / "done", writes=False) as store:
        assert len(store.results().good) == 4


@pytest.mark.parametrize("address", ["tls://host", "https://host:1", "host:8786"])
def test_addresses(tmp_path: Path, address: str) -> None:
    (tmp_path / "spec.toml").write_text(SPEC, encoding="utf-8")
    command = ["study", "spec.toml", "-o", "study", "--cluster", address]
    ended = subprocess.run(
        [sys.executable, "-m", "evoarray", *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "it must look like tcp://HOST:8786 or tls://HOST:8786" in ended.stderr
