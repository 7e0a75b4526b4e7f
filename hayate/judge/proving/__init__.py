"""What proves a task folder beside the judge itself: its oracle, bound and inputs, its bands, its variants."""
