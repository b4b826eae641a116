"""`python -m service.cli`: the command without being installed."""

from service.cli import app

if __name__ == "__main__":
    app()
