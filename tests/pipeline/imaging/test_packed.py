"""Packed images: nothing lost, nothing half-written, nothing else read."""

import pickle
import time

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.imaging.packed import PackedImages, is_image_name, pack_images
from pipeline.support.errors import UserError

RGB = np.random.default_rng(1).integers(0, 256, (9, 7, 3), dtype=np.uint8)
GRAY = np.random.default_rng(2).integers(0, 256, (6, 8), dtype=np.uint8)


@settings(max_examples=12, deadline=None)
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=9).filter(is_image_name),
        hnp.arrays(
            np.uint8,
            st.one_of(
                st.tuples(st.integers(1, 9), st.integers(1, 9)),
                st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)),
            ),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_packing_keeps_every_pixel(tmp_path_factory, images):
    target = tmp_path_factory.mktemp("pack") / "a.h5"
    pack_images(images.items(), target)
    packed = PackedImages(target)
    assert packed.names == sorted(images)
    assert len(packed) == len(images)
    for name, image in images.items():
        assert packed.shape(name) == image.shape
        np.testing.assert_array_equal(packed[name], image)
    with h5py.File(target) as file:  # the layout that the design promises, by h5py's own reader
        for name, image in images.items():
            assert file[name].chunks is None
            np.testing.assert_array_equal(file[name][()], image)


def test_the_same_images_give_the_same_bytes(tmp_path):
    one, two = tmp_path / "one.h5", tmp_path / "two.h5"
    pack_images([("b", RGB), ("a", GRAY)], one)
    time.sleep(1.1)  # HDF5 time stamps count seconds
    pack_images([("b", RGB), ("a", GRAY)], two)
    assert one.read_bytes() == two.read_bytes()
    assert PackedImages(one).names == ["a", "b"]
    digest = PackedImages(one).digest
    assert digest == PackedImages(two).digest
    pack_images([("b", RGB), ("a", GRAY ^ 1)], two)
    assert PackedImages(two).digest != digest


def test_packed_images_travel_to_worker_processes(tmp_path):
    pack_images([("a", RGB)], tmp_path / "a.h5")
    travelled = pickle.dumps(PackedImages(tmp_path / "a.h5"))
    assert len(travelled) < 2000  # the mapped pixels stay behind
    np.testing.assert_array_equal(pickle.loads(travelled)["a"], RGB)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([("a", GRAY), ("a", RGB)], r"t\.h5: two images have the name 'a'"),
        ([], "no image"),
        *(
            ([(name, GRAY)], "cannot be the name")
            for name in ("", ".", "..", ". .", "a/b", "a\\b", "a\0b", "a\n", "\x1b[2J", "\udcff")
        ),
    ],
)
def test_packing_refuses_and_leaves_nothing(tmp_path, images, message):
    with pytest.raises(UserError, match=message):
        pack_images(images, tmp_path / "t.h5")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("pixels", [GRAY.astype(float), GRAY[:0], GRAY[0]])
def test_only_8_bit_images_are_packed(tmp_path, pixels):
    with pytest.raises(ValueError, match=r"a is a .* array of shape"):
        pack_images([("a", pixels)], tmp_path / "t.h5")
    assert not list(tmp_path.iterdir())


def test_interrupted_packing_keeps_the_old_file(tmp_path):
    pack_images([("a", RGB)], tmp_path / "a.h5")
    before = (tmp_path / "a.h5").read_bytes()

    def images():
        yield "b", RGB
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack_images(images(), tmp_path / "a.h5")
    assert (tmp_path / "a.h5").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_reader_refuses_what_is_not_packed_images(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        PackedImages(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("hello")
    with pytest.raises(UserError, match=r"text\.h5: is not a readable file"):
        PackedImages(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.create_dataset("a", data=RGB, chunks=(3, 7, 3), compression="gzip")
    with pytest.raises(UserError, match="'a' is not a contiguous uint8 dataset"):
        PackedImages(tmp_path / "other.h5")
    with h5py.File(tmp_path / "group.h5", "w") as file:
        file.create_group("a")
    with pytest.raises(UserError, match=r"group\.h5: is not a readable file"):
        PackedImages(tmp_path / "group.h5")
    pack_images([("a", RGB)], tmp_path / "a.h5")
    with pytest.raises(UserError, match=r"has no image named 'b'. It holds: a\."):
        PackedImages(tmp_path / "a.h5")["b"]
    data = (tmp_path / "a.h5").read_bytes()
    (tmp_path / "a.h5").write_bytes(data[: len(data) - 100])
    with pytest.raises(UserError, match=r"a\.h5: is not a readable file"):
        PackedImages(tmp_path / "a.h5")
