"""`insole alert test` as its users meet it, with real receivers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.stand_ins.servers.receivers import http, smtp


def tried(folder: Path, *args: str, urls: list[str] | None = None) -> subprocess.CompletedProcess[str]:
    env = os.environ | ({"INSOLE_ALERTS__URLS": json.dumps(urls)} if urls is not None else {})
    command = [sys.executable, "-m", "service.cli", "alert", "test", *args]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False, env=env)


def test_every_receiver_gets_a_marked_test_and_is_named_without_its_secret(tmp_path: Path) -> None:
    with http() as one, http() as away, smtp() as mail:
        away.status = 403
        done = tried(tmp_path, urls=[one.url, away.url, mail.url])
        assert done.returncode == 1
        well, wrong, also = done.stdout.splitlines()
        assert well == "ok    alerts.urls[0] (json://…)"
        assert wrong.startswith("fails alerts.urls[1] (json://…): it refuses (403): is the token in the URL right")
        assert also == "ok    alerts.urls[2] (mailto://…)"
        assert "s3cret" not in done.stdout + done.stderr
        assert [said.split("\n")[0] for said in one.said] == ["insole: a test"]
        assert [subject for subject, _ in mail.mails] == ["insole: a test"]
        assert "This is a test" in one.said[0]


def test_of_one_wearer_only_who_gets_those_alerts(tmp_path: Path) -> None:
    with http() as every, http() as anns, http() as bobs:
        rules = "".join(
            f'[[alerts.rule]]\nwearer = "{wearer}"\nurls = ["{server.url}"]\n'
            for wearer, server in (("ann", anns), ("bob", bobs))
        )
        (tmp_path / "insole.toml").write_text(f'[alerts]\nurls = ["{every.url}"]\n{rules}')
        assert tried(tmp_path, "--wearer", "ann").returncode == 0
        assert [len(server.messages) for server in (every, anns, bobs)] == [0, 1, 0]
        assert tried(tmp_path, "--wearer", "carl").returncode == 0
        assert [len(server.messages) for server in (every, anns, bobs)] == [1, 1, 0]
        done = tried(tmp_path)
        assert [len(server.messages) for server in (every, anns, bobs)] == [2, 2, 1]
        assert [line.split()[1] for line in done.stdout.splitlines()] == [
            "alerts.rule[0].urls[0]",
            "alerts.rule[1].urls[0]",
            "alerts.urls[0]",
        ]


def test_without_a_receiver_it_says_where_to_name_one(tmp_path: Path) -> None:
    done = tried(tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "INSOLE_ALERTS__URLS" in done.stderr
