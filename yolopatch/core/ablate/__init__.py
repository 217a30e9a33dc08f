"""A grid of runs: what came out of each, the statistics over the seeds, the tables and the chart."""
