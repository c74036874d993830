"""When figures may change, and the jobs that change them: running releases, and frozen publications."""
