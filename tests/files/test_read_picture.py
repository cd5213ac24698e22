"""Reading: every mode becomes upright RGB, and what cannot be read is refused with file, fault and remedy."""

import io
import struct
import zlib

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from PIL import ImageCms, ImageFile

from ganonymization.errors import InputError, PictureTooLargeError
from ganonymization.files import read_picture

ORIENTATION = 0x0112
UPRIGHT = np.array([[10, 60, 110], [160, 210, 250]], np.uint8)
"""Two rows of three grey values, all different, so that every turn and flip of it differs."""

STORED = {
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.T,
    6: np.rot90(UPRIGHT),
    7: UPRIGHT[::-1, ::-1].T,
    8: np.rot90(UPRIGHT, -1),
}
"""How the file holds the picture for each orientation: EXIF 2.32, table 6, turned round by hand."""


def enlarge(grey, factor=16):
    """Blow pixels up to blocks, which JPEG keeps."""
    return np.ascontiguousarray(np.kron(grey, np.ones((factor, factor), np.uint8)))


def save(path, array, **options):
    PIL.Image.fromarray(np.ascontiguousarray(array)).save(path, **options)
    return path


def orientation_block(orientation):
    exif = PIL.Image.Exif()
    exif[ORIENTATION] = orientation
    return exif.tobytes()


def gradient(height=24, width=32):
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows * 255 // height, columns * 255 // width, (rows + columns) % 256], axis=2).astype(np.uint8)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif"])
@pytest.mark.parametrize("orientation", STORED)
def test_every_orientation_comes_out_upright(tmp_path, orientation, suffix):
    stored = enlarge(STORED[orientation])
    options = {"lossless": True} if suffix == ".webp" else {}
    if suffix == ".tif":
        options = {"tiffinfo": {ORIENTATION: orientation}}
    else:
        options |= {"exif": orientation_block(orientation)}
    path = save(tmp_path / f"turned{suffix}", np.stack([stored] * 3, axis=2), **options)

    image = read_picture(path).image

    assert image.shape == (32, 48, 3)
    np.testing.assert_allclose(image[8::16, 8::16, 0], UPRIGHT, atol=3)


def test_orientation_turns_alpha_too(tmp_path):
    rgba = np.dstack([enlarge(STORED[6])] * 4)
    path = save(tmp_path / "a.png", rgba, exif=orientation_block(6))

    picture = read_picture(path)

    np.testing.assert_array_equal(picture.alpha[8::16, 8::16], UPRIGHT)
    np.testing.assert_array_equal(picture.image[..., 0], picture.alpha)


@pytest.mark.parametrize("block", [b"MM\x00\x2a\xff\xff\xff\xff", b"no TIFF inside"])
def test_a_damaged_exif_block_does_not_stop_reading(tmp_path, block):
    path = save(tmp_path / "a.jpg", gradient(), exif=b"Exif\x00\x00" + block)

    assert read_picture(path).image.shape == (24, 32, 3)


@settings(max_examples=30)
@given(image=st_numpy.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
def test_lossless_files_give_the_pixels_they_were_made_of(tmp_path_factory, image):
    path = save(tmp_path_factory.mktemp("a") / "a.png", image)

    np.testing.assert_array_equal(read_picture(path).image, image)


def test_a_picture_of_one_pixel_is_read(tmp_path):
    picture = read_picture(save(tmp_path / "one.png", np.array([[[1, 2, 3]]], np.uint8)))

    np.testing.assert_array_equal(picture.image, [[[1, 2, 3]]])


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path):
    values = np.array([[0, 128, 257, 32768, 65535]], np.uint16)
    for name in ("a.png", "a.tif"):
        picture = read_picture(save(tmp_path / name, values))

        np.testing.assert_array_equal(picture.image[0, :, 0], [0, 0, 1, 128, 255])
        assert picture.encoding.is_grey


def test_sixteen_bit_colour_is_read(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png(2, 1, depth=16, colour=2, rows=[struct.pack(">6H", 65535, 0, 32896, 257, 514, 771)]))

    np.testing.assert_array_equal(read_picture(path).image, [[[255, 0, 128], [1, 2, 3]]])


def test_thirty_two_bit_and_float_pixels_are_refused_since_their_range_is_unknown(tmp_path):
    for name, array, message in (
        ("int.tif", np.array([[0, 70_000]], np.int32), "32-bit"),
        ("float.tif", np.zeros((2, 2), np.float32), "floating-point"),
    ):
        with pytest.raises(InputError, match=rf"{name}: holds {message} pixels .* export it"):
            read_picture(save(tmp_path / name, array))


