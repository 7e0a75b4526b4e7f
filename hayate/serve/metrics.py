"""What Prometheus reads at /metrics. Names are documented in docs/service.md."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)


class Metrics:
    """One registry per server, so that two in one process don't mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.requests = Counter(
            "hayate_requests_total", "HTTP requests", ["method", "route", "status"], registry=r
        )
        self.refused = Counter("hayate_refused_total", "Refused requests", ["kind"], registry=r)
        self.submitted = Counter(
            "hayate_jobs_submitted_total", "Jobs queued, without repeats", ["kind"], registry=r
        )
        self.repeated = Counter(
            "hayate_jobs_repeated_total", "Submissions of a job that was there", ["kind"], registry=r
        )
        self.ended = Counter("hayate_jobs_ended_total", "Jobs that ended", ["kind", "state"], registry=r)
        self.requeued = Counter(
            "hayate_jobs_requeued_total", "Jobs queued again after their server died", registry=r
        )
        self.gave_way = Counter(
            "hayate_jobs_gave_way_total", "Jobs queued again since another token's waited", registry=r
        )
        self.run_s = Histogram(
            "hayate_job_run_seconds", "From start to end", ["kind"], buckets=_SECONDS, registry=r
        )
        self.wait_s = Histogram(
            "hayate_job_wait_seconds", "From submission to start", ["kind"], buckets=_SECONDS, registry=r
        )
        self.jobs = Gauge("hayate_jobs", "Jobs in the database", ["kind", "state"], registry=r)
        self.draining = Gauge("hayate_draining", "1 while the server drains", registry=r)
        self.info = Gauge(
            "hayate_info", "Always 1", ["version", "judge_version", "host_class", "sandbox"], registry=r
        )

    def text(self, counts: dict[tuple[str, str], int], *, draining: bool) -> bytes:
        """In Prometheus' text format. `counts`: (kind, state) -> jobs."""
        self.jobs.clear()
        for (kind, state), number in counts.items():
            self.jobs.labels(kind, state).set(number)
        self.draining.set(draining)
        return generate_latest(self.registry)
