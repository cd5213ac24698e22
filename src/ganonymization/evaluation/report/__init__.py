"""The report: one self-contained page, `results.json`, and a table for papers."""

from ganonymization.evaluation.report.write import summary, write_report

__all__ = ["summary", "write_report"]
