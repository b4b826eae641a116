"""Grafana dashboards as code: `python -m dashboards.build` writes what the definitions say into files for Grafana."""
