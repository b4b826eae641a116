"""The pages, the JSON API and the live stream, behind one gate."""

from service.web.app import create_app
from service.web.security import LOOPBACK

__all__ = ["LOOPBACK", "create_app"]
