"""Writing: in kind, without metadata, whole or not at all, and never over an input."""

import errno
import io
import os
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from PIL import ImageCms

from ganonymization.errors import InputError, OutputError
from ganonymization.files import Metadata, Picture, read_picture, write_picture

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9))


def photo(height=48, width=64):
    """Return a smooth picture with some texture, as cameras make them."""
    rows, columns = np.mgrid[:height, :width]
    waves = 60 * np.sin(rows / 5) + 60 * np.cos(columns / 7)
    return np.stack([waves + 128, waves / 2 + 90, 200 - waves / 3], axis=2).astype(np.uint8)


def save(path, array=None, **options):
    PIL.Image.fromarray(photo() if array is None else array).save(path, **options)
    return path


def rewrite(path, name, **options):
    """Read a file and write it under another name, unchanged."""
    target = path.with_name(name)
    write_picture(read_picture(path), target, **options)
    return target


@settings(max_examples=20)
@given(data=st.data(), suffix=st.sampled_from([".png", ".tif", ".bmp", ".webp"]))
def test_lossless_formats_round_trip_every_pixel(tmp_path_factory, data, suffix):
    image = data.draw(st_numpy.arrays(np.uint8, SHAPES.map(lambda size: (*size, 3))))
    path = tmp_path_factory.mktemp("a") / f"a{suffix}"

    write_picture(Picture(image), path)

    np.testing.assert_array_equal(read_picture(path).image, image)


@settings(max_examples=20)
@given(data=st.data(), suffix=st.sampled_from([".png", ".tif"]))
def test_transparency_round_trips_and_so_do_the_colours_below_it(tmp_path_factory, data, suffix):
    size = data.draw(SHAPES)
    image = data.draw(st_numpy.arrays(np.uint8, (*size, 3)))
    alpha = data.draw(st_numpy.arrays(np.uint8, size))
    path = tmp_path_factory.mktemp("a") / f"a{suffix}"

    write_picture(Picture(image, alpha=alpha), path)

    again = read_picture(path)
    np.testing.assert_array_equal(again.image, image)
    np.testing.assert_array_equal(again.alpha, alpha)


def test_transparency_lies_on_white_where_the_format_has_none(tmp_path):
    alpha = np.zeros((16, 32), np.uint8)
    alpha[:, 16:] = 255

    write_picture(Picture(np.full((16, 32, 3), 40, np.uint8), alpha=alpha), tmp_path / "a.jpg")

    image = read_picture(tmp_path / "a.jpg").image
    np.testing.assert_allclose(image[8, [4, 28], 0], [255, 40], atol=2)


@pytest.mark.parametrize("quality", [30, 75, 92, 100])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_a_jpeg_keeps_its_quantization_tables_and_subsampling(tmp_path, quality, subsampling):
    source = save(tmp_path / "a.jpg", quality=quality, subsampling=subsampling)

    written = rewrite(source, "b.jpg")

    with PIL.Image.open(source) as before, PIL.Image.open(written) as after:
        assert after.quantization == before.quantization
        assert after.layer == before.layer
    assert written.stat().st_size == pytest.approx(source.stat().st_size, rel=0.05)


def test_a_grey_jpeg_stays_grey_with_its_table(tmp_path):
    source = save(tmp_path / "a.jpg", photo()[..., 0], quality=60)

    written = rewrite(source, "b.jpg")

    with PIL.Image.open(source) as before, PIL.Image.open(written) as after:
        assert after.mode == "L"
        assert after.quantization == before.quantization


def test_a_cmyk_jpeg_becomes_an_rgb_jpeg(tmp_path):
    PIL.Image.new("CMYK", (16, 16), (0, 255, 0, 0)).save(tmp_path / "a.jpg", quality=90)

    with PIL.Image.open(rewrite(tmp_path / "a.jpg", "b.jpg")) as after:
        assert after.mode == "RGB"
        np.testing.assert_allclose(after.getpixel((8, 8)), [255, 0, 255], atol=4)


def test_grey_pixels_are_written_as_they_are(tmp_path):
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    source = save(tmp_path / "a.png", grey)

    with PIL.Image.open(rewrite(source, "b.png")) as after:
        assert after.mode == "L"
        np.testing.assert_array_equal(np.asarray(after), grey)


def test_what_is_no_jpeg_becomes_a_good_jpeg(tmp_path):
    written = rewrite(save(tmp_path / "a.png"), "a.jpg")

    np.testing.assert_allclose(read_picture(written).image.astype(int), photo(), atol=12)


