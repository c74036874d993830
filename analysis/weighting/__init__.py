"""From inclusion probabilities to final weights: non-response, calibration, trimming, diagnostics."""