def test_colours_that_need_a_light_to_be_seen_in_are_refused(tmp_path):
    PIL.Image.new("LAB", (2, 2)).save(tmp_path / "a.tif")

    with pytest.raises(InputError, match=r"a\.tif: holds L\*a\*b\* colours; export it as RGB"):
        read_picture(tmp_path / "a.tif")


def test_palette_with_a_transparent_entry_becomes_colour_and_alpha(tmp_path):
    image = PIL.Image.new("P", (2, 1))
    image.putpalette([200, 10, 20, 30, 40, 50])
    image.putdata([0, 1])
    image.save(tmp_path / "a.png", transparency=1)

    picture = read_picture(tmp_path / "a.png")

    np.testing.assert_array_equal(picture.image, [[[200, 10, 20], [30, 40, 50]]])
    np.testing.assert_array_equal(picture.alpha, [[255, 0]])


def test_grey_with_alpha_is_read_as_grey_with_alpha(tmp_path):
    picture = read_picture(save(tmp_path / "a.png", np.array([[[7, 9]]], np.uint8)))

    np.testing.assert_array_equal(picture.image, [[[7, 7, 7]]])
    np.testing.assert_array_equal(picture.alpha, [[9]])
    assert picture.encoding.is_grey


def test_black_and_white_is_read(tmp_path):
    PIL.Image.fromarray(np.array([[True, False]])).save(tmp_path / "a.png")

    np.testing.assert_array_equal(read_picture(tmp_path / "a.png").image[0, :, 0], [255, 0])


def test_an_opaque_picture_has_no_alpha(tmp_path):
    assert read_picture(save(tmp_path / "a.png", gradient())).alpha is None


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_cmyk_without_profile_becomes_rgb(tmp_path, name):
    inks = np.zeros((16, 16, 4), np.uint8)
    inks[..., 0] = 255
    PIL.Image.fromarray(inks, "CMYK").save(tmp_path / name, quality=95)

    image = read_picture(tmp_path / name).image

    np.testing.assert_allclose(image[8, 8], [0, 255, 255], atol=3)


def grey_ink_profile():
    """Return a CMYK profile (ICC.1:2001-04, lut8Type) by which paper is white, all inks are black, some are grey."""
    inks = b"".join(bytes([{0: 255, 15: 0}.get(corner, 119), 128, 128]) for corner in range(16))
    identity = bytes(range(256))
    matrix = struct.pack(">9I", *(65536 * (index % 4 == 0) for index in range(9)))
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + identity * 4 + inks + identity * 3
    white = b"XYZ \0\0\0\0" + struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)
    tags, data = b"", b""
    for name, content in ((b"A2B0", lut), (b"wtpt", white)):
        tags += name + struct.pack(">II", 128 + 4 + 24 + len(data), len(content))
        data += content
    size = 128 + 4 + 24 + len(data)
    header = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02400000, b"prtr", b"CMYK", b"Lab ") + b"\0" * 12 + b"acsp"
    header += b"\0" * 28 + struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)
    return header.ljust(128, b"\0") + struct.pack(">I", 2) + tags + data


def test_cmyk_is_converted_by_its_profile_and_comes_with_that_of_the_result(tmp_path):
    PIL.Image.new("CMYK", (4, 4), (255, 0, 0, 0)).save(tmp_path / "a.tif", icc_profile=grey_ink_profile())

    picture = read_picture(tmp_path / "a.tif")

    np.testing.assert_allclose(picture.image[0, 0], [111, 111, 111], atol=2)  # L* = 46.7 in sRGB
    assert picture.icc_profile[16:20] == b"RGB "


def test_cmyk_with_a_damaged_profile_is_read_without_it(tmp_path):
    PIL.Image.new("CMYK", (4, 4), (0, 255, 0, 0)).save(tmp_path / "a.tif", icc_profile=b"no profile")

    picture = read_picture(tmp_path / "a.tif")

    np.testing.assert_array_equal(picture.image[0, 0], [255, 0, 255])
    assert picture.icc_profile == b""


def test_the_colour_profile_is_read(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

    for name in ("a.jpg", "a.png", "a.webp", "a.tif"):
        assert read_picture(save(tmp_path / name, gradient(), icc_profile=profile)).icc_profile == profile


def test_of_a_multi_picture_jpeg_the_main_one_is_read(tmp_path):
    first, second = (PIL.Image.new("RGB", (16, 16), colour) for colour in ("red", "blue"))
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[second])

    picture = read_picture(tmp_path / "a.jpg")

    assert picture.image[8, 8, 0] > 250
    assert len(picture.encoding.jpeg_tables) == 2