@pytest.mark.parametrize(("options", "is_exact"), [({"lossless": True}, True), ({"quality": 60}, False)])
def test_a_webp_stays_lossless_or_not(tmp_path, options, is_exact):
    source = save(tmp_path / "a.webp", icc_profile=PROFILE, **options)

    written = rewrite(source, "b.webp")

    assert np.array_equal(read_picture(written).image, read_picture(source).image) == is_exact
    assert read_picture(written).encoding.is_lossless == is_exact


@pytest.mark.parametrize(
    ("before", "after"),
    [("raw", "raw"), ("tiff_lzw", "tiff_lzw"), ("packbits", "packbits"), ("jpeg", "tiff_adobe_deflate")],
)
def test_a_tiff_keeps_its_compression_if_that_is_lossless(tmp_path, before, after):
    source = save(tmp_path / "a.tif", compression=before)

    written = rewrite(source, "b.tif")

    with PIL.Image.open(written) as image:
        assert image.info["compression"] == after
    np.testing.assert_array_equal(read_picture(written).image, read_picture(source).image)


@pytest.mark.parametrize("suffix", [".avif", ".gif", ".bmp", ".jfif", ".JPEG"])
def test_other_formats_are_written_near_the_source(tmp_path, suffix):
    source = save(tmp_path / f"a{suffix}")

    written = rewrite(source, f"b{suffix}")

    difference = read_picture(written).image.astype(float) - read_picture(source).image
    assert np.abs(difference).mean() < 3


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".avif"])
@pytest.mark.parametrize("metadata", list(Metadata))
def test_the_colour_profile_is_always_kept(tmp_path, suffix, metadata):
    written = rewrite(save(tmp_path / f"a{suffix}", icc_profile=PROFILE), f"b{suffix}", metadata=metadata)

    assert read_picture(written).icc_profile == PROFILE


def test_a_picture_takes_pixels_of_its_own_size_only():
    picture = Picture(photo())

    assert picture.with_image(photo() // 2).image[0, 0, 0] == photo()[0, 0, 0] // 2
    with pytest.raises(ValueError, match=r"\(2, 2, 3\); it must be \(48, 64, 3\)"):
        picture.with_image(np.zeros((2, 2, 3), np.uint8))


def test_missing_folders_are_made(tmp_path):
    write_picture(Picture(photo()), tmp_path / "new" / "deep" / "a.png")

    assert read_picture(tmp_path / "new" / "deep" / "a.png").image.shape == (48, 64, 3)


def test_a_name_with_spaces_and_unicode_is_written(tmp_path):
    write_picture(Picture(photo()), tmp_path / "Zoë & 母 family.png")

    assert [path.name for path in tmp_path.iterdir()] == ["Zoë & 母 family.png"]


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "other").touch()
    write_picture(Picture(photo()), tmp_path / "a.png")

    assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "other").stat().st_mode
    assert (tmp_path / "a.png").stat().st_nlink == 1


def content(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def assert_refused(picture, path, *parts, error=OutputError, **options):
    """Assert that writing fails with a message of these parts, and that the folder stays as it is."""
    before = content(path.parent)
    with pytest.raises(error) as caught:
        write_picture(picture, path, **options)
    for part in parts:
        assert part in str(caught.value)
    assert content(path.parent) == before


def test_an_existing_file_is_refused_without_overwrite_and_replaced_with_it(tmp_path):
    path = save(tmp_path / "a.png", np.zeros((4, 4, 3), np.uint8))

    assert_refused(Picture(photo()), path, str(path), "exists already", "--overwrite")

    write_picture(Picture(photo()), path, overwrite=True)
    np.testing.assert_array_equal(read_picture(path).image, photo())
    assert len(content(tmp_path)) == 1


@pytest.mark.parametrize("overwrite", [False, True])
def test_the_input_itself_is_refused_by_every_name(tmp_path, overwrite):
    source = save(tmp_path / "a.png")
    (tmp_path / "soft.png").symlink_to(source)
    (tmp_path / "hard.png").hardlink_to(source)
    (tmp_path / "folder").symlink_to(tmp_path)
    picture = read_picture(source)

    for name in ("a.png", "soft.png", "hard.png", "folder/a.png", "folder/folder/a.png"):
        assert_refused(picture, tmp_path / name, "is the input itself", "take another name", overwrite=overwrite)


def test_an_input_that_was_read_through_a_link_is_refused_by_its_own_name(tmp_path):
    source = save(tmp_path / "a.png")
    (tmp_path / "soft.png").symlink_to(source)

    assert_refused(read_picture(tmp_path / "soft.png"), source, "is the input itself", overwrite=True)


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path):
    (tmp_path / "a.png").symlink_to(tmp_path / "elsewhere.png")

    assert_refused(Picture(photo()), tmp_path / "a.png", "exists already")
    assert not (tmp_path / "elsewhere.png").exists()


