"""One sheet for a professional: a self-contained page that opens without a network and prints on A4 in gray."""

from service.review.report.sheet import report

__all__ = ["report"]
