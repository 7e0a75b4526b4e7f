"""What docs/performance.md and docs/evidence.md quote: resumable, and said beforehand how long it takes."""