def png(width, height, *, depth=8, colour=2, rows=()):
    """Return a PNG from its raw rows; with none of them it is a header that promises pixels."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    data = zlib.compress(b"".join(b"\x00" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def assert_refused(path, *parts, error=InputError, **options):
    with pytest.raises(error) as caught:
        read_picture(path, **options)
    for part in (str(path), *parts):
        assert part in str(caught.value)


def test_a_missing_file_is_refused(tmp_path):
    assert_refused(tmp_path / "none.jpg", "cannot be opened (No such file or directory)", "check its name")


def test_an_unreadable_file_is_refused(tmp_path, monkeypatch):
    path = save(tmp_path / "a.png", gradient())

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", refuse)
    assert_refused(path, "cannot be opened (Permission denied)", "permissions")


def test_a_folder_is_refused(tmp_path):
    assert_refused(tmp_path, "is not a file", "give a picture")


def test_a_link_to_itself_is_refused(tmp_path):
    (tmp_path / "a.jpg").symlink_to(tmp_path / "a.jpg")

    assert_refused(tmp_path / "a.jpg", "cannot be opened", "symbolic links")


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "a.jpg").touch()

    assert_refused(tmp_path / "a.jpg", "is empty", "get a whole copy")


def test_a_text_that_is_named_jpg_is_refused(tmp_path):
    (tmp_path / "a.jpg").write_text("Dear diary, " * 99)

    assert_refused(tmp_path / "a.jpg", "is no picture that can be read", "JPEG, PNG")


def test_a_format_that_runs_programs_is_not_even_tried(tmp_path):
    PIL.Image.new("RGB", (4, 4)).save(tmp_path / "a.eps")

    assert_refused(tmp_path / "a.eps", "is no picture that can be read")


def test_heic_is_named_as_what_it_is(tmp_path):
    (tmp_path / "a.heic").write_bytes(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 99)

    assert_refused(tmp_path / "a.heic", "is HEIC, which this Pillow cannot read", "convert it to JPEG")


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_a_file_that_was_cut_short_is_refused(tmp_path, format_name, kept):
    stream = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    PIL.Image.fromarray(noise).save(stream, format_name)
    path = tmp_path / "cut.jpg"
    path.write_bytes(stream.getvalue()[: int(len(stream.getvalue()) * kept)])

    assert_refused(path, "damaged")


@pytest.mark.parametrize("content", [png(50_000, 50_000), png(3, 2)])
def test_a_bomb_is_refused_before_it_is_decoded(tmp_path, monkeypatch, content):
    path = tmp_path / "bomb.png"
    path.write_bytes(content)

    def explode(_):
        raise AssertionError("decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", explode)
    limit = 5 if content == png(3, 2) else 200_000_000
    assert_refused(
        path,
        "is too large",
        f"the limit is {limit})",
        "raise --max-pixels",
        error=PictureTooLargeError,
        max_pixels=limit,
    )


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.gif", "a.tif", "a.jpg", "a.bmp"])
def test_the_limit_is_exact(tmp_path, name):
    path = save(tmp_path / name, gradient(3, 5))

    assert read_picture(path, max_pixels=15).image.shape == (3, 5, 3)
    assert_refused(path, "too large", error=PictureTooLargeError, max_pixels=14)


def test_the_limit_of_other_users_of_pillow_is_passed_over_and_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 100)
    assert read_picture(save(tmp_path / "a.png", gradient())).image.shape == (24, 32, 3)
    (tmp_path / "b.png").touch()
    assert_refused(tmp_path / "b.png", "is empty")

    assert PIL.Image.MAX_IMAGE_PIXELS == 100


def test_a_limit_that_is_not_positive_is_a_wrong_argument(tmp_path):
    with pytest.raises(ValueError, match="max_pixels is 0"):
        read_picture(tmp_path / "a.png", max_pixels=0)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png", "a.avif"])
def test_an_animation_is_no_picture(tmp_path, name):
    frames = [PIL.Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])

    assert_refused(tmp_path / name, "is animated", "as MP4, GIF or WebP")


def test_a_still_gif_is_read(tmp_path):
    PIL.Image.new("RGB", (4, 4), "red").save(tmp_path / "a.gif")

    np.testing.assert_array_equal(read_picture(tmp_path / "a.gif").image[0, 0], [255, 0, 0])


def test_a_tiff_of_several_pages_is_refused_since_only_one_would_be_kept(tmp_path):
    pages = [PIL.Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])

    assert_refused(tmp_path / "a.tif", "has several pages", "split it")


def test_a_small_copy_in_a_tiff_is_no_page(tmp_path):
    pages = [PIL.Image.new("RGB", (4, 4), "red"), PIL.Image.new("RGB", (2, 2), "blue")]
    pages[1].encoderinfo = {"tiffinfo": {254: 1}}
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])

    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").image[0, 0], [255, 0, 0])


def test_a_name_with_spaces_and_unicode_is_read(tmp_path):
    assert read_picture(save(tmp_path / "Zoë & 母 family.png", gradient())).image.shape == (24, 32, 3)
