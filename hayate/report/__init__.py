"""What a person reads of a run: report.html, and the same in report.json under stable keys."""

from hayate.report.build import build
from hayate.report.farm import farm_view
from hayate.report.models import SCHEMA_VERSION, RunReport
from hayate.report.summary import summary

__all__ = ["SCHEMA_VERSION", "RunReport", "build", "farm_view", "summary"]
