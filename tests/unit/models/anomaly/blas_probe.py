"""Prints two digests: of weights trained here, and of a plain float product. Run with OpenBLAS's variables set."""

from __future__ import annotations

import hashlib

import numpy as np

from edgewise.models.catalogue.anomaly import training
from edgewise.models.catalogue.anomaly.data import Training

draw = np.random.default_rng(0)
inputs = draw.uniform(-2, 2, size=(1024, 9))
# Two bands are anomalies: no single layer parts them.
is_anomaly = np.abs(inputs[:, 0] + inputs[:, 1]) > 1.5
settings = Training(hidden=256, epochs=2, batch=128, learning_rate=0.003, anomaly_weight=2, seed=1)
weights = training.train(inputs, is_anomaly, settings, say=lambda _: None)
trained = hashlib.sha256(b"".join(each.tobytes() for each in (*weights.matrices, *weights.biases))).hexdigest()
plain = hashlib.sha256((draw.normal(size=(300, 300)) @ draw.normal(size=(300, 300))).tobytes()).hexdigest()
print(trained, plain)
