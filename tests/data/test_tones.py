"""Made tones against what their labels say."""

from itertools import groupby, pairwise

import numpy as np

from mlblog.data.tones import FEATURES, TONES, make_tones


def test_labels_are_what_sounds() -> None:
    tones = make_tones(200, shortest=2, longest=5, noise=0.0, seed=3)
    patterns = np.zeros((TONES + 1, FEATURES), dtype=np.float32)
    for truth, label, sound, frames, length in zip(
        tones.truth, tones.labels, tones.sound, tones.frames, tones.lengths, strict=True
    ):
        runs = [(symbol, len(list(run))) for symbol, run in groupby(truth[:frames])]
        assert [symbol for symbol, _ in runs if symbol] == label[:length].tolist()
        assert runs[0][0] == 0, "a pause comes first, and before every tone"
        assert all(a[0] == 0 or b[0] == 0 for a, b in pairwise(runs))
        assert {count for symbol, count in runs if symbol} <= {2, 3, 4, 5}
        assert not truth[frames:].any()
        assert not label[length:].any()
        for symbol, frame in zip(truth, sound, strict=True):
            known = patterns[symbol]
            assert not known.any() or np.array_equal(known, frame)
            patterns[symbol] = frame
    assert np.linalg.norm(patterns, axis=1).round(5).tolist() == [0.0] + [2.0] * TONES
    assert {len(set(column.tolist())) for column in (tones.lengths, tones.labels[:, 0])} == {4, TONES}


def test_equal_seeds_give_equal_tones_and_noise_is_as_large_as_said() -> None:
    one, same, other = (make_tones(50, noise=0.5, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.sound, same.sound)
    assert one.labels.tolist() != other.labels.tolist()
    silent = one.sound[one.truth == 0]
    assert abs(silent.std() - 0.5) < 0.01