def test_a_folder_is_refused(tmp_path):
    (tmp_path / "a.png").mkdir()

    assert_refused(Picture(photo()), tmp_path / "a.png", "it is a folder", overwrite=True)


@pytest.mark.parametrize("name", ["a", "a.xyz", "a.jpg.txt"])
def test_a_suffix_that_names_no_format_is_refused(tmp_path, name):
    assert_refused(Picture(photo()), tmp_path / name, "names no picture format", ".jpg")


def test_a_format_that_pillow_cannot_write_is_refused(tmp_path, monkeypatch):
    PIL.Image.init()
    monkeypatch.delitem(PIL.Image.SAVE, "HEIF", raising=False)

    assert_refused(Picture(photo()), tmp_path / "a.heic", "HEIF cannot be written", ".jpg")


def test_a_picture_that_its_format_cannot_hold_is_refused(tmp_path):
    wide = Picture(np.zeros((1, 70_000, 3), np.uint8))

    for name, format_name in (("a.jpg", "JPEG"), ("a.webp", "WEBP")):
        assert_refused(wide, tmp_path / name, f"cannot be encoded as {format_name}", ".png")


def test_damaged_metadata_that_is_to_be_kept_is_an_error_and_no_file(tmp_path):
    source = save(tmp_path / "a.jpg", exif=b"Exif\x00\x00no TIFF inside")
    picture = read_picture(source)

    assert_refused(
        picture,
        tmp_path / "b.jpg",
        str(source),
        "EXIF block is damaged",
        "--metadata none",
        error=InputError,
        metadata=Metadata.ALL,
    )
    write_picture(picture, tmp_path / "b.jpg")


@pytest.mark.parametrize(
    ("number", "fault", "remedy"),
    [
        (errno.ENOSPC, "No space left on device", "free some space"),
        (errno.EROFS, "Read-only file system", "another folder"),
        (errno.EACCES, "Permission denied", "permissions"),
    ],
)
def test_a_disk_that_takes_no_file_leaves_an_error_and_nothing_else(tmp_path, monkeypatch, number, fault, remedy):
    """The operating system is played: tests may run as root, whom no permission stops."""

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    assert_refused(Picture(photo()), tmp_path / "a.png", str(tmp_path / "a.png"), fault, remedy)
    monkeypatch.setattr(Path, "open", refuse)
    assert_refused(Picture(photo()), tmp_path / "a.png", str(tmp_path / "a.png"), fault, remedy)


def test_a_really_full_disk_leaves_an_error_and_nothing_else(small_disk):
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    save(small_disk / "old.png", photo(8, 8))

    assert_refused(Picture(noise), small_disk / "a.png", "No space left on device", "free some space")
    assert_refused(Picture(noise), small_disk / "old.png", "No space left on device", overwrite=True)


def test_a_really_read_only_disk_leaves_an_error_and_nothing_else(read_only_disk):
    assert_refused(Picture(photo()), read_only_disk / "a.png", "Read-only file system", "another folder")
    assert_refused(Picture(photo()), read_only_disk / "b.png", "Read-only file system")


def test_encoding_goes_to_memory_first(tmp_path, monkeypatch):
    """An encoder that fails midway has not touched the disk."""

    def fail(*_, **__):
        raise OSError("encoder error -2")

    monkeypatch.setattr(PIL.Image.Image, "save", fail)
    assert_refused(Picture(photo()), tmp_path / "a.png", "cannot be encoded as PNG (encoder error -2)")


def test_nothing_but_the_picture_is_in_the_file(tmp_path):
    """The bytes are those of a picture that never had a name, a camera or a comment."""
    stream = io.BytesIO()
    exif = PIL.Image.Exif()
    exif[0x010E] = "Anna, at home"
    PIL.Image.fromarray(photo()).save(
        stream, "JPEG", quality=80, comment=b"Anna", exif=exif, xmp=b"<x:xmpmeta>Anna</x:xmpmeta>", dpi=(300, 300)
    )
    (tmp_path / "a.jpg").write_bytes(stream.getvalue())

    written = rewrite(tmp_path / "a.jpg", "b.jpg")

    with PIL.Image.open(written) as image:
        assert set(image.info) == {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"Anna" in stream.getvalue()
    assert b"Anna" not in written.read_bytes()
