"""Grafana dashboards as code: `python -m dashboards.build` writes one JSON file per dashboard beside this file."""
