import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from pipeline.support.errors import UserError
from pipeline.training.patches import PatchSampler, check_pair, hold_out
from pipeline.training.settings import TrainSettings


def coordinates(height, width, scale=1):
    """An image whose pixels say where they are in LR coordinates."""
    y, x = np.mgrid[: height * scale, : width * scale] // scale
    return np.stack([y, x, 7 * y + 13 * x], axis=-1).astype(np.uint8)


def sampler(sizes=((20, 31), (40, 17)), scale=2, patch=8, seed=0, **options):
    lr = {f"i{k}": coordinates(*size) for k, size in enumerate(sizes)}
    hr = {f"i{k}": coordinates(*size, scale) for k, size in enumerate(sizes)}
    return PatchSampler(hr, lr, list(lr), scale, TrainSettings(patch=patch, **options), seed)


@given(
    scale=st.sampled_from([2, 3, 4]),
    patch=st.integers(1, 12),
    extra=st.tuples(st.integers(0, 9), st.integers(0, 9)),
    seed=st.integers(0, 2**63),
    step=st.integers(0, 2**40),
)
def test_hr_patch_shows_the_same_place_as_lr_patch(scale, patch, extra, seed, step):
    draws = sampler([(patch + extra[0], patch + extra[1])], scale, patch, seed)
    batch = draws.batch(step, range(5))
    assert batch.lr.shape == (5, patch, patch, 3)
    assert batch.lr.dtype == batch.hr.dtype == np.uint8
    np.testing.assert_array_equal(batch.hr, batch.lr.repeat(scale, axis=1).repeat(scale, axis=2))


def test_patch_is_the_crop_turned_as_drawn():
    draws = sampler()
    seen = Counter()
    for index in range(200):
        draw = draws.draw(3, index)
        image = draws.lr[draw.image]
        crop = image[draw.top : draw.top + 8, draw.left : draw.left + 8]
        # The dihedral group written out as index arithmetic: u, v are row and column of the result.
        u, v = np.mgrid[:8, :8]
        row, column = [(u, v), (v, 7 - u), (7 - u, 7 - v), (7 - v, u)][draw.turns]
        column = 7 - column if draw.flip else column
        np.testing.assert_array_equal(draws.batch(3, [index]).lr[0], crop[row, column])
        seen[draw.flip, draw.turns] += 1
    assert len(seen) == 8
    still = sampler(flips=False, rotations=False)
    assert {(d.flip, d.turns) for d in (still.draw(0, index) for index in range(50))} == {
        (False, 0)
    }


def test_images_positions_and_turns_are_uniform():
    draws = sampler([(11, 9), (30, 30), (8, 8)])
    drawn = [draws.draw(step, index) for step in range(300) for index in range(16)]
    assert chisquare(list(Counter(d.image for d in drawn).values())).pvalue > 1e-3
    assert chisquare(list(Counter((d.flip, d.turns) for d in drawn).values())).pvalue > 1e-3
    places = Counter((d.top, d.left) for d in drawn if d.image == "i0")
    assert set(places) == {(y, x) for y in range(4) for x in range(2)}
    assert chisquare(list(places.values())).pvalue > 1e-3
    assert {(d.top, d.left) for d in drawn if d.image == "i2"} == {(0, 0)}


def test_draws_of_steps_indices_and_seeds_are_independent():
    one, other = sampler([(200, 200)]), sampler([(200, 200)], seed=1)
    by_step = [one.draw(step, 0) for step in range(500)]
    by_index = [one.draw(0, index) for index in range(500)]
    by_seed = [other.draw(step, 0) for step in range(500)]
    for draws in (by_step, by_index):
        tops = np.array([draw.top for draw in draws], float)
        assert abs(np.corrcoef(tops[:-1], tops[1:])[0, 1]) < 0.15
    for first, second in ((by_step, by_index), (by_step, by_seed)):
        columns = [draw.left for draw in first], [draw.left for draw in second]
        assert abs(np.corrcoef(*columns)[0, 1]) < 0.15


def test_batch_does_not_depend_on_who_reads_it_or_when():
    whole, own = sampler().batch(11, range(8)), sampler()
    own.batch(5, range(3))  # what was read before does not matter
    parts = [own.batch(11, range(start, start + 2)) for start in (0, 2, 4, 6)]
    np.testing.assert_array_equal(whole.lr, np.concatenate([part.lr for part in parts]))
    np.testing.assert_array_equal(whole.hr, np.concatenate([part.hr for part in parts]))


def test_gray_hr_images_are_replicated():
    hr, lr = {"g": coordinates(20, 20, 2)[..., 2]}, {"g": coordinates(20, 20)}
    batch = PatchSampler(hr, lr, ["g"], 2, TrainSettings(patch=6), 0).batch(0, range(8))
    expected = batch.lr[..., 2].repeat(2, axis=1).repeat(2, axis=2)
    for channel in range(3):
        np.testing.assert_array_equal(batch.hr[..., channel], expected)


def test_images_that_cannot_be_used_are_refused_by_name():
    with pytest.raises(UserError, match=re.escape("'i1' is 30x7 LR pixels")) as caught:
        sampler([(20, 20), (7, 30)])
    assert "train.patch to at most 7" in str(caught.value)
    with pytest.raises(UserError, match=r"'x'.*do not belong together at x3"):
        check_pair("x", coordinates(10, 10, 2), coordinates(10, 10), 3)
    assert check_pair("x", coordinates(10, 9, 3)[:-1], coordinates(9, 9), 3) == (9, 9)
    with pytest.raises(UserError, match=r"validation_images is 3.*only 3 images"):
        hold_out(["a", "b", "c"], 3)


@given(st.integers(1, 60), st.data())
def test_hold_out_is_disjoint_complete_and_spread(total, data):
    names = [f"n{i:03}" for i in range(total)]
    count = data.draw(st.integers(0, total - 1))
    shuffled = data.draw(st.permutations(names))
    training, validation = hold_out(shuffled, count)
    assert (training, validation) == hold_out(names, count)
    assert sorted(training + validation) == names
    assert len(validation) == count
    gaps = np.diff([names.index(name) for name in validation])
    assert count < 2 or gaps.max() - gaps.min() <= 1
    assert count != 1 or validation == [names[total // 2]]
